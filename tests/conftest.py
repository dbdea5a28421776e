"""Real servers for all tests that want them; started once, on first use."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpClient
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from config.settings import Settings
from service.app import build_app
from service.domain.secrets import Sealer, derive_key
from service.embedded import EmbeddedServer, start_valkey
from service.store.database import Database, open_engine
from service.store.password_hasher import PasswordHasher
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from service.store.users import UserRecords
from service.web.server import Runner
from tests.support.databases import Databases
from tests.support.examples import load_profile
from tests.support.hosting import Hosting, hosting
from tests.support.people import PASSWORD, Browser, Person
from tests.support.quick_hashes import hash_quickly
from tests.support.waiting import PATIENCE, REDIS_TIMEOUT_MS
from tests.web.wire import Served

load_profile()
hash_quickly()

SECRET_KEY = "k" * 40
pytest_plugins = [
    "tests.plugins.shared_postgres",
    "tests.plugins.own_stores",
    "tests.plugins.servers",
    "tests.plugins.ran_on",
    "tests.plugins.plain_logs",
    "tests.plugins.quick_garbage",
]

MakeSettings = Callable[..., Settings]
MakePerson = Callable[..., Awaitable[Person]]
Serve = Callable[[Settings], Awaitable[Browser]]
ServeForReal = Callable[[Settings], Awaitable[Served]]
Share = Callable[[Settings], Browser]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A Valkey for the whole run: do not empty, stop or slow it."""
    with start_valkey(tmp_path_factory.mktemp("valkey"), durable=False) as server:
        yield server


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A Valkey of one's own, with its append-only file, to do anything with."""
    with start_valkey(tmp_path / "valkey") as server:
        yield server


@pytest.fixture
def environment(postgres: Databases, valkey: EmbeddedServer) -> dict[str, str]:
    """The settings of a process on the shared servers."""
    return {
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "SECRET_KEY": SECRET_KEY,
        "LOG_LEVEL": "warning",
        "REDIS_TIMEOUT_MS": REDIS_TIMEOUT_MS,
    }


@cache
def _settings(given: frozenset[tuple[str, Any]]) -> Settings:
    """Made once, for they cannot change, and `clean_environment` adds nothing: it takes 10 ms."""
    return Settings(**dict(given))


@pytest.fixture
def make_settings(environment: dict[str, str]) -> MakeSettings:
    """Settings on the shared servers, with changes."""

    def make(**changes: Any) -> Settings:
        given = {**{name.lower(): value for name, value in environment.items()}, **changes}
        return _settings(frozenset(given.items()))

    return make


@pytest.fixture
async def engine(postgres: Databases) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(postgres.url, connections=4, seconds=PATIENCE)
    yield engine
    await engine.dispose()


@pytest.fixture
def database(engine: AsyncEngine) -> Database:
    return Database(engine)


@pytest.fixture
async def redis(valkey: EmbeddedServer) -> AsyncIterator[Redis]:
    """A client of the shared Valkey."""
    client = open_redis(valkey.url, timeout=PATIENCE)
    yield client
    await client.aclose()


@pytest.fixture
async def scripts(redis: Redis) -> AsyncIterator[ScriptClient]:
    client = ScriptClient(redis, seconds=PATIENCE)
    yield client
    await client.aclose()


def now_ms() -> int:
    """This machine's clock."""
    return time.time_ns() // 1_000_000


async def add_person(
    database: Database, *, roles: Sequence[str] = (), totp_secret: str | None = None
) -> Person:
    """Somebody new in a database."""
    sealer = Sealer([derive_key(SECRET_KEY, "at rest")], token_bytes)
    user_id, email = str(uuid4()), f"{token_hex(6)}@people.example"

    async def announce(_: object) -> None:
        return None

    await UserRecords(database).create(
        user_id=user_id,
        email=email,
        name="A Person",
        roles=roles,
        password_hash=PASSWORD_HASH,
        totp_secret=sealer.seal(totp_secret.encode(), context=f"totp/{user_id}")
        if totp_secret
        else None,
        announce=announce,
    )
    return Person(user_id, email)


@pytest.fixture
def make_person(database: Database) -> MakePerson:
    """Adds a person of their own to a test."""
    return partial(add_person, database)


@pytest.fixture
async def person(make_person: MakePerson) -> Person:
    """Somebody without a role or a second factor."""
    return await make_person()


@pytest.fixture
def serve(aiohttp_client: AiohttpClient) -> Serve:
    """Serves an application of given settings in this process."""

    async def start(settings: Settings) -> Browser:
        return Browser(await aiohttp_client(build_app(settings)))

    return start


@pytest.fixture
async def serve_for_real() -> AsyncIterator[ServeForReal]:
    """Serves an application of given settings by the server that processes use."""
    runners = []

    async def start(settings: Settings) -> Served:
        runner = Runner(build_app(settings))
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return Served(*runner.addresses[0])

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(scope="session")
def host() -> Iterator[Hosting]:
    """Serves an application of given settings to all tests that want the same."""
    with hosting() as started:
        yield started


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections and cookies of one test."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
def share(host: Hosting, http: aiohttp.ClientSession) -> Share:
    """A client of the shared application of given settings: change nothing in its process."""
    return lambda settings: Browser(http, host(settings).base)


@pytest.fixture
def browser(share: Share, make_settings: MakeSettings) -> Browser:
    """A client of the service on the shared servers, with default settings."""
    return share(make_settings())


def _hash() -> str:
    hasher = PasswordHasher(threads=1)
    try:
        return hasher._argon2.hash(PASSWORD)
    finally:
        hasher.close()


PASSWORD_HASH = _hash()
