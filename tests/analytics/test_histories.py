"""Tiny histories of any kind against a naive model: actives, flows, concurrency, retention."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from service.contracts.analytics_tables import SCHEMA, dim_user, fct_auth_events, fct_sessions
from service.metrics.windows import Grain
from service.operations.query_analytics import QueryAnalytics, Question
from service.store.aggregates import Aggregates
from service.store.analytics import Analytics
from service.store.database import Database, open_engine
from tests.analytics.conftest import person
from tests.support.examples import examples
from tests.support.waiting import PATIENCE

BEGIN = datetime(2026, 9, 28, tzinfo=UTC)
DAYS = 42
NOW = BEGIN + timedelta(days=DAYS)
RANGE = (date(2026, 9, 28), date(2026, 11, 9))
ZONES = ("UTC", "Australia/Lord_Howe", "America/New_York")
GAP = timedelta(minutes=30)
QUARTER = timedelta(minutes=15)

# Whole days and quarters of an hour, give or take a moment: where mistakes would be.
INSTANTS = st.builds(
    lambda days, quarters, moment: (
        BEGIN + timedelta(days=days) + quarters * QUARTER + timedelta(milliseconds=moment)
    ),
    st.integers(0, DAYS - 2),
    st.integers(0, 95),
    st.sampled_from([-1, 0, 1]),
).filter(lambda at: at >= BEGIN)
STEPS = st.builds(
    lambda who, tens, moment: (
        who,
        BEGIN + timedelta(days=20, minutes=10 * tens, milliseconds=moment),
    ),
    st.sampled_from("ab"),
    st.integers(0, 8),
    st.sampled_from([0, 0, -1, 1]),
)
# Few instants, so that sessions end as others begin.
SESSIONS = st.builds(
    lambda six_hours, lasts, moment: (
        BEGIN + timedelta(days=20, hours=6 * six_hours, milliseconds=moment),
        None
        if lasts is None
        else BEGIN + timedelta(days=20, hours=6 * (six_hours + lasts), milliseconds=moment),
    ),
    st.integers(0, 5),
    st.sampled_from([0, 1, 1, 2, 5, 60, None]),
    st.sampled_from([0, 0, 0, 1]),
)


class History(NamedTuple):
    """What happened: who was active when, steps of sign-ins, and sessions."""

    active: Sequence[tuple[str, datetime]]
    steps: Sequence[tuple[str, datetime]]
    sessions: Sequence[tuple[datetime, datetime | None]]


HISTORIES = st.builds(
    History,
    st.lists(st.tuples(st.sampled_from("abcd"), INSTANTS), max_size=12),
    st.lists(STEPS, max_size=6),
    st.lists(SESSIONS, max_size=6),
)


@examples(10, 200)
@given(history=HISTORIES, zone=st.sampled_from(ZONES))
def test_sql_agrees_with_a_naive_model(fresh_database: str, history: History, zone: str) -> None:
    """Every number of every day, whatever happened."""
    found = asyncio.run(answers(fresh_database, history, zone))
    assert found == naive(history, ZoneInfo(zone))


async def answers(url: str, history: History, zone: str) -> dict[str, Any]:
    engine = open_engine(url, connections=2, seconds=PATIENCE)
    try:
        database = Database(engine)
        await put(database, history)
        assert await Aggregates(database, (zone,)).refresh(NOW)
        query = QueryAnalytics(Analytics(database), 5, lambda: NOW)

        async def ask(metrics: str, grain: Grain = Grain.DAY) -> list[list[Any]]:
            question = Question(
                metrics=metrics.split(","),
                since=RANGE[0],
                until=RANGE[1],
                tz=zone,
                grain=grain,
                filters={},
            )
            rows: list[list[Any]] = (await query(question))["rows"]
            return rows

        return {
            "actives": [row[1:] for row in await ask("dau,wau,mau,new_users")],
            "flows": [row[1:] for row in await ask("login_funnel")],
            "open": [[row[1] or 0, round(row[2] or 0, 6)] for row in await ask("open_sessions")],
            "retention": [row[1:6:2] for row in await ask("retention", Grain.WEEK)],
        }
    finally:
        await engine.dispose()


async def put(database: Database, history: History) -> None:
    """Nothing but this history."""
    seen: dict[str, datetime] = {}
    for who, at in history.active:
        seen[who] = min(seen.get(who, at), at)
    events: list[tuple[str, datetime, str | None]] = [
        *(("session.used", at, person(who)) for who, at in history.active),
        *(("login.failed", at, person(f"s{who}")) for who, at in history.steps),
        *(("login.succeeded", at, None) for at, _ in history.sessions),
    ]
    async with database.transaction() as connection:
        tables = ("fct_auth_events", "fct_sessions", "dim_user", "agg_flow", "meta_watermark")
        names = ", ".join(f"{SCHEMA}.{name}" for name in tables)
        more = (
            "agg_zone",
            "agg_user_day",
            "agg_active_day",
            "agg_concurrency_15m",
            "agg_counts_15m",
        )
        names += "".join(f", {SCHEMA}.{name}" for name in more)
        await connection.execute(text(f"truncate {names}"))
        rows = [
            {
                "event_id": f"00-{number}",
                "event_name": name,
                "occurred_at": at,
                "received_at": at,
                "user_key": key,
                "subject_key": key,
                "outcome": "neutral",
                "schema_version": 1,
            }
            for number, (name, at, key) in enumerate(events)
        ]
        if rows:
            await connection.execute(insert(fct_auth_events), rows)
        if seen:
            people = [{"user_key": person(who), "first_seen_at": at} for who, at in seen.items()]
            await connection.execute(insert(dim_user), people)
        sessions = [
            {
                "session_id": f"s{number}",
                "user_key": person("z"),
                "started_at": begin,
                "last_active_at": begin,
                "ended_at": end,
                "expires_at": begin + timedelta(days=365),
            }
            for number, (begin, end) in enumerate(history.sessions)
        ]
        if sessions:
            await connection.execute(insert(fct_sessions), sessions)


def naive(history: History, zone: ZoneInfo) -> dict[str, Any]:
    """The same, day by day, as one would explain it."""
    days = [RANGE[0] + timedelta(days=n) for n in range((RANGE[1] - RANGE[0]).days)]
    local = {(who, at.astimezone(zone).date()) for who, at in history.active}
    first = {who: min(day for name, day in local if name == who) for who, _ in local}

    def came(since: date, until: date) -> set[str]:
        return {who for who, day in local if since <= day < until}

    def distinct(day: date, length: int) -> int:
        return len(came(day - timedelta(days=length - 1), day + timedelta(days=1)))

    actives = [
        [distinct(day, 1), distinct(day, 7), distinct(day, 28), list(first.values()).count(day)]
        for day in days
    ]
    begun = [
        at.astimezone(zone).date()
        for who, at in set(history.steps)
        if not any(name == who and at - GAP < other < at for name, other in history.steps)
    ]
    flows = [[begun.count(day), 0, 0, 0] for day in days]
    spans = [(begin, end or NOW + timedelta(days=1)) for begin, end in history.sessions]
    retention = []
    for week in days[::7]:
        cohort = {who for who, day in first.items() if week <= day < week + timedelta(days=7)}
        row: list[Any] = [len(cohort)]
        for after in (1, 2):
            begin = week + timedelta(weeks=after)
            end = datetime.combine(begin + timedelta(days=7), datetime.min.time(), zone)
            again = cohort & came(begin, begin + timedelta(days=7))
            row.append(None if end.astimezone(UTC) > NOW else len(again))
        retention.append(row)
    return {
        "actives": actives,
        "flows": flows,
        "open": [_open(spans, day, zone) for day in days],
        "retention": retention,
    }


def _open(spans: Sequence[tuple[datetime, datetime]], day: date, zone: ZoneInfo) -> list[float]:
    """The most at once, at the day's beginning or at a start in it; and on average."""
    since, until = (
        datetime.combine(each, datetime.min.time(), zone).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    until = min(until, NOW)
    moments = [since, *(begin for begin, _ in spans if since <= begin < until)]
    peak = max(sum(begin <= at < end for begin, end in spans) for at in moments)
    overlaps = (min(end, until) - max(begin, since) for begin, end in spans)
    seconds = sum(max(each.total_seconds(), 0) for each in overlaps)
    return [peak, round(seconds / (until - since).total_seconds(), 6)]
