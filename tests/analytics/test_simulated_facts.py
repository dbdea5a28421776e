"""Facts of made-up traffic are its truth: row by row, however the events came."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from random import Random
from secrets import token_bytes
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from service.contracts import analytics_tables, keys
from service.domain.instants import to_datetime
from service.domain.secrets import at_rest
from service.domain.user_agents import read_device
from service.embedded import EmbeddedServer
from service.simulation import Plan, simulate
from service.simulation.places import country_of
from service.simulation.stage import Arrival
from service.simulation.truth import Truth
from service.store.audit import AuditRecords, StreamedEvent
from service.store.database import Database
from service.store.dead_letters import DeadLetters
from service.store.event_feed import EventFeed
from service.store.person_keys import PersonKeys
from service.store.redis_pool import open_redis
from tests.analytics.clocks import HOUR_MS
from tests.analytics.truth import Plain
from tests.conftest import SECRET_KEY, now_ms
from tests.support.waiting import PATIENCE
from workers.ingest import Ingest, sort_out
from workers.stream import EventStream

PLAN = Plan(
    end=datetime(2026, 10, 31, 6, tzinfo=UTC),
    days=8,
    people=60,
    thefts=0.03,
    replays=0.1,
    test_accounts=0.1,
    spells=timedelta(hours=2),
)
"""Clocks go back in it in Berlin, and forward before in Lord Howe."""
TEST_DOMAIN = "tests.example"
HALF_HOUR_MS = HOUR_MS // 2
BATCH = 1000
BUCKET_MS = 900_000

SESSIONS = text("""
    select session_id, user_key::text, browser, os, class, coalesce(country, '') as country,
           started_at, last_active_at, ended_at, end_reason, expires_at, auth_method, mfa_used,
           refresh_count, refresh_background_count, reuse_detected, is_test
    from analytics.fct_sessions
    join analytics.dim_device using (device_key)
    left join analytics.dim_geo using (geo_key)
""")
ACTIVITY = text(f"""
    select distinct user_key::text, date_bin('15 minutes', occurred_at, timestamptz 'epoch')
    from analytics.fct_auth_events where ({analytics_tables.ACTIVITY}) and user_key is not null
""")  # noqa: S608
PEOPLE = text(
    "select user_key::text, first_seen_at, mfa_enrolled_at, is_test from analytics.dim_user"
)
EVENTS = text("select count(*), count(distinct event_id) from analytics.fct_auth_events")
LATE = text("""
    select count(*) filter (where received_at > occurred_at + interval '1 hour'), count(*)
    from analytics.fct_auth_events where occurred_at >= :since and occurred_at < :until
""")


@pytest.fixture
async def simulated(analytics: Database) -> tuple[Truth, list[Arrival]]:
    """A simulation that was read to its end; its test accounts have rows, as accounts have."""
    simulation = simulate(PLAN, 11)
    arrivals = list(simulation)
    async with analytics.transaction() as connection:
        for person in simulation.truth.people:
            if person.is_test:
                email = f"{person.id}@{TEST_DOMAIN}"
                await connection.execute(
                    text("insert into users (id, email, email_key) values (:id, :email, :email)"),
                    {"id": person.id, "email": email},
                )
    return simulation.truth, arrivals


@pytest.fixture
def writer(new_writer: Callable[..., AuditRecords]) -> AuditRecords:
    return new_writer(country_of=country_of, test_domains=[TEST_DOMAIN])


def expected_sessions(
    truth: Truth, user_key: Callable[[str], str | None]
) -> set[
    tuple[
        Any,
        Any,
        str,
        str,
        str,
        Any,
        datetime,
        datetime,
        datetime | None,
        Any,
        datetime,
        Any,
        Any,
        int,
        int,
        bool,
        Any,
    ]
]:
    """What each session's row must say."""
    found = set()
    for session in truth.sessions:
        ended = session.ended_ms
        found.add(
            (
                session.id,
                user_key(session.person.id),
                *read_device(session.user_agent)[:3],
                session.country,
                to_datetime(session.started_ms),
                to_datetime(max(session.activity_ms)),
                None if ended is None else to_datetime(ended),
                session.end_reason,
                to_datetime(session.started_ms) + PLAN.policy.max_ttl,
                session.method,
                session.method != "pwd",
                len(session.foreground_ms) + len(session.background_ms),
                len(session.background_ms),
                session.reused_ms is not None,
                session.person.is_test,
            )
        )
    return found


def expected_people(
    truth: Truth, user_key: Callable[[str], str | None]
) -> set[tuple[Any, datetime, datetime | None, Any]]:
    """Everybody who ever did anything: since when, since when with a second factor."""
    seen: dict[str, list[int]] = {}
    for session in truth.sessions:
        seen.setdefault(session.person.id, []).extend(session.activity_ms)
    return {
        (
            user_key(person.id),
            to_datetime(min(seen[person.id])),
            None if person.enrolled_ms is None else to_datetime(person.enrolled_ms),
            person.is_test,
        )
        for person in truth.people
        if person.id in seen
    }


