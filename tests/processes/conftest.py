"""Stores of one's own: their rows can be counted, and they can be broken."""

from collections.abc import AsyncIterator, Callable, Iterator
from secrets import token_hex

import aiohttp
import pytest
from sqlalchemy import make_url

from service.embedded import EmbeddedServer
from service.store.migrations.run import migrate
from tests.conftest import SECRET_KEY
from tests.processes.stores import Stores, open_stores
from tests.support.people import Browser
from tests.support.servers.postgresql import in_postgres


@pytest.fixture
def empty_database(postgres: EmbeddedServer) -> Iterator[str]:
    """The address of a database without a schema."""
    name = f"own_{token_hex(6)}"
    in_postgres(postgres, f"create database {name}")
    yield make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
    in_postgres(postgres, f"drop database {name} with (force)")


@pytest.fixture
def own_environment(empty_database: str, own_valkey: EmbeddedServer) -> dict[str, str]:
    """The settings of processes on an empty database and a Valkey that nobody else uses."""
    return {
        "DATABASE_URL": empty_database,
        "REDIS_URL": own_valkey.url,
        "SECRET_KEY": SECRET_KEY,
        "LOG_LEVEL": "warning",
    }


@pytest.fixture
def migrated(own_environment: dict[str, str]) -> dict[str, str]:
    """The same, and the database has its schema."""
    migrate(own_environment["DATABASE_URL"])
    return own_environment


@pytest.fixture
async def stores(migrated: dict[str, str], own_valkey: EmbeddedServer) -> AsyncIterator[Stores]:
    """A database and a Valkey of one's own."""
    async with open_stores(migrated, own_valkey) as opened:
        yield opened


@pytest.fixture
async def visit() -> AsyncIterator[Callable[[str], Browser]]:
    """Makes a client of a running service; it may open as many connections as it likes."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        yield lambda base: Browser(http, base)
