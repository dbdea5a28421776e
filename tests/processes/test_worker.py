"""The worker: goes on after whatever happened to its stores, and stops when it is told to."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, Literal
from urllib.request import urlopen
from uuid import uuid4

import pytest
from arq.connections import ArqRedis, RedisSettings, create_pool
from prometheus_client.parser import text_string_to_metric_families

from service.contracts import keys
from service.domain.ids import make_id
from service.domain.sessions import EndReason, Origin, Session, SessionPolicy
from service.store.database import Database
from service.store.live_sessions import LiveSessions
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from tests.processes.stores import Stores
from tests.support.people import Browser
from tests.support.processes import Process, python, running, web_process
from tests.support.redis_answers import answer_of
from tests.support.waiting import PATIENCE, WAITING, wait_until
from workers.jobs import JOBS
from workers.sweep import ApplyEnds

Samples = dict[tuple[str, ...], float]
Worker = Callable[..., AbstractContextManager[Process]]


QUEUE = "auth:jobs"
MONTHS_MS = 100 * 86_400_000
LATER = "update sessions set last_used_at = last_used_at - interval '100 days'"
"""Longer than any session may be idle."""
AT = "1789000000000"
LOGIN: dict[Any, Any] = {"type": "login.failed", "at_ms": AT}
ASK_FOR_EXPORT = "insert into person_exports (user_id, id, requested_at) values ('{}', '{}', now())"
POISON = {
    "unknown type": {**LOGIN, "type": "moon.landed"},
    "no type": {"at_ms": AT},
    "no instant": {"type": "login.failed"},
    "instant in words": {**LOGIN, "at_ms": "now"},
    "instant beyond all calendars": {**LOGIN, "at_ms": "9" * 30},
    "instant before all calendars": {**LOGIN, "at_ms": "-" + "9" * 30},
    "generation beyond bigint": {**LOGIN, "generation": "9" * 30},
    "NUL": {**LOGIN, "user_agent": "a\0b"},
    "not UTF-8": {**LOGIN, "user_agent": b"\xff\xfe"},
    "name not UTF-8": {**LOGIN, b"\xff": "x"},
    "too long": {**LOGIN, "user_agent": "x" * 4097},
    "data no JSON": {**LOGIN, "data": "{"},
    "data no object": {**LOGIN, "data": "[]"},
    "data not a number": {**LOGIN, "data": '{"a": NaN}'},
    "data with NUL": {**LOGIN, "data": '{"a": "\\u0000"}'},
    "data half a character": {**LOGIN, "data": '{"a": "\\ud800"}'},
    "data very deep": {**LOGIN, "data": '{"a":' + "[" * 4000},
}


@pytest.fixture
def worker(stores: Stores, tmp_path: Path) -> Worker:
    """Starts a worker; its log tells why a test failed."""

    def start(**changes: str) -> AbstractContextManager[Process]:
        return running("workers", env={**stores.env, **changes}, log=tmp_path / "worker.log")

    return start


@pytest.fixture
async def queue(stores: Stores) -> AsyncIterator[ArqRedis]:
    """arq's queue, as whoever orders a job sees it."""
    pool = await create_pool(
        RedisSettings.from_dsn(stores.env["REDIS_URL"]),
        job_serializer=lambda job: json.dumps(job).encode(),
        default_queue_name=QUEUE,
    )
    yield pool
    await pool.aclose()


async def tell(stores: Stores, fields: Any = LOGIN, partition: int = 3) -> None:
    """Put an entry on a stream, as a script of any release might."""
    await stores.redis.xadd(keys.events(partition), fields)


async def in_sql(stores: Stores, statement: str) -> None:
    """Let time pass in SQL, or events lag."""
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql(statement)


async def rows_reach(stores: Stores, number: int) -> None:
    """Return when the audit has exactly so many rows and the streams are empty."""

    async def stored() -> bool:
        return await stores.unread() == 0 and len(await stores.audit()) == number

    await wait_until(stored)


