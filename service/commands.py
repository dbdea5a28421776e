"""What all commands need: the stores, opened for one piece of work, and how its end is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from secrets import token_bytes
from typing import TypeVar

import click
from redis.asyncio import Redis

from config.logging import configure_logging
from config.settings import Settings, read_settings
from service.domain.secrets import Sealer, at_rest
from service.refusals import refusals
from service.store.database import COMMAND_SECONDS as STATEMENT_SECONDS
from service.store.database import Database, open_engine
from service.store.event_log import EventLog
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient

REDIS_SECONDS = 2.0
"""Nobody queues behind a command: it waits longer than a request does."""
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
INSTANT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])
Tools = TypeVar("Tools")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores, and what opens secrets in them."""

    database: Database
    redis: Redis
    scripts: ScriptClient
    events: EventLog
    sealer: Sealer


@asynccontextmanager
async def open_stores(
    settings: Settings, *, seconds: float = STATEMENT_SECONDS
) -> AsyncIterator[Stores]:
    """For one command; no statement takes longer than `seconds`."""
    url = settings.database_url.get_secret_value()
    engine = open_engine(url, connections=2, seconds=seconds)
    patience = max(REDIS_SECONDS, settings.redis_timeout_ms / 1000)
    redis = open_redis(settings.redis_dsn, timeout=patience)
    scripts = ScriptClient(redis, seconds=patience)
    sealer = at_rest(settings.secrets, token_bytes)
    try:
        yield Stores(Database(engine), redis, scripts, EventLog(scripts), sealer)
    finally:
        await scripts.aclose()
        await redis.aclose()
        await engine.dispose()


def run(
    open_tools: Callable[[Settings], AbstractAsyncContextManager[Tools]],
    work: Callable[[Tools], Awaitable[T]],
) -> T:
    """Do a command's work with its tools; what goes wrong is one line and exit code 1."""
    settings = read_settings()
    configure_logging(level="error", form="console", process="cli")

    async def with_tools() -> T:
        async with open_tools(settings) as tools:
            return await work(tools)

    with refusals():
        return asyncio.run(with_tools())
