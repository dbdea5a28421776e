"""The service as real processes on given stores, and its main job in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from service.embedded import EmbeddedServer
from service.store.database import Database
from tests.conftest import SECRET_KEY
from tests.processes.stores import open_stores
from tests.support.people import TOTP_SECRET, Browser
from tests.support.processes import running, web_process
from tests.support.story import (
    SAID_BY_TWO_FACTORS,
    audited,
    sign_in_by_two_factors_refresh_sign_out,
)
from tests.support.waiting import REDIS_TIMEOUT_MS


def settings(database_url: str, redis: EmbeddedServer) -> dict[str, str]:
    """The environment of processes on these stores."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis.url,
        "SECRET_KEY": SECRET_KEY,
        "LOG_LEVEL": "warning",
        "REDIS_TIMEOUT_MS": REDIS_TIMEOUT_MS,
    }


@contextmanager
def service(env: dict[str, str], logs: Path) -> Iterator[str]:
    """One web process and one worker; the base URL of the web process."""
    with (
        running("workers", env=env, log=logs / "worker.log"),
        web_process(env, logs / "web.log") as base,
    ):
        yield base


async def do_main_job(base: str, database_url: str, redis: EmbeddedServer) -> None:
    """The story by HTTP at `base`, and its rows in the audit of the database."""
    async with (
        open_stores(settings(database_url, redis), redis) as stores,
        aiohttp.ClientSession() as http,
    ):
        person = await stores.add_person(totp_secret=TOTP_SECRET)
        await sign_in_by_two_factors_refresh_sign_out(Browser(http, base), person)
        await audited(Database(stores.engine), person, SAID_BY_TWO_FACTORS)
