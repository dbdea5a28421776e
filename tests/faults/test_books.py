"""The books notice what the suite is there to notice."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.books import Damage, reconcile
from tests.faults.journal import Journal, Told

STOLEN = SimpleNamespace(type="token.reuse_detected", session_id="s", request_id="", generation=1)


def event(kind: str, request_id: str, generation: int | None = None) -> SimpleNamespace:
    return SimpleNamespace(type=kind, request_id=request_id, session_id="s", generation=generation)


GOOD = [event("login.succeeded", "a", 1), event("token.refreshed", "b", 2)]
END = event("session.ended", "c")


def told() -> Journal:
    """Somebody signed in and refreshed."""
    return Journal(told=[Told("a", "s", 1, 9.9, 10.0), Told("b", "s", 2, 10.9, 11.0)])


def broken(
    audit: list[Any],
    *,
    reason: str | None = None,
    ended: bool = False,
    damage: Damage | None = None,
) -> list[str]:
    journal = told()
    if ended:
        journal.end("s", applied=True)
    rows = [SimpleNamespace(id="s", end_reason=reason)]
    return reconcile(journal, audit, rows, damage or Damage())


def test_balanced() -> None:
    """Nothing to complain of, alive or ended."""
    assert broken(GOOD) == []
    assert broken([*GOOD, END], reason="logout", ended=True) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"audit": GOOD[:1]}, "no event of", id="an event is missing"),
        pytest.param(
            {"audit": [*GOOD, GOOD[1]]}, "2 events of request b", id="an event is there twice"
        ),
        pytest.param(
            {"audit": [*GOOD, event("token.refreshed", "d", 2)]},
            "2 events of rotation",
            id="a generation was made twice",
        ),
        pytest.param(
            {"audit": GOOD, "reason": "token_reuse"}, "did nothing wrong", id="signed out"
        ),
        pytest.param(
            {"audit": GOOD, "reason": "logout", "ended": True},
            "0 events of its end",
            id="an end without its event",
        ),
        pytest.param(
            {"audit": [*GOOD, END, END], "reason": "logout", "ended": True},
            "2 events of its end",
            id="an end told twice",
        ),
        pytest.param({"audit": GOOD, "ended": True}, "its row says None", id="an end undone"),
        pytest.param(
            {"audit": [*GOOD, STOLEN]}, "nobody stole anything", id="an owner taken for a thief"
        ),
    ],
)
def test_unbalanced(given: dict[str, Any], words: str) -> None:
    """Each broken promise is said in words."""
    assert words in "; ".join(broken(**given))


def test_only_what_was_destroyed_may_be_missing() -> None:
    """By its request, or by when it was acknowledged."""
    assert broken(GOOD[:1], damage=Damage(requests=frozenset({"b"}))) == []
    assert broken(GOOD[:1], damage=Damage(since=10.5, until=12.0)) == []
    assert broken(GOOD[:1], damage=Damage(since=10.5, until=10.95)) == []
    assert broken(GOOD[:1], damage=Damage(since=10.5, until=10.8))
    assert broken(GOOD[:1], damage=Damage(requests=frozenset({"a"})))
    assert broken(GOOD[1:], damage=Damage(since=10.5, until=12.0))


@pytest.mark.parametrize(
    ("applied", "degraded", "late", "wrong"),
    [
        (True, False, 0.1, True),
        (True, True, 0.1, False),
        (False, False, 0.1, False),
        (True, True, 60.0, True),
        (False, False, 60.0, True),
    ],
)
def test_dead_tokens(applied: bool, degraded: bool, late: float, wrong: bool) -> None:
    """Never after a 204; for a moment while either answer was given without Redis."""
    journal = told()
    journal.end("s", applied=applied)
    sent = journal.ended["s"].at + late

    journal.accepted_dead("me", "s", sent=sent, degraded=degraded)
    assert bool(journal.wrongs) == wrong
