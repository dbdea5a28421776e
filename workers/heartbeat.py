"""A worker's proof of life, and its counts."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.vitals import Vitals
from workers.ingest import Ingest

INGEST_ALIVE_SECONDS = 15.0
LIFETIME_MS = 3_600_000
FORGOTTEN_MS = 60_000
"""Counts of a worker that has said nothing for so long are dropped."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Prove that jobs run and that the streams are drained; `/api/health` reads it."""

    redis: Redis
    ingest: Ingest
    vitals: Vitals
    worker: str
    now_ms: Callable[[], int]

    async def __call__(self) -> bool:
        """Whether the streams are drained."""
        await self._tell()
        draining = monotonic() - self.ingest.last_pass < INGEST_ALIVE_SECONDS
        if draining:
            await self.redis.set(keys.HEARTBEAT, self.now_ms(), px=LIFETIME_MS)
        return draining

    async def _tell(self) -> None:
        self.vitals.at_ms = self.now_ms()
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.hset(keys.VITALS, self.worker, self.vitals.to_json())
        pipeline.pexpire(keys.VITALS, LIFETIME_MS)
        pipeline.hgetall(keys.VITALS)
        *_, told = await pipeline.execute()
        silent = [
            worker
            for worker, text in told.items()
            if Vitals.from_json(text).at_ms < self.vitals.at_ms - FORGOTTEN_MS
        ]
        if silent:
            pipeline.hdel(keys.VITALS, *silent)
            await pipeline.execute()
