"""arq's entry point: resources, then the jobs that use them.

`python -m workers` supervises a worker through outages of Redis; `arq workers.main.WorkerSettings`
runs the same jobs and ends when Redis does.
"""

import asyncio
import contextlib
import gc
import json
import signal
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import structlog
import uvloop
from arq import cron
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker, create_worker
from redis.exceptions import RedisError

from config.logging import configure_logging
from config.settings import read_settings
from service.contracts import keys
from service.domain.sessions import SessionPolicy
from service.store.redis_pool import open_pool
from workers.resources import AuditPolicy, Resources, RetentionPolicy, open_resources

QUEUE = "auth:jobs"
QUEUE_SECONDS = 5.0
HEARTBEAT_LIFETIME_MS = 3_600_000
INGEST_ALIVE_SECONDS = 15.0
FIRST_BACKOFF, LAST_BACKOFF = 0.5, 5.0
GARBAGE_AFTER = 200_000
"""Objects between two looks for cycles: a batch makes thousands that need none, and looking after
each 700 took a fifth of the time of ingestion."""

log = structlog.get_logger(__name__)
Context = dict[str, Any]


settings = read_settings()


async def sweep_expired(ctx: Context) -> int:
    """End sessions past a limit."""
    return await _resources(ctx).sweep_expired()


async def apply_ends(ctx: Context) -> int:
    """Tell Redis of ends that were committed while it was away, or that it has lost."""
    await _resources(ctx).reapply_ends()
    return await _resources(ctx).apply_ends()


async def sweep_consumers(ctx: Context) -> int:
    """Forget the names of workers that are gone."""
    return await _resources(ctx).sweep_consumers()


async def keep_checkpoints(ctx: Context) -> int | None:
    """Sign where the audit's chains end, when it is time."""
    return await _resources(ctx).keep_checkpoints()


async def forget_unknown(ctx: Context) -> int:
    """Make unreadable what old events say of people whom nobody knows."""
    return await _resources(ctx).forget_unknown()


async def finish_erasures(ctx: Context) -> int:
    """Erase people whose time of grace is over; tell Redis of those of whom it has not heard."""
    return await _resources(ctx).finish_erasures()


async def make_exports(ctx: Context) -> int:
    """Make the archives that people asked for; drop those that expired."""
    return await _resources(ctx).make_exports()


async def keep_months(ctx: Context) -> int:
    """Make the audit's months ahead, and drop those past AUDIT_RETENTION_DAYS."""
    return await _resources(ctx).keep_months()


async def sweep_old(ctx: Context) -> Mapping[str, int]:
    """Delete rows that are past their time."""
    return await _resources(ctx).sweep_old()


async def heartbeat(ctx: Context) -> bool:
    """Prove that jobs run and that the streams are drained; `/api/health` reads it."""
    resources = _resources(ctx)
    draining = time.monotonic() - resources.ingest.last_pass < INGEST_ALIVE_SECONDS
    if draining:
        now_ms = time.time_ns() // 1_000_000
        await resources.redis.set(keys.HEARTBEAT, now_ms, px=HEARTBEAT_LIFETIME_MS)
    return draining


def resources_of_settings() -> AbstractAsyncContextManager[Resources]:
    """What jobs work with; while it is open the streams are drained."""
    days = settings.audit_retention_days
    return open_resources(
        redis_url=settings.redis_dsn,
        database_url=settings.database_url.get_secret_value(),
        secrets=settings.secrets,
        policy=SessionPolicy(
            access_ttl=settings.access_token_ttl,
            idle_ttl=settings.session_idle_ttl,
            max_ttl=settings.session_max_ttl,
            replay_window=settings.refresh_replay_seconds,
        ),
        audit_policy=AuditPolicy(
            checkpoint_every=settings.audit_checkpoint_seconds,
            checkpoint_sink=settings.audit_checkpoint_sink,
            unknown_kept=timedelta(days=settings.audit_unknown_days),
        ),
        exports_kept=settings.export_keep_seconds,
        retention=RetentionPolicy(
            audit=None if days is None else timedelta(days=days),
            sessions=timedelta(days=settings.session_retention_days),
        ),
    )


async def start(ctx: Context) -> None:
    """Open the resources of one worker, unless its supervisor lends it some."""
    if "resources" not in ctx:
        stack = ctx["stack"] = AsyncExitStack()
        ctx["resources"] = await stack.enter_async_context(resources_of_settings())


