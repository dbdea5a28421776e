"""What the stores say of themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from redis.asyncio import Redis

from service.contracts import keys
from service.domain.errors import ServiceUnavailableError
from service.store.script_client import AWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisState:
    """The parts of INFO that an operator acts on."""

    latency_ms: float
    role: str
    server: str
    version: str
    used_memory_bytes: int
    maxmemory_policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """How far the workers are: epoch milliseconds, entries, and epoch milliseconds."""

    last_heartbeat_ms: int | None
    backlog: int
    oldest_ms: int | None


@contextmanager
def unavailable() -> Iterator[None]:
    """Redis' own troubles as ServiceUnavailableError."""
    try:
        yield
    except AWAY as error:
        raise ServiceUnavailableError from error


class RedisHealth:
    """Questions to Redis. Raises ServiceUnavailableError while it is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def server(self) -> RedisState:
        """How the server is."""
        with unavailable():
            started = perf_counter()
            await self._redis.ping()
            latency_ms = (perf_counter() - started) * 1000
            info = await self._redis.info()
        valkey = info.get("valkey_version")
        return RedisState(
            latency_ms=round(latency_ms, 3),
            role=str(info["role"]),
            server="valkey" if valkey else "redis",
            version=str(valkey or info["redis_version"]),
            used_memory_bytes=int(info["used_memory"]),
            maxmemory_policy=str(info["maxmemory_policy"]),
        )

    async def replication_id(self) -> str:
        """Which history of writes the server has; another after a restart or a failover."""
        with unavailable():
            info = await self._redis.info("replication")
        return str(info["master_replid"])

    async def clock_ms(self) -> int:
        """What time the server has."""
        with unavailable():
            seconds, microseconds = await self._redis.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def workers(self) -> WorkerState:
        """How far the workers are behind: every stored entry leaves its stream."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.get(keys.HEARTBEAT)
        for partition in range(keys.PARTITIONS):
            pipeline.xlen(keys.events(partition))
            pipeline.xrange(keys.events(partition), count=1)
        with unavailable():
            heartbeat, *streams = await pipeline.execute()
        oldest = [int(entries[0][0].partition(b"-")[0]) for entries in streams[1::2] if entries]
        return WorkerState(
            last_heartbeat_ms=None if heartbeat is None else int(heartbeat),
            backlog=sum(streams[0::2]),
            oldest_ms=min(oldest, default=None),
        )
