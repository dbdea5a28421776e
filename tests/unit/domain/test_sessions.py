"""How long a session lives, to the millisecond."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.sessions import EndReason, SessionPolicy

IDLE, MAX = 1_000, 5_000
POLICY = SessionPolicy(
    access_ttl=timedelta(milliseconds=100),
    idle_ttl=timedelta(milliseconds=IDLE),
    max_ttl=timedelta(milliseconds=MAX),
    replay_window=timedelta(milliseconds=10),
)

instants = st.integers(0, 20_000)


@pytest.mark.parametrize(
    ("last_used_ms", "now_ms", "why"),
    [
        pytest.param(0, 0, None, id="just begun: alive"),
        pytest.param(0, IDLE - 1, None, id="a millisecond before it was idle too long: alive"),
        pytest.param(0, IDLE, EndReason.IDLE_TIMEOUT, id="idle for exactly the limit: over"),
        pytest.param(500, IDLE, None, id="used in between: alive"),
        pytest.param(MAX - 1, MAX - 1, None, id="a millisecond before its greatest age: alive"),
        pytest.param(MAX - 1, MAX, EndReason.ABSOLUTE_TIMEOUT, id="at its greatest age: over"),
        pytest.param(0, MAX, EndReason.ABSOLUTE_TIMEOUT, id="both: over for its age"),
        pytest.param(10, 0, None, id="used by a clock that is ahead: alive"),
    ],
)
def test_when_a_session_is_over_and_why(
    last_used_ms: int, now_ms: int, why: EndReason | None
) -> None:
    """Limits include their last millisecond; age counts before idleness."""
    assert POLICY.over(created_ms=0, last_used_ms=last_used_ms, now_ms=now_ms) is why


@given(instants, instants, instants)
def test_a_session_is_over_exactly_when_it_expires(
    created_ms: int, last_used_ms: int, now_ms: int
) -> None:
    """What clients are told as expires_at is what the rule does."""
    expires_ms = POLICY.expires_ms(created_ms=created_ms, last_used_ms=last_used_ms)
    over = POLICY.over(created_ms=created_ms, last_used_ms=last_used_ms, now_ms=now_ms)

    assert (over is not None) is (now_ms >= expires_ms)


@given(instants, instants, instants)
def test_using_a_session_never_shortens_it(created_ms: int, used_ms: int, later_ms: int) -> None:
    """Nor does any use carry it past its greatest age."""
    first = POLICY.expires_ms(created_ms=created_ms, last_used_ms=used_ms)
    second = POLICY.expires_ms(created_ms=created_ms, last_used_ms=used_ms + later_ms)

    assert first <= second <= created_ms + MAX


def test_every_reason_fits_its_column() -> None:
    """`sessions.end_reason` holds 20 characters."""
    assert max(len(reason) for reason in EndReason) <= 20
