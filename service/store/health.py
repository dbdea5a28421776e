"""What the stores say of themselves."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from service.contracts import keys
from service.contracts.vitals import Vitals
from service.domain.errors import ServiceUnavailableError
from service.store.redis_cluster import ClusterRedis
from service.store.redis_faults import explain, passing
from service.store.redis_sentinel import SentinelPool
from service.store.redis_url import Topology
from service.store.script_client import AWAY

Info = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisState:
    """The parts of INFO that an operator acts on; of a cluster's primaries the worst, or the sum.

    `replicas` and `replication_lag_bytes` are of the primary that is worst off: how far behind its
    nearest replica is, which is what a failover would lose; None without a replica.
    """

    latency_ms: float
    topology: Topology
    nodes: int
    nodes_away: int
    role: str
    server: str
    version: str
    used_memory_bytes: int
    maxmemory_bytes: int
    maxmemory_policy: str
    replicas: int
    replication_lag_bytes: int | None
    aof_enabled: bool
    last_save_ok: bool

    @property
    def full(self) -> bool:
        """Whether it refuses writes, and with them sign-ins and refreshes, for want of memory."""
        return 0 < self.maxmemory_bytes <= self.used_memory_bytes


class StreamState(NamedTuple):
    """What of a partition's events is in no table yet: entries, and when the oldest was written."""

    partition: int
    backlog: int
    oldest_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """How far the workers are: when one last beat, what each counted, what they have yet to store."""

    last_heartbeat_ms: int | None
    vitals: Mapping[str, Vitals]
    streams: Sequence[StreamState]

    @property
    def backlog(self) -> int:
        """Entries that are in no table yet."""
        return sum(stream.backlog for stream in self.streams)

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest of them was written."""
        return min((s.oldest_ms for s in self.streams if s.oldest_ms is not None), default=None)


def reason_of(unavailable: ServiceUnavailableError) -> str:
    """Why a store does not answer, as a line for operators; never for callers."""
    return explain(unavailable.__cause__)


@contextmanager
def unavailable() -> Iterator[None]:
    """Redis' own troubles as ServiceUnavailableError."""
    try:
        yield
    except (*AWAY, NoPermissionError) as error:
        raise ServiceUnavailableError from error


class RedisHealth:
    """Questions to Redis. Raises ServiceUnavailableError while it is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def server(self) -> RedisState:
        """How the server is, or all primaries of a cluster."""
        with unavailable():
            servers = await self._servers()
            answers = await asyncio.gather(*[_ask(one) for one in servers], return_exceptions=True)
            told = [answer for answer in answers if not isinstance(answer, BaseException)]
            for answer in answers:
                if isinstance(answer, BaseException) and (not told or not isinstance(answer, AWAY)):
                    raise passing(answer)
        return _state(told, topology=self._topology(), away=len(servers) - len(told))

    async def replication_id(self) -> str:
        """Which histories of writes the servers have; another after a restart or a failover."""
        with unavailable():
            infos = [await server.info("replication") for server in await self._servers()]
        return " ".join(str(info["master_replid"]) for info in infos)

    async def clocks_ms(self) -> list[int]:
        """What time each server has; one that does not answer is left out, unless all are."""
        with unavailable():
            servers = await self._servers()
            answers = await asyncio.gather(
                *[server.time() for server in servers], return_exceptions=True
            )
            times = [answer for answer in answers if not isinstance(answer, BaseException)]
            if not times:
                raise passing(answers[0])
        return [int(seconds) * 1000 + int(micros) // 1000 for seconds, micros in times]

    async def workers(self) -> WorkerState:
        """How far the workers are behind: every stored entry leaves its stream.

        Streams on a cluster's node that is away are left out.
        """
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.get(keys.HEARTBEAT)
        pipeline.hgetall(keys.VITALS)
        for partition in range(keys.PARTITIONS):
            pipeline.xlen(keys.events(partition))
            pipeline.xrange(keys.events(partition), count=1)
        with unavailable():
            replies = await pipeline.execute(raise_on_error=False)
            errors = [reply for reply in replies if isinstance(reply, Exception)]
            if errors and (len(errors) == len(replies) or not isinstance(errors[0], AWAY)):
                raise passing(errors[0])
        heartbeat, vitals, *streams = [
            None if isinstance(reply, Exception) else reply for reply in replies
        ]
        return WorkerState(
            last_heartbeat_ms=None if heartbeat is None else int(heartbeat),
            vitals={name.decode(): Vitals.from_json(told) for name, told in (vitals or {}).items()},
            streams=[
                StreamState(partition, length or 0, _written_ms(entries))
                for partition, (length, entries) in enumerate(
                    zip(streams[0::2], streams[1::2], strict=True)
                )
            ],
        )

    async def _servers(self) -> list[Redis]:
        if isinstance(self._redis, ClusterRedis):
            return await self._redis.primaries()
        return [self._redis]

    def _topology(self) -> Topology:
        if isinstance(self._redis, ClusterRedis):
            return Topology.CLUSTER
        if isinstance(self._redis.connection_pool, SentinelPool):
            return Topology.SENTINEL
        return Topology.SERVER


def _written_ms(entries: Sequence[tuple[bytes, Any]] | None) -> int | None:
    """When the first of a stream's entries was written, which its id says."""
    return int(entries[0][0].partition(b"-")[0]) if entries else None


async def _ask(server: Redis) -> tuple[float, Info]:
    started = perf_counter()
    await server.ping()
    return perf_counter() - started, await server.info()


def _state(told: Sequence[tuple[float, Info]], *, topology: Topology, away: int) -> RedisState:
    infos = [info for _, info in told]
    oldest = min(infos, key=lambda info: [int(part) for part in _version(info).split(".")])
    lags = [lag for info in infos if (lag := replication_lag(info)) is not None]
    return RedisState(
        latency_ms=round(max(seconds for seconds, _ in told) * 1000, 3),
        topology=topology,
        nodes=len(told) + away,
        nodes_away=away,
        role=_worst(infos, "role", "master"),
        server="valkey" if "valkey_version" in oldest else "redis",
        version=_version(oldest),
        used_memory_bytes=sum(int(info["used_memory"]) for info in infos),
        maxmemory_bytes=sum(int(info["maxmemory"]) for info in infos),
        maxmemory_policy=_worst(infos, "maxmemory_policy", "noeviction"),
        replicas=min(int(info["connected_slaves"]) for info in infos),
        replication_lag_bytes=max(lags, default=None),
        aof_enabled=all(int(info["aof_enabled"]) for info in infos),
        last_save_ok=all(
            _worst(infos, field, "ok") == "ok"
            for field in ("rdb_last_bgsave_status", "aof_last_write_status")
        ),
    )


def replication_lag(info: Info) -> int | None:
    """Bytes that a primary's nearest replica has yet to hear; None without a replica."""
    offset = int(info.get("master_repl_offset", 0))
    replicas = [info.get(f"slave{index}") for index in range(int(info["connected_slaves"]))]
    lags = [offset - int(replica["offset"]) for replica in replicas if replica]
    return max(min(lags), 0) if lags else None


def _version(info: Info) -> str:
    return str(info.get("valkey_version") or info["redis_version"])


def _worst(infos: Sequence[Info], field: str, good: str) -> str:
    """What any server says that is not good, else good; a field that is missing is good."""
    said = [str(info.get(field, good)) for info in infos]
    return next((value for value in said if value != good), good)
