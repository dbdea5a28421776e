"""service/domain/timeline.py: sentences that a support desk can read out."""

from typing import Any

import pytest

from service.contracts.events import EventType
from service.domain.sessions import EndReason
from service.domain.timeline import CAUSES, ENDED, ENDS, SAYS, SIGN_IN, USES, folded, told

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


def row(kind: str, minute: int = 0, **given: Any) -> dict[str, Any]:
    return {
        "occurred_at": f"2026-11-23T08:{minute:02d}:00.000Z",
        "type": kind,
        "outcome": "success",
        "ip": None,
        "user_agent": None,
        "generation": None,
        "actor_id": None,
        "reason": None,
        "data": {},
        **given,
    }


def test_every_end_has_its_sentence() -> None:
    """No session ends for a reason that nobody is told; no two reasons sound the same."""
    assert set(ENDED) == set(EndReason)
    assert len(set(ENDED.values())) == len(ENDED)
    assert set(SAYS) | {*SIGN_IN, *CAUSES, *ENDS, *USES} <= set(EventType)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(
            row("login.succeeded", ip="192.0.2.7", user_agent=CHROME, data={"amr": "pwd otp"}),
            "Signed in by pwd, otp on Chrome on Linux from 192.0.2.7.",
            id="a sign-in",
        ),
        pytest.param(
            row("login.succeeded", data={"amr": "pwd", "device": "Ada's phone"}),
            "Signed in by pwd on Ada's phone.",
            id="a device with a name",
        ),
        pytest.param(
            row("mfa.failed", reason="wrong_code"),
            "A second factor was refused: wrong code.",
            id="a reason",
        ),
        pytest.param(
            row("session.ended", reason="revoked_admin"),
            "Ended by an administrator.",
            id="an end",
        ),
        pytest.param(
            row("user.disabled", data={"why": "ticket 4711"}),
            'An administrator disabled the account. The reason given: "ticket 4711".',
            id="the reason an administrator gave",
        ),
        pytest.param(row("session.ended", reason="new"), "Ended: new.", id="an end to come"),
        pytest.param(row("comet.has_struck"), "Comet has struck.", id="an event to come"),
        pytest.param(
            row("login.failed", reason="{x}", data={"device": "{0}"}),
            "A sign-in to this account failed on {0}: {x}.",
            id="braces are letters",
        ),
    ],
)
def test_a_sentence(given: dict[str, Any], says: str) -> None:
    """Plain English with what is known, and nothing of what is not."""
    assert told(given).says == says


def test_many_uses_in_a_row_are_one_line() -> None:
    """From one place; what is from another, or is no use, stands by itself."""
    at_home = {"ip": "192.0.2.7", "user_agent": CHROME}
    rows = [
        row("login.succeeded", 0, **at_home),
        *(row("token.refreshed", n, generation=n, **at_home) for n in range(1, 6)),
        row("session.used", 6),
        *(row("token.refreshed", n, generation=n, ip="198.51.100.1") for n in (7, 8)),
        row("session.ended", 9, reason="logout"),
    ]
    lines = list(folded(told(each) for each in rows))

    assert [line.type for line in lines] == [
        "login.succeeded",
        "token.refreshed",
        "token.refreshed",
        "token.refreshed",
        "session.ended",
    ]
    home = lines[1]
    assert (home.times, home.until, home.generation) == (6, "2026-11-23T08:06:00.000Z", 5)
    assert home.says == (
        "In use: refreshed 5 times between 2026-11-23 08:01 and 2026-11-23 08:06 UTC "
        "on Chrome on Linux from 192.0.2.7."
    )
    assert [line.ip for line in lines[2:4]] == ["198.51.100.1"] * 2


def test_few_uses_stay_as_they_are() -> None:
    """Three lines read faster than a sentence about three lines."""
    rows = [row("token.refreshed", n) for n in range(3)]

    assert [line.times for line in folded(told(each) for each in rows)] == [1, 1, 1]
