"""How an event went: every type says it, once."""

import pytest

from service.contracts.events import OUTCOMES, OUTCOMES_BY_REASON, EventType, Outcome, outcome_of
from service.domain.sessions import EndReason


def test_every_type_has_an_outcome() -> None:
    """A new type needs a line in the table."""
    assert set(OUTCOMES) == set(EventType)


def test_a_reason_only_stands_where_it_says_something_else() -> None:
    """Else the line in the table of types would do."""
    told = [(kind, went) for kind, by in OUTCOMES_BY_REASON.items() for went in by.values()]

    assert told
    assert [kind for kind, went in told if went is OUTCOMES[kind]] == []


def test_the_reasons_of_ends_are_reasons_of_ends() -> None:
    """A misspelt reason would decide nothing."""
    assert set(OUTCOMES_BY_REASON[EventType.SESSION_ENDED]) <= set(EndReason)


@pytest.mark.parametrize(
    ("kind", "reason", "went"),
    [
        ("login.succeeded", None, Outcome.SUCCESS),
        ("login.failed", "wrong_password", Outcome.FAILURE),
        ("mfa.challenged", None, Outcome.NEUTRAL),
        ("session.ended", "logout", Outcome.SUCCESS),
        ("session.ended", None, Outcome.SUCCESS),
        ("session.ended", "aborted", Outcome.FAILURE),
        ("session.expired", "idle_timeout", Outcome.NEUTRAL),
        ("moon.landed", None, Outcome.NEUTRAL),
    ],
)
def test_how_it_went(kind: str, reason: str | None, went: Outcome) -> None:
    """By its type, or its reason; a type of a newer release is not guessed at."""
    assert outcome_of(kind, reason) is went
