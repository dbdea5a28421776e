"""What a session costs Valkey in memory, and whether refresh minds how many there are.

Sessions are opened by the store's own scripts, one a person, in portions. After each portion what
is not the session (its event on a stream, its cached user) is measured and deleted: workers and
lifetimes do the same in real life. What then remains is the sessions, their keys and all that the
server needs to find and expire them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from bench.rounds import percentile
from bench.routes import AGENT
from service.contracts import keys
from service.domain.ids import RANDOM_BYTES, make_id, partition_in
from service.domain.sessions import Origin, Rotation, Session, SessionPolicy
from service.domain.users import Account, User
from service.embedded import start_valkey
from service.store.live_sessions import LiveSessions
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient

POLICY = SessionPolicy(
    access_ttl=timedelta(minutes=15),
    idle_ttl=timedelta(days=1),
    max_ttl=timedelta(days=30),
    replay_window=timedelta(seconds=10),
)
FEW = 1000
PORTION = 50_000
TOGETHER = 500
REFRESHES = 2000
PASSES = 3
DELETED_AT_ONCE = 5000
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCost:
    """Refreshes, one after the other, of random sessions among so many.

    `script_us` is what Valkey itself spent on one; the latencies are the client's, round trip and
    Python included.
    """

    sessions: int
    p50_ms: float
    p99_ms: float
    script_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFigures:
    """Bytes of `used_memory` a session, by what they are for."""

    sessions: int
    opened_per_second: float
    session_bytes: float
    event_bytes: float
    user_bytes: float
    hash_bytes: int
    encoding: str
    server: str
    refreshes: list[RefreshCost]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def text(self) -> str:
        hash_told = f"hash ({self.encoding}; {self.hash_bytes} by MEMORY USAGE)"
        lines = [
            f"{self.server}, {self.sessions:,} sessions of as many people, bytes a session:",
            f"  {self.session_bytes:7.1f}  the session: {hash_told}, key, lifetime",
            f"  {self.event_bytes:7.1f}  its event, until a worker has stored it",
            f"  {self.user_bytes:7.1f}  the cached user, for five minutes",
            f"opened {self.opened_per_second:,.0f} a second, by one client",
            "",
            "refresh, one at a time:     p50 ms   p99 ms   in Valkey µs",
        ]
        lines += [
            f"  among {cost.sessions:>12,}   {cost.p50_ms:9.3f}{cost.p99_ms:9.3f}{cost.script_us:15.1f}"
            for cost in self.refreshes
        ]
        return "\n".join(lines)


async def measure_memory(home: Path, count: int, say: Callable[[str], None]) -> MemoryFigures:
    """Open `count` sessions in a Valkey of their own and measure them."""
    with start_valkey(home / "valkey", durable=False) as valkey:
        async with _connected(valkey.url) as (redis, live):
            return await _Census(redis, live).take(count, say)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[tuple[Redis, LiveSessions]]:
    redis = open_redis(url, timeout=PATIENCE_SECONDS)
    scripts = ScriptClient(redis)
    try:
        await scripts.load_scripts()
        yield redis, LiveSessions(scripts, POLICY)
    finally:
        await scripts.aclose()
        await redis.aclose()


@dataclass(slots=True)
class _Census:
    redis: Redis
    live: LiveSessions
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - no secrets here
    ids: list[str] = field(default_factory=list)
    generations: dict[str, int] = field(default_factory=dict)

    async def take(self, count: int, say: Callable[[str], None]) -> MemoryFigures:
        await self._warm_up()
        empty = await self._used()
        opening = events = users = 0.0
        refreshes: list[RefreshCost] = []
        while len(self.ids) < count:
            portion = min(PORTION, count - len(self.ids)) if refreshes else FEW
            started, before = perf_counter(), await self._used()
            people = await self._open(portion)
            opening += perf_counter() - started
            full = await self._used()
            await self._delete(keys.events(partition) for partition in range(keys.PARTITIONS))
            without_events = await self._used()
            await self._delete(keys.user(keys.partition_of(person), person) for person in people)
            without_users = await self._used()
            events += full - without_events
            users += without_events - without_users
            say(
                f"{len(self.ids):>10,} sessions"
                f"  {(without_users - before) / portion:6.0f} bytes each of the last {portion:,}"
            )
            if not refreshes:
                refreshes.append(await self._refresh())
        held = await self._used() - empty
        session_key = self._session_key(self.ids[-1])
        refreshes.append(await self._refresh())
        info = await self.redis.info("server")
        return MemoryFigures(
            sessions=count,
            opened_per_second=count / opening,
            session_bytes=held / count,
            event_bytes=events / count,
            user_bytes=users / count,
            hash_bytes=int(await self.redis.memory_usage(session_key)),
            encoding=(await self.redis.object("encoding", session_key)).decode(),
            server=f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}",
            refreshes=refreshes,
        )

    async def _warm_up(self) -> None:
        """Let connections, their buffers and the scripts' compiled forms be there."""
        await self._open(TOGETHER)
        await self._refresh()
        await self.redis.flushdb()
        self.ids.clear()
        self.generations.clear()

    async def _open(self, count: int) -> list[str]:
        """Open sessions; the ids of the people."""
        people: list[str] = []
        for start in range(0, count, TOGETHER):
            some = [self._person() for _ in range(min(TOGETHER, count - start))]
            await asyncio.gather(*(self._sign_in(account) for account in some))
            people += [account.user.id for account in some]
        return people

    async def _sign_in(self, account: Account) -> None:
        partition = keys.partition_of(account.user.id)
        session = Session(
            id=make_id(partition, self.random.randbytes(RANDOM_BYTES)),
            user_id=account.user.id,
            created_ms=0,
            last_used_ms=0,
            ip=f"203.0.{self.random.randrange(256)}.{self.random.randrange(256)}",
            device="Firefox on Linux",
            amr=("pwd",),
        )
        request_id = self.random.randbytes(16).hex()
        await self.live.open(
            session, account, Origin(ip=session.ip, user_agent=AGENT, request_id=request_id)
        )
        self.ids.append(session.id)

    def _person(self) -> Account:
        number = self.random.getrandbits(128)
        user = User(
            id=str(UUID(int=number, version=4)),
            email=f"visitor-{number % 10**6:06d}@bench.example",
            name="A Visitor",
            roles=(),
            mfa_enabled=False,
            created_at="2026-11-23T08:07:09.120Z",
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

    async def _refresh(self) -> RefreshCost:
        """The best of several passes: neighbours can only make it worse."""
        passes = [await self._refresh_some() for _ in range(PASSES)]
        return RefreshCost(
            sessions=len(self.ids),
            p50_ms=min(cost.p50_ms for cost in passes),
            p99_ms=min(cost.p99_ms for cost in passes),
            script_us=min(cost.script_us for cost in passes),
        )

    async def _refresh_some(self) -> RefreshCost:
        latencies: list[float] = []
        await self.redis.config_resetstat()
        for _ in range(REFRESHES):
            session_id = self.random.choice(self.ids)
            generation = self.generations.get(session_id, 1)
            origin = Origin(ip="203.0.113.7", user_agent=AGENT, request_id="0" * 32)
            started = perf_counter()
            rotated = await self.live.rotate(session_id, generation=generation, origin=origin)
            latencies.append(perf_counter() - started)
            assert rotated.outcome is Rotation.ROTATED
            self.generations[session_id] = rotated.generation
        statistics = await self.redis.info("commandstats")
        await self._delete(keys.events(partition) for partition in range(keys.PARTITIONS))
        latencies.sort()
        return RefreshCost(
            sessions=len(self.ids),
            p50_ms=percentile(latencies, 0.50) * 1e3,
            p99_ms=percentile(latencies, 0.99) * 1e3,
            script_us=float(statistics["cmdstat_evalsha"]["usec_per_call"]),
        )

    async def _delete(self, names: Any) -> None:
        every = list(names)
        for start in range(0, len(every), DELETED_AT_ONCE):
            await self.redis.delete(*every[start : start + DELETED_AT_ONCE])

    async def _used(self) -> int:
        return int((await self.redis.info("memory"))["used_memory"])

    def _session_key(self, session_id: str) -> str:
        partition = partition_in(session_id, partitions=keys.PARTITIONS)
        assert partition is not None
        return keys.session(partition, session_id)