async def restart(stores: Stores) -> None:
    """A Valkey that answers again, on the data that it kept."""
    stores.valkey.restart()
    await stores.redis.connection_pool.disconnect()


async def test_outlives_its_redis(stores: Stores, worker: Worker, tmp_path: Path) -> None:
    """A restart, a crash with time in between, an emptied store: the same worker goes on."""
    with worker() as process:
        await tell(stores)
        await rows_reach(stores, 1)

        await restart(stores)
        await tell(stores)
        await rows_reach(stores, 2)

        stores.valkey.kill()
        log = tmp_path / "worker.log"

        async def noticed() -> bool:
            return log.read_text().count("worker.redis_away") >= 2

        await wait_until(noticed)
        await restart(stores)
        await tell(stores)
        await rows_reach(stores, 3)

        await stores.redis.flushall()
        await tell(stores)
        await rows_reach(stores, 4)
        assert process.poll() is None
    assert await stores.gapless()


async def test_poison(stores: Stores, worker: Worker) -> None:
    """What no row can hold becomes a dead letter, once; what stands around it is stored."""
    for fields in POISON.values():
        await tell(stores)
        await tell(stores, fields)
    await tell(stores)
    for partition, fields in enumerate(POISON.values()):
        await tell(stores, fields, partition=partition % keys.PARTITIONS)
    with worker():
        await rows_reach(stores, len(POISON) + 1)
    assert await stores.gapless()
    letters = await stores.rows("select partition, stream_id from dead_letters")
    assert len(letters) == len(set(letters)) == 2 * len(POISON)
    silent = "select fields from dead_letters where error = '' or fields = '{}'"
    assert await stores.rows(silent) == []


async def test_a_table_that_is_away(stores: Stores, worker: Worker, tmp_path: Path) -> None:
    """What is no fault of the event's is waited out: nothing is lost, and nothing called poison."""
    log = tmp_path / "worker.log"

    async def failed() -> bool:
        return "ingest.failed" in log.read_text()

    await in_sql(stores, "alter table audit_log rename to audit_log_away")
    await tell(stores)
    with worker():
        await wait_until(failed)
        await in_sql(stores, "alter table audit_log_away rename to audit_log")
        await rows_reach(stores, 1)
    assert await stores.value("select count(*) from dead_letters") == 0


