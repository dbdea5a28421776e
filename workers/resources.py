"""What the jobs work with, opened when a worker starts and closed when it ends."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex

from redis.asyncio import Redis

from service.domain.sessions import SessionPolicy
from service.store.audit import AuditRecords
from service.store.database import Database, open_engine
from service.store.health import RedisHealth
from service.store.live_sessions import LiveSessions
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from workers.ingest import Ingest
from workers.sweep import ApplyEnds, ReapplyEnds, SweepConsumers, SweepExpired

REDIS_SECONDS = 5.0
REACH = timedelta(hours=1)
CONSUMER_IDLE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything a job may use."""

    redis: Redis
    ingest: Ingest
    sweep_expired: SweepExpired
    apply_ends: ApplyEnds
    reapply_ends: ReapplyEnds
    sweep_consumers: SweepConsumers


@asynccontextmanager
async def open_resources(
    *, redis_url: str, database_url: str, policy: SessionPolicy
) -> AsyncIterator[Resources]:
    """Open the stores and drain the streams in the background until the end."""
    redis = open_redis(redis_url, timeout=REDIS_SECONDS, wait=REDIS_SECONDS)
    engine = open_engine(database_url, connections=4)
    database, scripts = Database(engine), ScriptClient(redis, seconds=REDIS_SECONDS)
    records, live = SessionRecords(database), LiveSessions(scripts, policy)
    consumer = f"{socket.gethostname()}:{os.getpid()}:{token_hex(3)}"
    ingest = Ingest(redis, AuditRecords(database), consumer)
    health = RedisHealth(redis)

    async def oldest_ms() -> int | None:
        return (await health.workers()).oldest_ms

    draining = asyncio.create_task(ingest.run())
    try:
        yield Resources(
            redis=redis,
            ingest=ingest,
            sweep_expired=SweepExpired(records, live, policy, _now_ms),
            apply_ends=ApplyEnds(records, live, oldest_ms, _now_ms),
            reapply_ends=ReapplyEnds(health, records, live, policy.access_ttl + REACH, _now_ms),
            sweep_consumers=SweepConsumers(scripts, CONSUMER_IDLE),
        )
    finally:
        ingest.stop()
        await draining
        await scripts.aclose()
        await redis.aclose()
        await engine.dispose()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
