"""Both Redises: fakeredis for speed, a real Valkey for truth."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_bytes
from uuid import uuid4

import fakeredis
import pytest
from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.events import Event
from service.domain.ids import make_id
from service.domain.sessions import Origin, Session, SessionPolicy
from service.domain.users import Account, User
from service.store.live_sessions import LiveSessions
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from tests.support.waiting import PATIENCE

POLICY = SessionPolicy(
    access_ttl=timedelta(minutes=15),
    idle_ttl=timedelta(days=1),
    max_ttl=timedelta(days=30),
    replay_window=timedelta(seconds=10),
)
BEGIN_MS = 1_700_000_000_000
ORIGIN = Origin(ip="192.0.2.7", user_agent="test", request_id="r-1")


class ScriptsWithoutFlags(dict[bytes, bytes]):
    """fakeredis knows no `#!lua` line; its scripts are kept without, under their own names."""

    def __setitem__(self, sha: bytes, source: bytes) -> None:
        super().__setitem__(sha, b"--" + source if source.startswith(b"#!lua") else source)


def open_fake() -> Redis:
    """A Redis in this process, which forgets its scripts on SCRIPT FLUSH like a real one."""
    server = fakeredis.FakeServer()
    server.script_cache = ScriptsWithoutFlags()
    return fakeredis.FakeAsyncRedis(server=server)


@dataclass
class Clock:
    """The store's clock, in the test's hands."""

    now_ms: int = BEGIN_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class World:
    """One person's session in one store."""

    redis: Redis
    scripts: ScriptClient
    clock: Clock
    user_id: str = field(default_factory=lambda: str(uuid4()))
    since: str = field(default_factory=lambda: str(time.time_ns() // 1_000_000 - 1))

    @property
    def partition(self) -> int:
        return keys.partition_of(self.user_id)

    @property
    def account(self) -> Account:
        user = User(
            id=self.user_id,
            email="a@people.example",
            name="",
            roles=(),
            mfa_enabled=False,
            created_at="2026-01-01T00:00:00.000Z",
        )
        return Account(
            user=user,
            version=1,
            credentials=1,
            password_hash=None,
            totp_secret=None,
            totp_pending=None,
            disabled_at=None,
        )

    def live(self, policy: SessionPolicy = POLICY) -> LiveSessions:
        return LiveSessions(self.scripts, policy, clock=self.clock)

    def session(self) -> Session:
        return Session(
            id=make_id(self.partition, token_bytes(16)),
            user_id=self.user_id,
            created_ms=self.clock.now_ms,
            last_used_ms=self.clock.now_ms,
            ip="192.0.2.7",
            device="Chrome on Linux",
            amr=("pwd",),
        )

    async def open(self, policy: SessionPolicy = POLICY) -> Session:
        session = self.session()
        await self.live(policy).open(session, self.account, ORIGIN)
        return session

    async def key(self, session: Session) -> str:
        return keys.session(self.partition, session.id)

    async def events(self) -> list[Event]:
        """Everything said of this person so far."""
        entries = await self.redis.xrange(keys.events(self.partition), min=self.since)
        found = [Event.read(fields) for _, fields in entries]
        return [event for event in found if event.user_id == self.user_id]

    async def said(self) -> list[str]:
        return [event.type.value for event in await self.events()]


@pytest.fixture(params=["fake", "real"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A person in a store; the rules hold on both kinds."""
    if request.param == "fake":
        redis = open_fake()
    else:
        redis = open_redis(request.getfixturevalue("valkey").url, timeout=PATIENCE)
    scripts = ScriptClient(redis, seconds=PATIENCE)
    yield World(redis, scripts, Clock())
    await scripts.aclose()
    await redis.aclose()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The real half needs servers."""
    for item in items:
        if "[real" in item.name:
            item.add_marker(pytest.mark.server)