async def assert_truth(database: Database, audit: AuditRecords, truth: Truth) -> None:
    """The tables say what really happened, all of it and nothing else."""
    assert audit.facts is not None
    assert audit.facts._who is not None
    user_key = audit.facts._who.user
    async with database.transaction() as connection:
        sessions = {tuple(row) for row in await connection.execute(SESSIONS)}
        activity = {tuple(row) for row in await connection.execute(ACTIVITY)}
        people = {tuple(row) for row in await connection.execute(PEOPLE)}
        events = tuple((await connection.execute(EVENTS)).one())

    assert events == (len(truth.told_ms), len(truth.told_ms))
    assert sessions == expected_sessions(truth, user_key)
    assert people == expected_people(truth, user_key)
    assert activity == {
        (user_key(session.person.id), to_datetime(at_ms // BUCKET_MS * BUCKET_MS))
        for session in truth.sessions
        for at_ms in session.activity_ms
    }


async def record(audit: AuditRecords, arrivals: Iterable[Arrival], first: int = 0) -> None:
    """Store what arrived, partition by partition."""
    pieces: dict[int, list[StreamedEvent]] = {}
    for number, arrival in enumerate(arrivals, first):
        stream_id = f"{arrival.at_ms}-{number}"
        pieces.setdefault(arrival.partition, []).append(StreamedEvent(stream_id, arrival.event))
    for partition, piece in pieces.items():
        await audit.record(partition, piece)


async def test_facts_are_the_truth(
    analytics: Database, simulated: tuple[Truth, list[Arrival]], writer: AuditRecords
) -> None:
    """Sessions, quarters of an hour with activity, people; after a stall and with late events."""
    truth, arrivals = simulated
    for start in range(0, len(arrivals), BATCH):
        await record(writer, arrivals[start : start + BATCH], start)

    await assert_truth(analytics, writer, truth)


async def test_lateness_is_the_truth(analytics: Database, writer: AuditRecords) -> None:
    """Half an hour's arrivals are stored at its end; the share that came over an hour late."""
    simulation = simulate(replace(PLAN, days=3, people=20), 11)
    arrivals, truth = list(simulation), simulation.truth
    clock = [0]
    audit = replace(writer, now_ms=lambda: clock[0])
    for half_hour, group in groupby(arrivals, key=lambda each: each.at_ms // HALF_HOUR_MS):
        clock[0] = (half_hour + 1) * HALF_HOUR_MS
        await record(audit, group)
    window = (PLAN.end_ms - 60 * HOUR_MS, PLAN.end_ms)
    values = {"since": to_datetime(window[0]), "until": to_datetime(window[1])}
    async with analytics.transaction() as connection:
        found = tuple((await connection.execute(LATE, values)).one())

    assert found == Plain(truth).late_share(*window)
    assert found[0] > 0


@pytest.fixture
async def own_redis(own_valkey: EmbeddedServer) -> AsyncIterator[Redis]:
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    yield redis
    await redis.aclose()


async def test_streams_that_are_shuffled_and_come_twice(
    analytics: Database,
    simulated: tuple[Truth, list[Arrival]],
    writer: AuditRecords,
    own_redis: Redis,
) -> None:
    """A worker dies after it stored a batch; another is given that, and the rest, in any order."""
    truth, arrivals = simulated
    Random(5).shuffle(arrivals)  # noqa: S311 - an order
    feed = EventFeed(own_redis)
    for start in range(0, len(arrivals), BATCH):
        await feed.write([each[1:] for each in arrivals[start : start + BATCH]])
    assert await feed.waiting() == len(arrivals)

    twice = 0
    for partition in range(keys.PARTITIONS):
        stream = EventStream(own_redis, partition, "dies")
        await stream.ensure_group()
        events, broken = sort_out(await stream.take(BATCH // 10))
        assert not broken
        twice += await writer.record(partition, events)
    sealer = at_rest([SECRET_KEY], token_bytes)
    letters = DeadLetters(analytics, PersonKeys(analytics, sealer, token_bytes))
    ingest = Ingest(own_redis, writer, letters, "lives", now_ms, abandoned_ms=0)
    streams = [EventStream(own_redis, p, "lives") for p in range(keys.PARTITIONS)]
    assert not await feed.stored()
    while await ingest.drain(streams):
        ingest._claimed = float("-inf")

    assert twice > len(arrivals) // 10
    assert ingest.vitals.stored == len(arrivals)
    assert await feed.stored()
    await assert_truth(analytics, writer, truth)
