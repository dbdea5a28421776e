"""When a webhook is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from service.domain.webhook_tries import DELAYS, GIVE_UP, LONGEST_PAUSE, next_delay, pause

NOW_MS = 1_789_000_000_000
NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)


def test_the_schedule() -> None:
    """Ten tries over three days; the last comes after an endpoint may be disabled."""
    assert sum(DELAYS, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    assert [next_delay(n, 0.0) for n in range(1, 11)] == [*DELAYS, None]
    assert sum(DELAYS, timedelta()) > GIVE_UP


@pytest.mark.parametrize("tries", range(1, 10))
def test_jitter(tries: int) -> None:
    """Later, never earlier, by a tenth at most."""
    assert next_delay(tries, 1.0) == DELAYS[tries - 1] * 1.1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param("30", timedelta(seconds=30), id="seconds"),
        pytest.param(" 30 ", timedelta(seconds=30), id="seconds with spaces"),
        pytest.param("0", None, id="no time"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1e9", None, id="no number"),
        pytest.param("٣٠", None, id="digits of another script"),
        pytest.param("9" * 400, LONGEST_PAUSE, id="longer than the world"),
        pytest.param(f"{NOW + timedelta(minutes=2):%a, %d %b %Y %H:%M:%S GMT}",
                     timedelta(minutes=2), id="a date"),
        pytest.param("Mon, 01 Jan 2001 00:00:00 GMT", None, id="a date that is over"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE, id="a date far away"),
        pytest.param("Fri, 31 Dec 99999999999 23:59:59 GMT", None, id="a year that no date has"),
        pytest.param("soon", None, id="words"),
        pytest.param("", None, id="empty"),
    ],
)  # fmt: skip
def test_retry_after(asked: str | None, expected: timedelta | None) -> None:
    """The word of a stranger: understood as RFC 9110 has it, and bounded."""
    assert pause(asked, NOW_MS) == expected
