"""Redis fails in every way we know, under real load over HTTP; then the books are balanced.

Each fault runs for a short while by default; FAULT_SECONDS makes it longer (`make faults`).
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from uuid import uuid4

import aiohttp
import pytest
from sqlalchemy import select, text

from service.contracts import keys
from service.contracts.tables import audit_log, sessions
from service.embedded import EmbeddedServer
from service.store.database import Database, open_engine
from service.store.migrations.run import migrate
from service.store.redis_pool import open_redis
from tests.conftest import add_person
from tests.faults.journal import Journal, reconcile
from tests.faults.load import Client
from tests.faults.proxy import Mode, Proxy
from tests.support.people import Browser
from tests.support.processes import running, web_process
from tests.support.waiting import wait_until

SECONDS = float(os.environ.get("FAULT_SECONDS", "3"))
CLIENTS = 8
BACK_SECONDS = 5.0


@dataclass
class Stage:
    """What a fault may act on."""

    valkey: EmbeddedServer
    proxy: Proxy


@asynccontextmanager
async def command(stage: Stage) -> AsyncIterator[object]:
    """A client of the server itself, past the proxy."""
    redis = open_redis(stage.valkey.url, timeout=10)
    try:
        yield redis
    finally:
        await redis.aclose()


async def killed(stage: Stage) -> None:
    """Killed and started again from its append-only file."""
    stage.valkey.kill()
    await asyncio.sleep(SECONDS / 3)
    await asyncio.to_thread(stage.valkey.restart)


async def stopped(stage: Stage) -> None:
    """Takes connections and never answers."""
    os.kill(stage.valkey.pid, signal.SIGSTOP)
    await asyncio.sleep(SECONDS)
    os.kill(stage.valkey.pid, signal.SIGCONT)


def proxied(mode: Mode) -> Callable[[Stage], Awaitable[None]]:
    """The network fails."""

    async def fault(stage: Stage) -> None:
        stage.proxy.mode = mode
        await asyncio.sleep(SECONDS)
        stage.proxy.mode = Mode.PASS

    return fault


async def emptied(stage: Stage) -> None:
    """FLUSHALL, twice."""
    async with command(stage) as redis:
        for _ in range(2):
            await redis.flushall()
            await asyncio.sleep(SECONDS / 2)


async def full(stage: Stage) -> None:
    """No memory for another write."""
    async with command(stage) as redis:
        await redis.config_set("maxmemory", "1mb")
        await asyncio.sleep(SECONDS)
        await redis.config_set("maxmemory", "0")


async def scripts_forgotten(stage: Stage) -> None:
    """SCRIPT FLUSH, again and again."""
    async with command(stage) as redis:
        for _ in range(10):
            await redis.script_flush()
            await asyncio.sleep(SECONDS / 10)


async def streams_deleted(stage: Stage) -> None:
    """Somebody deletes the event streams, groups and all."""
    async with command(stage) as redis:
        await redis.delete(*[keys.events(p) for p in range(keys.PARTITIONS)])
    await asyncio.sleep(SECONDS)


@pytest.fixture
async def own_database(postgres) -> AsyncIterator[tuple[str, Database]]:
    """A database of one's own, so that every row is this test's."""
    name = f"faults_{uuid4().hex}"
    admin = open_engine(postgres.url, connections=1)
    async with admin.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text(f"create database {name}"))
    await admin.dispose()
    url = postgres.url.rpartition("/")[0] + "/" + name
    await asyncio.to_thread(migrate, url)
    engine = open_engine(url, connections=4)
    yield url, Database(engine)
    await engine.dispose()


@pytest.mark.parametrize(
    ("fault", "events_lost"),
    [
        pytest.param(killed, False, id="killed and restarted"),
        pytest.param(stopped, False, id="stopped"),
        pytest.param(proxied(Mode.SLOW), False, id="slow"),
        pytest.param(proxied(Mode.CUT), False, id="replies cut in their middle"),
        pytest.param(proxied(Mode.SILENT), False, id="partitioned"),
        pytest.param(emptied, True, id="emptied"),
        pytest.param(full, False, id="at maxmemory"),
        pytest.param(scripts_forgotten, False, id="scripts forgotten"),
        pytest.param(streams_deleted, True, id="streams deleted"),
    ],
)
async def test_fault(fault, events_lost, own_database, own_valkey, tmp_path: Path):
    """Nobody is signed out, nothing dead is accepted, nothing is lost, and it heals by itself."""
    url, tables = own_database
    journal, stop = Journal(), asyncio.Event()
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(Proxy(own_valkey.port))
        env = {
            "DATABASE_URL": url,
            "REDIS_URL": own_valkey.url.replace(f":{own_valkey.port}", f":{proxy.port}"),
            "SECRET_KEY": "k" * 40,
            "LOG_LEVEL": "warning",
            "RATE_LIMITS": "off",
            "ACCESS_TOKEN_TTL": "60",
        }
        worker_env = {**env, "REDIS_URL": own_valkey.url}
        log = tmp_path / "log"
        stack.enter_context(running("workers", env=worker_env, log=log))
        bases = [
            await asyncio.to_thread(stack.enter_context, web_process(env, log)) for _ in range(2)
        ]
        http = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        )
        doors = [Browser(http, base) for base in bases]
        people = [await add_person(tables) for _ in range(CLIENTS)]
        clients = [
            Client(doors, person, journal, random.Random(i))  # noqa: S311 - the same dice each time
            for i, person in enumerate(people)
        ]
        lives = [asyncio.create_task(client.live(stop)) for client in clients]
        await asyncio.sleep(SECONDS / 2)
        before = sum(journal.statuses.values())
        assert before > CLIENTS * 5, journal.statuses

        await fault(Stage(own_valkey, proxy))
        healed = monotonic()
        await asyncio.sleep(BACK_SECONDS + 1)
        stop.set()
        await asyncio.gather(*lives)

        assert journal.last_failure < healed + BACK_SECONDS, "still failing after it healed"
        await _drained(own_valkey, tables, journal)
        async with tables.transaction() as connection:
            audit = (await connection.execute(select(audit_log))).all()
            rows = (await connection.execute(select(sessions))).all()
    broken = reconcile(journal, audit, rows, events_lost=events_lost)
    assert broken == [], (broken[:20], journal.statuses)
    assert journal.ended, "nobody signed out: the run proves too little"
    assert journal.rotations


async def _drained(valkey: EmbeddedServer, tables: Database, journal: Journal) -> None:
    """Return when the workers have stored and applied everything."""
    redis = open_redis(valkey.url, timeout=10)

    async def dry() -> bool:
        lengths = [await redis.xlen(keys.events(p)) for p in range(keys.PARTITIONS)]
        async with tables.transaction() as connection:
            query = select(sessions.c.id).where(
                sessions.c.ended_at.is_not(None), sessions.c.end_applied.is_(False)
            )
            unapplied = (await connection.execute(query)).all()
        return not any(lengths) and not unapplied

    await wait_until(dry, seconds=60)
    await redis.aclose()