async def test_health_knows_whether_a_worker_lives(
    stores: Stores, worker: Worker, visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """ok while it beats, degraded (and still 200) when its last beat is too old."""
    with web_process(stores.env, tmp_path / "web.log") as base:
        browser = visit(base)

        async def health() -> tuple[Any, Any]:
            reply = await browser.send("GET", "/api/health")
            assert reply.status == 200
            return reply.body["status"], reply.body["checks"]["workers"]["status"]

        assert await health() == ("degraded", "down")
        with worker() as process:

            async def well() -> bool:
                return await health() == ("ok", "ok")

            await wait_until(well)
            assert arq_check(stores.env) == 0
            process.terminate()
            assert process.wait(PATIENCE) == 0
        assert arq_check(stores.env) == 1
        beat_ms = int(await stores.redis.get(keys.HEARTBEAT))
        await stores.redis.set(keys.HEARTBEAT, beat_ms - 30_000)
        assert await health() == ("degraded", "down")


async def test_sweep(
    stores: Stores, worker: Worker, queue: ArqRedis, visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """Two workers end an idle session once, with its row; one in use goes on.

    Redis knows of its use, even when SQL does not yet.
    """
    with ExitStack() as stack:
        base = stack.enter_context(web_process(stores.env, tmp_path / "web.log"))
        for _ in range(2):
            stack.enter_context(worker())
        browser, person = visit(base), await stores.add_person()
        live = await browser.login(person)
        idle = [await browser.login(person) for _ in range(4)]
        await in_sql(stores, LATER)
        for tokens in idle:
            key = keys.session(keys.partition_of(person.id), tokens["session_id"])
            await answer_of(stores.redis.hincrby(key, "l", -MONTHS_MS))

        async def swept() -> bool:
            nonlocal live
            live = (await browser.refresh(live["refresh_token"])).body
            await in_sql(stores, f"{LATER} where id = '{live['session_id']}'")
            for _ in range(4):
                await queue.enqueue_job("cron:sweep_expired")
            query = "select count(*) from sessions where end_reason = 'idle_timeout'"
            return bool(await stores.value(query) == len(idle))

        await wait_until(swept)
        await swept()
        await stores.drained()
        assert (await browser.me(live["access_token"])).status == 200
        for tokens in idle:
            assert (await browser.refresh(tokens["refresh_token"])).code == "session_expired"
    expired = await stores.rows("select session_id from audit_log where type = 'session.expired'")
    assert Counter(expired) == {(tokens["session_id"],): 1 for tokens in idle}
    assert "session.ended" not in await stores.audit()


async def test_signed_out_while_redis_was_away(
    stores: Stores, worker: Worker, queue: ArqRedis, visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """202 at once; when Redis is back the workers bury the session there, with one row."""
    with web_process(stores.env, tmp_path / "web.log") as base, worker():
        browser, person = visit(base), await stores.add_person()
        tokens = await browser.login(person)
        await stores.drained()
        stores.valkey.kill()
        assert (await browser.logout(tokens["access_token"])).status == 202
        await restart(stores)

        await in_sql(stores, "update sessions set ended_at = ended_at - interval '15 s'")

        async def applied() -> bool:
            await queue.enqueue_job("cron:apply_ends")
            return "session.ended" in await stores.audit(person.id)

        await wait_until(applied)
        await applied()
        await stores.drained()
        assert await stores.audit(person.id) == ["login.succeeded", "session.ended"]
        session = keys.session(keys.partition_of(person.id), tokens["session_id"])
        tombstone = await answer_of(stores.redis.hgetall(session))
        assert (tombstone.pop(b"e"), set(tombstone)) == (b"logout", {b"x"})
        assert (await browser.me(tokens["access_token"])).code == "token_revoked"


@pytest.mark.parametrize(("behind_ms", "applied"), [(None, 1), (5_000, 1), (3_661_000, 0)])
async def test_ends_wait_for_their_events(
    stores: Stores, behind_ms: int | None, applied: int
) -> None:
    """An end whose event may still be unread, and whose tombstone is gone, is not told twice."""
    records, scripts = (
        SessionRecords(Database(stores.engine)),
        ScriptClient(stores.redis, seconds=PATIENCE),
    )
    day = timedelta(days=1)
    policy = SessionPolicy(access_ttl=day, idle_ttl=day, max_ttl=day, replay_window=timedelta())
    person, now_ms = await stores.add_person(), time.time_ns() // 1_000_000
    session = Session(
        id=make_id(keys.partition_of(person.id), uuid4().bytes),
        user_id=person.id,
        created_ms=now_ms,
        last_used_ms=now_ms,
        ip="",
        device="",
        amr=("pwd",),
    )
    await records.add(session, Origin())
    await records.end(session.id, EndReason.LOGOUT)

    async def oldest_ms() -> int | None:
        return None if behind_ms is None else now_ms - behind_ms

    apply = ApplyEnds(records, LiveSessions(scripts, policy), oldest_ms, lambda: now_ms)
    await in_sql(stores, "update sessions set ended_at = ended_at - interval '1 h'")
    assert await apply() == applied
    assert await stores.unread() == applied
    await scripts.aclose()


class Bomb:
    """What whoever unpickles it runs."""

    def __init__(self, crater: Path) -> None:
        self.crater = crater

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.crater),)


async def test_jobs_are_json(stores: Stores, worker: Worker, tmp_path: Path) -> None:
    """arq's own jobs can be read as JSON, and a pickled one is not opened."""
    crater = tmp_path / "crater"
    seen: list[bytes] = []
    pickling = ArqRedis(stores.redis.connection_pool, default_queue_name=QUEUE)
    pickled = await pickling.enqueue_job("cron:heartbeat", Bomb(crater))
    assert pickled is not None
    with worker():

        async def caught() -> bool:
            names = await stores.redis.keys("arq:job:cron:*")
            seen.extend(job for job in await stores.redis.mget(["none", *names]) if job)
            return bool(seen) and await stores.redis.zscore(QUEUE, pickled.job_id) is None

        await wait_until(caught)
    assert not crater.exists()
    assert {json.loads(job)["f"] for job in seen} <= {f"cron:{job.name}" for job in JOBS}


@pytest.mark.parametrize("how", ["Redis well", "Redis killed", "Redis silent"])
async def test_stops_in_time(stores: Stores, worker: Worker, queue: ArqRedis, how: str) -> None:
    """SIGTERM ends it with exit code 0, in the middle of jobs and whatever Redis does."""
    with worker() as process:
        await tell(stores)
        await rows_reach(stores, 1)
        for _ in range(50):
            await queue.enqueue_job("cron:sweep_expired")
        if how == "Redis killed":
            stores.valkey.kill()
        elif how == "Redis silent":
            os.kill(stores.valkey.pid, signal.SIGSTOP)
        try:
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            if how == "Redis silent":
                os.kill(stores.valkey.pid, signal.SIGCONT)


async def test_a_job_under_way_is_finished_at_a_deploy(stores: Stores, worker: Worker) -> None:
    """SIGTERM in the middle of an export: it is made before the worker ends."""
    person = await stores.add_person()
    await in_sql(stores, ASK_FOR_EXPORT.format(person.id, uuid4()))
    async with stores.engine.connect() as blocking:
        await blocking.exec_driver_sql("lock table dead_letters in access exclusive mode")
        with worker() as process:

            async def under_way() -> object:
                return await stores.rows(WAITING)

            await wait_until(under_way)
            process.terminate()
            with pytest.raises(TimeoutExpired):
                process.wait(0.5)
            await blocking.rollback()
            assert process.wait(PATIENCE) == 0
    assert await stores.value("select count(*) from person_exports where made_at is not null") == 1


async def test_metrics_tell_of_workers(stores: Stores, worker: Worker, tmp_path: Path) -> None:
    """Any web process tells of every worker, its jobs and the streams' backlog; and goes on alone."""
    with web_process(stores.env, tmp_path / "web.log") as base:
        await tell(stores)
        before = scrape(base)
        assert before["inphora_events_backlog", "03"] == 1
        assert before["inphora_events_lag_seconds", "03"] > 0
        with worker():
            await rows_reach(stores, 1)

            async def told() -> Samples | Literal[False]:
                found = scrape(base)
                return ("inphora_job_last_done_age_seconds", "apply_ends") in found and found

            after = await wait_until(told)
        [counted] = [
            value for name, *_, value in flat(after) if name.endswith("events_stored_total")
        ]
        assert counted == 1
        assert after["inphora_events_backlog", "03"] == 0
        stores.valkey.kill()
        assert ("inphora_redis_breaker_trips_total",) in scrape(base)


def scrape(base: str) -> Samples:
    """Samples by name and the values of their labels."""
    with urlopen(f"{base}/metrics") as reply:  # noqa: S310 - our own http
        families = text_string_to_metric_families(reply.read().decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def flat(samples: Samples) -> list[tuple[Any, ...]]:
    """Each sample as one row."""
    return [(*key, value) for key, value in samples.items()]


def arq_check(env: dict[str, str]) -> int:
    """The exit code of the health check that docker-compose.yml runs."""
    return python("arq", "--check", "workers.main.WorkerSettings", env=env).returncode
