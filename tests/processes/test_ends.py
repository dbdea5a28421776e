"""Ends of sessions and their events, when Redis loses one of the two."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from service.contracts import keys
from service.domain.ids import make_id
from service.domain.sessions import EndReason, Origin, Session, SessionPolicy
from service.store.database import Database
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from tests.processes.stores import Stores
from tests.support.processes import running
from tests.support.waiting import PATIENCE
from workers.sweep import ApplyEnds

DAY = timedelta(days=1)
POLICY = SessionPolicy(access_ttl=DAY, idle_ttl=DAY, max_ttl=DAY, replay_window=timedelta())
BIG = 4_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def dry() -> None:
    """Nothing waits to be stored."""


@pytest.fixture
async def live(stores: Stores) -> AsyncIterator[LiveSessions]:
    scripts = ScriptClient(stores.redis, seconds=PATIENCE)
    yield LiveSessions(scripts, POLICY)
    await scripts.aclose()


@pytest.fixture
def records(stores: Stores) -> SessionRecords:
    return SessionRecords(Database(stores.engine))


@pytest.fixture
async def ended(stores: Stores, records: SessionRecords) -> Session:
    """A session whose end is in SQL, and nowhere else."""
    person = await stores.add_person()
    session = Session(
        id=make_id(keys.partition_of(person.id), uuid4().bytes),
        user_id=person.id,
        created_ms=now_ms(),
        last_used_ms=now_ms(),
        ip="",
        device="",
        amr=("pwd",),
    )
    await records.add(session, Origin())
    await records.end(session.id, EndReason.LOGOUT)
    return session


async def test_an_event_lost_with_its_stream_is_told_again(
    stores: Stores, records: SessionRecords, live: LiveSessions, ended: Session, tmp_path: Path
) -> None:
    """A tombstone is left, its event is on no stream and in no table: the audit hears of it once."""
    apply = ApplyEnds(records, live, dry, now_ms, settling_ms=0)
    stream = keys.events(keys.partition_of(ended.user_id))
    await apply()
    assert await stores.unread() == 1
    await apply()
    assert await stores.unread() == 1, "an event that waits is not told again"

    await stores.redis.delete(stream)
    await apply()
    assert await stores.unread() == 1
    await apply()
    assert await stores.unread() == 1

    with running("workers", env=stores.env, log=tmp_path / "worker.log"):
        await stores.drained()
    assert await stores.audit() == ["session.ended"]
    await apply()
    assert await stores.unread() == 0


async def test_an_end_that_redis_has_not_heard_of_is_not_forgotten(
    stores: Stores, records: SessionRecords, live: LiveSessions, ended: Session
) -> None:
    """A process refuses it for longer than an access token lives: the refresh token lives longer."""
    clock = [now_ms()]
    copy = Revocations(records, keep=timedelta(minutes=1), now_ms=lambda: clock[0])
    late = Revocations(records, keep=timedelta(minutes=1), now_ms=lambda: clock[0])
    await copy.catch_up()
    clock[0] += 3_600_000
    for known in (copy, late):
        await known.catch_up()
        assert known.find(ended.id) is EndReason.LOGOUT

    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("update sessions set end_applied = true")
    await copy.catch_up()
    assert copy.find(ended.id) is None


async def test_workers_make_room_in_a_redis_full_of_events(stores: Stores, tmp_path: Path) -> None:
    """Events that nobody stored have filled Redis: workers that start now empty it by themselves."""
    pipeline = stores.redis.pipeline(transaction=False)
    for number in range(BIG):
        partition = number % keys.PARTITIONS
        event: dict[Any, Any] = {"type": "login.failed", "at_ms": now_ms(), "user_agent": "x" * 500}
        pipeline.xadd(keys.events(partition), event)
        if number < keys.PARTITIONS:
            stream = keys.events(partition)
            pipeline.xgroup_create(stream, keys.EVENT_GROUP, id="0", mkstream=True)
    await pipeline.execute()
    info = await stores.redis.info("memory")
    await stores.redis.config_set("maxmemory", info["used_memory"] - 500_000)

    with running("workers", env=stores.env, log=tmp_path / "worker.log"):
        await stores.drained()
    assert await stores.value("select count(*) from audit_log") == BIG
