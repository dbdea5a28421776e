"""A service on its own stores: two web processes, a worker, and people who use them."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

import aiohttp
from sqlalchemy import select

from service.contracts import keys
from service.contracts.tables import audit_log, sessions
from service.domain.sessions import SessionPolicy
from service.store.database import Database, open_engine
from service.store.redis_pool import open_redis
from tests.conftest import SECRET_KEY, add_person
from tests.faults.books import Damage, missing, reconcile
from tests.faults.journal import FULL, Journal
from tests.faults.load import Client, at_work
from tests.support.people import Browser, Person
from tests.support.processes import running, web_process
from tests.support.waiting import PATIENCE, wait_until
from workers.resources import open_resources

SECONDS = float(os.environ.get("FAULT_SECONDS", "1.5"))
"""How long a fault lasts."""
REDIS_TIMEOUT_MS = 250 if FULL else 750
"""The default, or what a machine that is busy with a whole test run never takes for an outage."""
CLIENTS = 8 if FULL else 6
QUIET_SECONDS = 1.0
"""After so long without a trouble it is over."""
BACK_SECONDS = 5.0 if FULL else PATIENCE
"""Promised for a machine that does nothing else: `make faults` measures it."""
ANSWER_SECONDS = 10.0 if FULL else PATIENCE
ACCESS_TTL = timedelta(minutes=1)
DAY = timedelta(days=1)
POLICY = SessionPolicy(
    access_ttl=ACCESS_TTL, idle_ttl=DAY, max_ttl=30 * DAY, replay_window=timedelta(seconds=10)
)


@dataclass(frozen=True)
class Stage:
    """Where a fault happens. `redis_url` leads past whatever stands before the service."""

    redis_url: str
    database_url: str
    tables: Database
    doors: tuple[Browser, ...]
    log: Path

    @asynccontextmanager
    async def command(self) -> AsyncIterator[Any]:
        """A client of Redis itself."""
        redis = open_redis(self.redis_url, timeout=PATIENCE)
        try:
            yield redis
        finally:
            await redis.aclose()


@asynccontextmanager
async def open_stage(
    *, redis_url: str, database_url: str, log: Path, env: Mapping[str, str]
) -> AsyncIterator[Stage]:
    """Start all of it. `env` says how the service reaches Redis, if not by `redis_url`."""
    async with AsyncExitStack() as stack:
        common = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": SECRET_KEY,
            "LOG_LEVEL": "warning",
            "RATE_LIMITS": "off",
            "REDIS_TIMEOUT_MS": str(REDIS_TIMEOUT_MS),
            "ACCESS_TOKEN_TTL": str(ACCESS_TTL // timedelta(seconds=1)),
            **env,
        }
        stack.enter_context(running("workers", env=common, log=log))
        bases = await asyncio.gather(
            *[asyncio.to_thread(stack.enter_context, web_process(common, log)) for _ in range(2)]
        )
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        engine = open_engine(database_url, connections=4, seconds=PATIENCE)
        stack.push_async_callback(engine.dispose)
        doors = tuple(Browser(http, base) for base in bases)
        yield Stage(redis_url, database_url, Database(engine), doors, log)


async def suffer(
    stage: Stage, fault: Callable[[Sequence[Person]], Awaitable[Damage]], name: str
) -> None:
    """Let people use the service while a fault comes and goes; then balance the books."""
    journal = Journal()
    people = [await add_person(stage.tables) for _ in range(CLIENTS)]
    clients = [
        Client(stage.doors, person, journal, random.Random(i))  # noqa: S311 - the same each time
        for i, person in enumerate(people)
    ]
    async with at_work(clients):
        await _more(journal, CLIENTS * 8)
        damage = await fault(people)
        healed = monotonic()
        await _whole_again(journal, healed)
    late = [round(trouble - healed, 1) for trouble in journal.troubles if trouble > healed]
    back = max(late, default=0.0)

    await _stored(stage)
    ids = [person.id for person in people]
    async with stage.tables.transaction() as connection:
        query = select(audit_log).where(audit_log.c.user_id.in_(ids))
        audit = (await connection.execute(query)).all()
        rows = (await connection.execute(select(sessions).where(sessions.c.user_id.in_(ids)))).all()
    broken = reconcile(journal, audit, rows, damage)
    print(  # noqa: T201 - `make faults` shows it
        f"{name}: back after {back:.1f} s, {journal.answers} answers, slowest "
        f"{journal.slowest:.2f} s, {len(journal.ended)} sign-outs, {len(audit)} events, "
        f"{len(missing(journal, audit))} lost; {dict(sorted(journal.statuses.items()))}"
    )
    assert broken == [], (broken[:20], journal.statuses, stage.log.read_text()[-4000:])
    assert back < BACK_SECONDS, (late, journal.statuses, stage.log.read_text()[-4000:])
    assert journal.ended, "nobody signed out: the run proves too little"


async def _more(journal: Journal, answers: int) -> None:
    """Wait for so many more answers."""
    goal = journal.answers + answers

    async def reached() -> bool:
        return journal.answers >= goal

    await wait_until(reached)


async def _whole_again(journal: Journal, healed: float) -> None:
    """Wait until nobody has been in trouble for a while, though all went on."""

    async def quiet() -> bool:
        return monotonic() - max([healed, *journal.troubles[-1:]]) > QUIET_SECONDS

    await wait_until(quiet)
    await _more(journal, CLIENTS * 4)


async def _stored(stage: Stage) -> None:
    """Return when the workers have stored every event and applied every end.

    The short form does not wait until an end has settled: the load is over, so all of them have.
    """
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(stage.command())
        opened = await stack.enter_async_context(
            open_resources(
                redis_url=stage.redis_url,
                database_url=stage.database_url,
                secrets=[SECRET_KEY],
                policy=POLICY,
            )
        )
        apply_ends = replace(opened.apply_ends, settling_ms=-1000)

        async def dry() -> bool:
            lengths = [await redis.xlen(keys.events(p)) for p in range(keys.PARTITIONS)]
            if any(lengths):
                return False
            if not FULL:
                await apply_ends()
            return not await opened.apply_ends.records.unapplied(before_ms=time_ns() // 1_000_000)

        await wait_until(dry)
