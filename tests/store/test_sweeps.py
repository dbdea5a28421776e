"""Rows past their time go, in batches, by any number of workers; nothing else does, whatever the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from service.domain.instants import to_datetime, to_ms
from service.store.database import Database
from service.store.retention_clock import ClockDoubtfulError
from service.store.sweeps import BATCH, Sweeps
from tests.audit.conftest import Books
from tests.audit.conftest import books as books_  # noqa: F401 - a fixture
from tests.store.conftest import Clock
from tests.support.waiting import PATIENCE
from workers.retention import SweepOld

NOW = to_ms(datetime(2026, 6, 30, 12, tzinfo=UTC))
DAY_MS = 86_400_000
KEEP = timedelta(days=400)

Rows = Callable[..., Awaitable[list[Any]]]


@pytest.fixture
async def database(books_: Books) -> Database:  # noqa: F811
    """Empty, and signed every day of the last ten."""
    await books_.sql("truncate sessions")
    await books_.sql(
        "insert into audit_checkpoints (number, made_at, kid, body, signature) "
        "select n, cast(:now as timestamptz) - n * interval '1 day', '', '', '' "
        "from generate_series(1, 10) n",
        now=to_datetime(NOW),
    )
    return books_.database


async def sql(database: Database, statement: str, **values: object) -> list[Any]:
    async with database.transaction() as connection:
        result = await connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


async def add_sessions(
    database: Database, number: int, *, ended_days_ago: float | None, applied: bool = True
) -> str:
    """Of one person; their id."""
    user = str(uuid4())
    ended = None if ended_days_ago is None else to_datetime(NOW) - timedelta(days=ended_days_ago)
    await sql(
        database,
        "insert into sessions (id, user_id, created_at, last_used_at, generation, ip, user_agent, "
        "device, amr, ended_at, end_reason, end_applied) "
        "select :prefix || n, :user, '2020-01-01', '2020-01-01', 1, '', '', '', '{}', :ended, "
        "'logout', :applied from generate_series(1, :number) n",
        prefix=token_hex(6),
        user=user,
        ended=ended,
        applied=applied and ended is not None,
        number=number,
    )
    return user


async def left(database: Database) -> int:
    [(count,)] = await sql(database, "select count(*) from sessions")
    return int(count)


async def test_sessions_that_ended_long_ago(database: Database) -> None:
    """Not one that is alive, ended of late, or whose end the audit does not have; nor one held."""
    sweeps = Sweeps(database, Clock(NOW))
    await add_sessions(database, 3, ended_days_ago=401)
    kept = [
        await add_sessions(database, 1, ended_days_ago=None),
        await add_sessions(database, 1, ended_days_ago=399),
        await add_sessions(database, 1, ended_days_ago=500, applied=False),
        await add_sessions(database, 1, ended_days_ago=500),
    ]
    await sql(
        database,
        "insert into legal_holds (user_id, reason, placed_by, placed_at) values (:u, '', '', now())",
        u=kept[-1],
    )
    assert await sweeps.ended_sessions(keep=KEEP) == 3
    assert await sweeps.ended_sessions(keep=KEEP) == 0
    rows = await sql(database, "select user_id::text from sessions")
    assert {user for (user,) in rows} == set(kept)

    await sql(database, "update legal_holds set released_at = now()")
    assert await sweeps.ended_sessions(keep=KEEP) == 1


async def test_failures_and_devices_of_old(database: Database) -> None:
    """Failures go a month after the last, never the hundred that only a reset forgets; devices when their trust does."""
    await sql(
        database,
        "insert into sign_in_failures (subject, failures, tried_at) values "
        "('old', 99, :old), ('young', 1, :young), ('shut', 100, :old)",
        old=to_datetime(NOW) - timedelta(days=30, seconds=1),
        young=to_datetime(NOW) - timedelta(days=30, seconds=-1),
    )
    user = str(uuid4())
    await sql(
        database,
        "insert into users (id, email, email_key) values (:user, 'sweep@x.example', :key)",
        user=user,
        key=user,
    )
    await sql(
        database,
        "insert into trusted_devices (id, user_id, token_hash, device, ip, expires_at) "
        "select gen_random_uuid(), :user, cast(n as text)::bytea, '', '', "
        "cast(:now as timestamptz) + n * interval '1 second' from generate_series(-3, 2) n",
        user=user,
        now=to_datetime(NOW),
    )
    swept = await SweepOld(Sweeps(database, Clock(NOW)), None, KEEP)()

    assert (swept["failures"], swept["devices"]) == (1, 3)
    rows = await sql(database, "select convert_from(subject, 'utf8') from sign_in_failures")
    assert {name for (name,) in rows} == {"young", "shut"}


async def test_several_workers_share_batches(database: Database) -> None:
    """Each row goes once, a run that was missed is made up for, none waits for another."""
    await add_sessions(database, 3 * BATCH + 10, ended_days_ago=401)
    await add_sessions(database, 5, ended_days_ago=None)
    jobs = [SweepOld(Sweeps(database, Clock(NOW)), None, KEEP) for _ in range(4)]
    swept = await asyncio.gather(*(job() for job in jobs))
    assert sum(each.get("sessions", 0) for each in swept) == 3 * BATCH + 10
    assert await left(database) == 5


async def test_a_run_without_time(database: Database) -> None:
    """One batch of each kind, and the rest the next time."""
    await add_sessions(database, 2 * BATCH, ended_days_ago=401)
    job = SweepOld(Sweeps(database, Clock(NOW)), None, KEEP, seconds=0)
    assert await job() == {"sessions": BATCH}
    assert await job() == {"sessions": BATCH}
    assert await job() == {}


async def test_what_somebody_has_locked(database: Database) -> None:
    """It is left for the next run; nobody waits."""
    await add_sessions(database, 3, ended_days_ago=401)
    sweeps = Sweeps(database, Clock(NOW))
    async with database.transaction() as connection:
        await connection.execute(text("select id from sessions order by id limit 1 for update"))
        async with asyncio.timeout(PATIENCE):
            assert await sweeps.ended_sessions(keep=KEEP) == 2
    assert await sweeps.ended_sessions(keep=KEEP) == 1


@pytest.mark.parametrize("days", [-4000, -20, 20, 100])
async def test_a_clock_that_leapt(database: Database, days: int) -> None:
    """Ahead: it must be borne out first. Back: things only seem younger."""
    await add_sessions(database, 2, ended_days_ago=1)
    sweeps = Sweeps(database, Clock(NOW + days * DAY_MS))
    try:
        swept = await sweeps.ended_sessions(keep=timedelta(days=2))
    except ClockDoubtfulError:
        swept = 0
    assert swept == 0
    assert await left(database) == 2
    assert await SweepOld(sweeps, None, timedelta(days=2))() == {}


async def test_other_rows(database: Database) -> None:
    """Replayed letters, rows and holds that were released; what is needed stays."""
    await sql(
        database,
        "insert into dead_letters (partition, stream_id, fields, error, replayed_at) values "
        "(1, '1', '{}', '', :old), (1, '2', '{}', '', :young), (1, '3', '{}', '', null)",
        old=to_datetime(NOW) - timedelta(days=31),
        young=to_datetime(NOW) - timedelta(days=29),
    )
    await sql(
        database,
        "insert into audit_held (partition, seq, stream_id, type, occurred_at, user_id, stub) "
        "values (1, 1, '1', '', now(), 'free', 1), (1, 2, '2', '', now(), 'held', 1)",
    )
    await sql(
        database,
        "insert into legal_holds (user_id, reason, placed_by, placed_at, released_at) values "
        "('held', '', '', now(), null), ('held', '', '', now(), :old), ('free', '', '', now(), :young)",
        old=to_datetime(NOW) - timedelta(days=31),
        young=to_datetime(NOW) - timedelta(days=29),
    )
    sweeps = Sweeps(database, Clock(NOW))
    assert await SweepOld(sweeps, None, KEEP)() == {"letters": 1, "held": 1}
    assert await SweepOld(sweeps, timedelta(days=30), KEEP)() == {"holds": 1}
    assert await sql(database, "select stream_id from dead_letters order by 1") == [("2",), ("3",)]
    assert await sql(database, "select user_id from audit_held") == [("held",)]
    assert await sql(database, "select released_at is null from legal_holds order by 1") == [
        (False,),
        (True,),
    ]
