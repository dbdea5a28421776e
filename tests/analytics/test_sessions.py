"""Concurrency, lengths and refreshes of sessions: tiny cases with known answers."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.analytics.conftest import NOW, Facts

DAY = ("2026-11-10", "2026-11-11")


async def test_ends_come_first_at_a_tie(facts: Facts) -> None:
    """One session ends as another begins: never two at once. Average: seconds over the window's."""
    await facts.session("ada", "2026-11-10T06:00Z", "2026-11-10T12:00Z")
    await facts.session("bob", "2026-11-10T12:00Z", "2026-11-10T18:00Z")
    await facts.refresh()
    assert await facts.ask("open_sessions", *DAY) == [["2026-11-10", 1, 0.5]]


async def test_open_sessions_reach_over_days(facts: Facts) -> None:
    """One that began long before, one without an end, one of no length, one of a test account."""
    await facts.session("ada", "2026-11-01T06:00Z", "2026-11-10T12:00Z")
    await facts.session("bob", "2026-11-10T00:00Z")
    await facts.session("eve", "2026-11-10T05:00Z", "2026-11-10T05:00Z")
    await facts.session("tim", "2026-11-10T00:00Z", is_test=True)
    await facts.event("login.succeeded", "2026-11-01T06:00Z", "ada")
    await facts.refresh()
    assert await facts.ask("open_sessions", *DAY) == [["2026-11-10", 2, 1.5]]
    assert await facts.ask("open_sessions", *DAY, tz="Asia/Kathmandu") == [
        ["2026-11-10", 2, (17.75 + 18.25) / 24]
    ]


async def test_concurrency_as_a_plain_recount_has_it(facts: Facts) -> None:
    """Random sessions; peaks and averages of each quarter of an hour, and of local days."""
    chance, begin = Random(3), datetime(2026, 11, 8, tzinfo=UTC)  # noqa: S311
    spans = []
    for number in range(150):
        first = begin + timedelta(minutes=chance.randrange(3 * 1440))
        last = first + timedelta(minutes=chance.randrange(1, 900))
        spans.append((first, last))
        await facts.session(f"p{number}", first, last)
        await facts.event("login.succeeded", first, f"p{number}")
    await facts.refresh()
    rows = await facts.ask(
        "open_sessions", "2026-11-09", "2026-11-11", tz="Asia/Kathmandu", grain="15m"
    )
    quarter = timedelta(minutes=15)

    for start, peak, average in rows:
        a = datetime.fromisoformat(start)
        b = a + quarter
        moments = [a, *(s for s, _ in spans if a <= s < b)]
        assert peak == max(sum(s <= at < e for s, e in spans) for at in moments), start
        seconds = sum(max((min(e, b) - max(s, a)).total_seconds(), 0) for s, e in spans)
        assert abs(average - seconds / 900) < 1e-9
    days = await facts.ask("open_sessions", "2026-11-09", "2026-11-11", tz="Asia/Kathmandu")
    assert [row[1] for row in days] == [max(r[1] for r in rows[:96]), max(r[1] for r in rows[96:])]


async def test_an_end_that_is_told_late(facts: Facts) -> None:
    """Buckets since then are worked out again, however long ago it was."""
    await facts.session("ada", "2026-11-01T06:00Z")
    await facts.event("login.succeeded", "2026-11-01T06:00Z", "ada")
    await facts.refresh()
    assert await facts.ask("open_sessions", *DAY) == [["2026-11-10", 1, 1.0]]
    await facts.sql("update analytics.fct_sessions set ended_at = '2026-11-02T06:00Z'")
    await facts.event("session.ended", "2026-11-02T06:00Z", "ada", received_at=NOW)
    await facts.refresh(now=NOW + timedelta(minutes=2))
    assert await facts.ask("open_sessions", *DAY) == [["2026-11-10", 0, 0.0]]


async def test_most_people_active_at_once(facts: Facts) -> None:
    """Distinct users of a quarter of an hour: the most of the day."""
    for who, at in (("ada", "09:01"), ("ada", "09:14"), ("bob", "09:14"), ("eve", "09:15")):
        await facts.active(who, f"2026-11-10T{at}Z")
    await facts.refresh()
    assert await facts.ask("active_concurrent", *DAY) == [["2026-11-10", 2]]


async def test_lengths_and_refreshes(facts: Facts) -> None:
    """Of sessions that ended in the window: interpolated quantiles, rates with both their parts."""
    for number, hours in enumerate((1, 2, 3, 4)):
        await facts.session(
            f"p{number}",
            "2026-11-10T01:00Z",
            f"2026-11-10T0{1 + hours}:00Z",
            last_active_at=datetime(2026, 11, 10, 1, 30, tzinfo=UTC),
            refresh_count=6,
            refresh_background_count=4,
            mfa_used=number == 0,
        )
    await facts.refresh()
    assert await facts.ask("lifetime,active_span", *DAY) == [
        ["2026-11-10", 9000.0, pytest.approx(3600 * 3.85), 1800.0, 1800.0]
    ]
    assert await facts.ask("refreshes_per_session,refreshes_per_hour", *DAY) == [
        ["2026-11-10", 2.0, 8, 4, 4.0, 16, 0.8, 8, 10, 1.6, 16]
    ]
    assert await facts.ask("mfa_use,sessions_started,sessions_ended", *DAY) == [
        ["2026-11-10", 0.25, 1, 4, 4, 4]
    ]


async def test_reuse_replays_and_lateness(facts: Facts) -> None:
    """Harm apart from harmless, by cause; a rate of nothing is null."""
    await facts.event("token.reuse_detected", "2026-11-10T09:00Z", "ada", session_id="s")
    await facts.event("token.reuse_detected", "2026-11-10T09:01Z", "ada", session_id="s")
    await facts.event("token.replayed", "2026-11-10T09:00Z", "ada", reason_code="concurrent")
    late = datetime(2026, 11, 10, 11, tzinfo=UTC)
    await facts.event("session.used", "2026-11-10T09:59Z", "ada", received_at=late)
    await facts.refresh()
    assert await facts.ask("reuse_detections,replays,late_share", "2026-11-10", "2026-11-12") == [
        ["2026-11-10", 2, 1, 1, 1, 0, 0.25, 1, 4],
        ["2026-11-11", 0, 0, 0, 0, 0, None, 0, 0],
    ]
