"""Stores of a test's own: their rows can be counted, and they can be broken."""

from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
import pytest

from service.embedded import EmbeddedServer
from tests.conftest import SECRET_KEY
from tests.processes.stores import Stores, open_stores
from tests.support.databases import PRISTINE, Databases
from tests.support.people import Browser
from tests.support.waiting import REDIS_TIMEOUT_MS


@pytest.fixture
def empty_database(postgres: Databases) -> Iterator[str]:
    """The address of a database without a schema."""
    with postgres.clone(PRISTINE) as url:
        yield url


@pytest.fixture(scope="module")
def fresh_database(postgres: Databases) -> Iterator[str]:
    """A migrated database for one file of tests."""
    with postgres.clone() as url:
        yield url


@pytest.fixture
def migrated(postgres: Databases, own_valkey: EmbeddedServer) -> Iterator[dict[str, str]]:
    """The settings of processes on a migrated database and a Valkey that nothing else uses."""
    with postgres.clone() as url:
        yield {
            "DATABASE_URL": url,
            "REDIS_URL": own_valkey.url,
            "SECRET_KEY": SECRET_KEY,
            "LOG_LEVEL": "warning",
            "REDIS_TIMEOUT_MS": REDIS_TIMEOUT_MS,
        }


@pytest.fixture
async def stores(migrated: dict[str, str], own_valkey: EmbeddedServer) -> AsyncIterator[Stores]:
    """The stores of these settings."""
    async with open_stores(migrated, own_valkey) as opened:
        yield opened


@pytest.fixture
async def visit() -> AsyncIterator[Callable[[str], Browser]]:
    """Makes a client of a running service; it may open as many connections as it likes."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        yield lambda base: Browser(http, base)
