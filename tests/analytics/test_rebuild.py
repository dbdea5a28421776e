"""`analytics rebuild`: damaged aggregates are as before, a refresh takes in only what arrived, and
what arrived in pieces adds up to what is worked out at once.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from service.store.aggregates import Aggregates
from tests.analytics.conftest import NOW, Facts
from tests.support.processes import python

ZONES = ("UTC", "America/New_York", "Asia/Kathmandu")
BEGIN = datetime(2026, 10, 20, tzinfo=UTC)
DAYS = 25
SWEPT = "agg_concurrency_15m"
TABLES = ("agg_counts_15m", "agg_user_day", "agg_active_day", "agg_flow", SWEPT)
MADE_UP = """
    insert into analytics.agg_counts_15m
    select cube, part_by, bucket, 'XX', is_test, is_bot, users, sums
    from analytics.agg_counts_15m where cell = 'UG'
"""
ENDS = ("session.ended", "session.expired")


async def life(facts: Facts, chance: Random, number: int, received_at: datetime | None) -> None:
    """A session with its events, some of which tell of its end too late, or twice."""
    who, session = f"p{chance.randrange(30)}", f"l-{number}"
    begin = BEGIN + timedelta(minutes=chance.randrange(DAYS * 1440))
    end = begin + timedelta(minutes=chance.randrange(1, 4000))
    place = {
        "geo_key": chance.randrange(5),
        "device_key": chance.choice((0, 1, 2, 3)),
        "is_test": chance.random() < 0.1,
    }
    told = {**place, "session_id": session}
    if received_at is not None:
        told["received_at"] = received_at
    if chance.random() < 0.3:
        at = begin - timedelta(minutes=chance.choice((1, 29, 30)))
        await facts.event("login.failed", at, who, **{**told, "session_id": None})
    await facts.active(who, begin, **told)
    await facts.event("login.succeeded", begin, who, **told)
    await facts.event("session.used", begin + (end - begin) / 2, who, **told)
    await facts.event(chance.choice(ENDS), end, who, **told)
    await facts.sql("delete from analytics.fct_sessions where session_id = :id", id=session)
    await facts.sql(
        "insert into analytics.fct_sessions (session_id, user_key, geo_key, device_key, is_test, "
        "started_at, last_active_at, ended_at, end_reason, expires_at) "
        "select :id, user_key, geo_key, device_key, is_test, :begin, :begin, :end, "
        "'logout', :expires from analytics.fct_auth_events where session_id = :id limit 1",
        id=session,
        begin=begin,
        end=end,
        expires=begin + timedelta(days=30),
    )


async def aggregated(facts: Facts) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every aggregate, but quarters of an hour before anything happened."""
    found = {}
    for name in TABLES:
        rows = await facts.sql(f"select * from analytics.{name} as t order by t")  # noqa: S608
        found[name] = [tuple(row) for row in rows if name != SWEPT or any(row[1:])]
    return found


async def rebuild(facts: Facts, since: date, until: date) -> list[date]:
    told: list[date] = []
    aggregates = Aggregates(facts.database, ZONES)
    await aggregates.rebuild(since, until, NOW, told.append)
    return told


async def test_damage_is_undone(facts: Facts) -> None:
    """Rows changed, deleted and made up, in every table: rebuilt, each is as it was."""
    chance = Random(1)  # noqa: S311 - traffic, not secrets
    for number in range(60):
        await life(facts, chance, number, None)
    await facts.refresh(*ZONES)
    expected = await aggregated(facts)
    assert all(expected.values())
    for statement in (
        "update analytics.agg_counts_15m set users = users + 1, sums[1] = sums[1] + 7",
        "delete from analytics.agg_counts_15m where cell in ('KE', 'other')",
        MADE_UP,
        "delete from analytics.agg_user_day where extract(day from day) in (1, 2)",
        "update analytics.agg_active_day set mau = mau + 3",
        "update analytics.agg_flow set attempts = 0, session = not session",
        "delete from analytics.agg_flow where extract(hour from started_at) < 12",
        "update analytics.agg_concurrency_15m set open_peak = 0",
    ):
        await facts.sql(statement)
    assert await aggregated(facts) != expected

    told = await rebuild(facts, date(2026, 10, 19), date(2026, 11, 22))

    assert await aggregated(facts) == expected
    assert (sorted(told), told[-1]) == (told, date(2026, 11, 22))


@pytest.mark.parametrize("part", [(date(2026, 10, 25), date(2026, 10, 28))], ids=str)
async def test_a_part_that_was_right_stays(facts: Facts, part: tuple[date, date]) -> None:
    """Rebuilding some days changes nothing, before, in or after them."""
    chance = Random(2)  # noqa: S311
    for number in range(40):
        await life(facts, chance, number, None)
    await facts.refresh(*ZONES)
    expected = await aggregated(facts)
    await rebuild(facts, *part)
    assert await aggregated(facts) == expected


@pytest.mark.parametrize("seed", range(3))
async def test_pieces_add_up(facts: Facts, seed: int) -> None:
    """Refreshed after every few sessions, however late they were told: as if all came at once."""
    chance = Random(seed)  # noqa: S311
    for piece in range(6):
        got = NOW + timedelta(hours=piece)
        for number in range(8):
            await life(facts, chance, piece * 8 + number, got)
        await facts.refresh(*ZONES, now=got + timedelta(minutes=1))
    expected = await aggregated(facts)
    await facts.sql("delete from analytics.meta_watermark")
    for name in TABLES:
        await facts.sql(f"delete from analytics.{name}")  # noqa: S608
    await facts.refresh(*ZONES, now=NOW + timedelta(hours=5, minutes=1))
    assert await aggregated(facts) == expected


async def test_an_end_that_was_told_too_late(facts: Facts) -> None:
    """A session is counted where it ended first, and no longer where it was told to have ended."""
    await life(facts, Random(5), 1, None)  # noqa: S311
    await facts.refresh()
    [[end]] = await facts.sql("select ended_at from analytics.fct_sessions")
    earlier = end - timedelta(days=1)
    await facts.sql("update analytics.fct_sessions set ended_at = :at", at=earlier)
    await facts.event("session.ended", earlier, "p1", session_id="l-1", received_at=NOW)
    await facts.refresh(now=NOW + timedelta(minutes=2))
    rows = await facts.sql(
        "select distinct bucket from analytics.agg_counts_15m where cube = 'sessions_ended'"
    )
    assert [row.bucket for row in rows] == [earlier - (earlier - BEGIN) % timedelta(minutes=15)]


async def test_days_before_and_after_everything_are_none(
    facts: Facts, facts_url: str, environment: dict[str, str]
) -> None:
    """Of a range as long as the calendar only the days that can have numbers are worked out: for the
    driver year 1 is an instant before all others, from which nobody can count.
    """
    await facts.active("ada", datetime.now(UTC) - timedelta(days=3))
    calendar = ("--from", "0001-01-01", "--to", "9999-12-31")
    env = {**environment, "DATABASE_URL": facts_url}
    done = python("service", "analytics", "rebuild", *calendar, env=env)
    assert done.stdout.splitlines()[-1].startswith("5 days are worked out again"), done