async def stop(ctx: Context) -> None:
    """Close them; safe to call twice."""
    stack = ctx.pop("stack", None)
    if stack is not None:
        await stack.aclose()


def to_json(value: Any) -> bytes:
    """Jobs and results as JSON: pickle would run code of whoever can write to Redis."""
    return json.dumps(value, default=str).encode()


def queue() -> ArqRedis:
    """arq's Redis, behind Sentinels or not, with every wait bounded; its own waits for ever."""
    pool = open_pool(settings.queue_dsn, timeout=QUEUE_SECONDS, connections=20, wait=QUEUE_SECONDS)
    return ArqRedis(pool, to_json, json.loads, default_queue_name=QUEUE)


def check_settings() -> RedisSettings:
    """Where `arq --check` looks; it knows no Sentinels."""
    plain = urlsplit(settings.queue_dsn).scheme in {"redis", "rediss", "unix"}
    return RedisSettings.from_dsn(settings.queue_dsn) if plain else RedisSettings()


class WorkerSettings:
    """What arq runs. Each job decides from SQL what is due, so a missed tick loses nothing."""

    cron_jobs: ClassVar = [
        cron(heartbeat, second=set(range(0, 60, 5)), keep_result=0),
        cron(apply_ends, second=set(range(3, 60, 10)), keep_result=0, timeout=60),
        cron(finish_erasures, second=set(range(5, 60, 10)), keep_result=0, timeout=60),
        cron(make_exports, second=set(range(2, 60, 5)), keep_result=0, timeout=300),
        cron(sweep_expired, second={10, 40}, keep_result=0, timeout=300),
        cron(sweep_consumers, minute=7, keep_result=0, timeout=60),
        cron(keep_checkpoints, second=set(range(7, 60, 10)), keep_result=0, timeout=300),
        cron(keep_months, minute=set(range(3, 60, 10)), keep_result=0, timeout=900),
        cron(sweep_old, minute=set(range(8, 60, 10)), keep_result=0, timeout=300),
        cron(forget_unknown, minute={17}, second={0}, keep_result=0, timeout=60),
    ]
    queue_name = QUEUE
    redis_pool = queue()
    redis_settings = check_settings()
    job_serializer = to_json
    job_deserializer = json.loads
    on_startup = start
    on_shutdown = stop
    max_jobs = 10
    health_check_interval = 15


async def supervise(stopping: asyncio.Event, resources: Resources) -> None:
    """Run workers until told to stop; a new one whenever an outage ended the last.

    Streams are drained meanwhile: a queue that is full or away is no reason to let events wait, and
    of a full Redis nothing else makes room.
    """
    backoff = FIRST_BACKOFF
    while not stopping.is_set():
        worker = create_worker(
            dict(vars(WorkerSettings)),
            handle_signals=False,
            redis_pool=queue(),
            ctx={"resources": resources},
        )
        running = asyncio.create_task(worker.async_run())
        ending = asyncio.create_task(stopping.wait())
        started = time.monotonic()
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        try:
            if running.done():
                await running
        except (RedisError, OSError) as error:
            log.warning("worker.redis_away", error=type(error).__name__, retry_seconds=backoff)
        finally:
            await close(worker, running)
        if time.monotonic() - started > LAST_BACKOFF:
            backoff = FIRST_BACKOFF
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), backoff)
        backoff = min(backoff * 2, LAST_BACKOFF)


async def close(worker: Worker, running: asyncio.Task[None]) -> None:
    """End a worker and its jobs, whatever Redis says to that."""
    with contextlib.suppress(asyncio.CancelledError, RedisError, OSError):
        await worker.close()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError, RedisError, OSError):
        await running
    await stop(worker.ctx)


async def run() -> None:
    """Supervise until SIGTERM or SIGINT."""
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with resources_of_settings() as resources:
        await supervise(stopping, resources)
    log.info("worker.stopped")


def main() -> None:
    """Run a supervised worker until it is told to stop."""
    configure_logging(level=settings.log_level, form=settings.log_format, process="worker")
    uvloop.run(run())


def _resources(ctx: Context) -> Resources:
    resources: Resources = ctx["resources"]
    return resources
