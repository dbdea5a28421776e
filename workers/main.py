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
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import structlog
import uvloop
from arq import cron
from arq.connections import ArqRedis, RedisSettings
from arq.cron import CronJob
from arq.worker import Worker, create_worker
from redis.exceptions import RedisError

from config.logging import configure_logging
from config.settings import read_settings
from service.domain.reach import Reach
from service.domain.sessions import SessionPolicy
from service.store.countries import CountriesUnreadableError
from service.store.redis_pool import open_pool
from workers.jobs import JOBS, Job
from workers.resources import (
    AnalyticsPolicy,
    AuditPolicy,
    KeyPolicy,
    MailPolicy,
    Resources,
    RetentionPolicy,
    WebhookPolicy,
    open_resources,
)

QUEUE = "auth:jobs"
QUEUE_SECONDS = 5.0
FINISHING_SECONDS = 10.0
"""For jobs under way at SIGTERM; with webhooks under way after them it stays below 25 s."""
STOPPING_SECONDS = 5.0
FIRST_BACKOFF, LAST_BACKOFF = 0.5, 5.0
GARBAGE_AFTER = 200_000
"""Objects between two looks for cycles: a batch makes thousands that need none, and looking after
each 700 took a fifth of the time of ingestion."""

log = structlog.get_logger(__name__)
Context = dict[str, Any]


settings = read_settings()


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
            checkpoint_token=settings.checkpoint_token,
            unknown_kept=timedelta(days=settings.audit_unknown_days),
        ),
        exports_kept=settings.export_keep_seconds,
        analytics=AnalyticsPolicy(
            client=settings.jwt_audience,
            test_domains=settings.analytics_test_domains,
            countries=settings.geoip_file,
        ),
        webhook_policy=WebhookPolicy(
            reach=Reach(settings.webhook_private_addresses),
            kept=timedelta(days=settings.webhook_keep_days),
        ),
        mail_policy=MailPolicy(
            smtp_url=settings.mail_server,
            folder=settings.mail_dir,
            sender=settings.mail_from,
            product=settings.product_name,
            templates=settings.mail_templates,
        ),
        retention=RetentionPolicy(
            audit=None if days is None else timedelta(days=days),
            sessions=timedelta(days=settings.session_retention_days),
        ),
        zones=settings.analytics_timezones,
        signing=KeyPolicy(algorithm=settings.jwt_algorithm, days=settings.signing_key_days),
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


def scheduled(job: Job) -> CronJob:
    """A job as arq runs it. It ends by its own limit, which arq's only stands behind."""

    async def run(ctx: Context) -> None:
        resources: Resources = ctx["resources"]
        await resources.runs(job.name, lambda: job.run(resources), seconds=job.seconds)

    minutes, seconds = job.ticks()
    return cron(
        run,
        name=f"cron:{job.name}",
        minute=minutes,
        second=seconds,
        timeout=job.seconds + STOPPING_SECONDS,
        keep_result=0,
    )


class WorkerSettings:
    """What arq runs."""

    cron_jobs: ClassVar = [scheduled(job) for job in JOBS]
    queue_name = QUEUE
    redis_pool = queue()
    redis_settings = check_settings()
    job_serializer = to_json
    job_deserializer = json.loads
    on_startup = start
    on_shutdown = stop
    max_jobs = 10
    job_completion_wait = FINISHING_SECONDS
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
    """End a worker, whatever Redis says to that: jobs under way may finish, the rest is cut short.

    What was cut short is due again in SQL.
    """
    worker.allow_pick_jobs = False
    if jobs := [task for task in worker.tasks.values() if not task.done()]:
        await asyncio.wait(jobs, timeout=FINISHING_SECONDS)
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
    try:
        uvloop.run(run())
    except CountriesUnreadableError as error:
        message = f"inphora-auth: GEOIP_FILE: {error}"
        raise SystemExit(message) from None
