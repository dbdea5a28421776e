"""Copies events from the streams into the audit: exactly once, whatever crashes.

Read, store in one transaction, and only then acknowledge: a crash in between makes the same
entries come again, and the table refuses what it has.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from zlib import crc32

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from service.contracts import keys
from service.contracts.events import Event
from service.contracts.vitals import Vitals
from service.domain.errors import ServiceUnavailableError
from service.store.audit import AuditRecords, StreamedEvent
from service.store.database import RowsRefusedError
from service.store.dead_letters import DeadLetter, DeadLetters
from service.store.redis_cluster import ClusterRedis
from workers.stream import Entry, EventStream, Fields

BATCH = 1000
LANES = 3
"""Partitions that are drained at once: while one waits for SQL, another is read or hashed."""
PAUSE_SECONDS = 0.2
ABANDONED_MS = 10_000
CLAIM_EVERY_SECONDS = 2.0
BACKOFF_SECONDS = 1.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Ingest:
    """Drains every partition until it is told to stop."""

    redis: Redis
    audit: AuditRecords
    letters: DeadLetters
    consumer: str
    now_ms: Callable[[], int]
    vitals: Vitals = field(default_factory=Vitals)
    abandoned_ms: int = ABANDONED_MS
    last_pass: float = field(default=float("-inf"))
    """When all streams were last found dry or drained, on the monotonic clock."""
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _grouped: set[int] = field(default_factory=set)
    _claimed: float = field(default=float("-inf"))
    _unfinished: set[int] = field(default_factory=set)
    """Partitions where a trouble may have come between reading and acknowledging."""

    async def run(self) -> None:
        """Drain until `stop`; wait out a store that is away."""
        # Two workers begin at different partitions, so that they seldom wait for each other.
        first = crc32(self.consumer.encode()) % keys.PARTITIONS
        partitions = [*range(first, keys.PARTITIONS), *range(first)]
        streams = [EventStream(self.redis, p, self.consumer) for p in partitions]
        while not self._stopping.is_set():
            try:
                moved = await self.drain(streams)
                self.last_pass = monotonic()
                pause = 0.0 if moved else PAUSE_SECONDS
            except ResponseError as error:
                self._grouped.clear()  # an emptied Redis has lost its groups
                log.warning("ingest.group_lost", error=str(error))
                pause = PAUSE_SECONDS
            except (RedisError, OSError, ServiceUnavailableError) as error:
                log.warning("ingest.store_away", error=type(error).__name__)
                pause = BACKOFF_SECONDS
            except Exception:  # what was read stays pending and comes again: nothing is lost
                log.exception("ingest.failed")
                pause = BACKOFF_SECONDS
            await self._rest(pause)

    def stop(self) -> None:
        """End `run` after the batch that is under way."""
        self._stopping.set()

    async def drain(self, streams: Sequence[EventStream]) -> int:
        """One batch of every partition, the abandoned first; how many entries it moved.

        On a cluster a node that is away keeps back its own partitions, no others. A partition that
        can't be stored keeps back no other either.
        """
        claiming = monotonic() - self._claimed >= CLAIM_EVERY_SECONDS
        lanes, troubles = asyncio.Semaphore(LANES), list[Exception]()

        async def drain_in_lane(stream: EventStream) -> int:
            async with lanes:
                if self._stopping.is_set() or any(map(self._stops_all, troubles)):
                    return 0
                try:
                    return await self._drain_one(stream, claiming=claiming)
                except Exception as trouble:  # noqa: BLE001 - raised below, when the others are done
                    troubles.append(trouble)
                    return 0

        moved = sum(await asyncio.gather(*map(drain_in_lane, streams)))
        if troubles:
            raise troubles[0]
        if claiming:
            self._claimed = monotonic()
        return moved

    def _stops_all(self, trouble: Exception) -> bool:
        """Whether every other partition would meet the same."""
        if isinstance(trouble, (ResponseError, ServiceUnavailableError)):
            return True
        away = isinstance(trouble, (RedisError, OSError))
        return away and not isinstance(self.redis, ClusterRedis)

    async def _drain_one(self, stream: EventStream, *, claiming: bool) -> int:
        if stream.partition not in self._grouped:
            await stream.ensure_group()
            self._grouped.add(stream.partition)
        moved = 0
        while stream.partition in self._unfinished:
            entries = await stream.resume(BATCH)
            moved += await self._store(stream, entries)
            if not entries:
                self._unfinished.discard(stream.partition)
        if claiming:
            moved += await self._store(
                stream, await stream.claim(idle_ms=self.abandoned_ms, count=BATCH)
            )
        self._unfinished.add(stream.partition)
        moved += await self._store(stream, await stream.take(BATCH))
        self._unfinished.discard(stream.partition)
        return moved

    async def _store(self, stream: EventStream, entries: Sequence[Entry]) -> int:
        if not entries:
            return 0
        events, letters = sort_out(entries)
        letters += await self._record(stream.partition, events, dict(entries))
        if letters:
            await self.letters.bury(stream.partition, letters, received_ms=self.now_ms())
            log.error("ingest.dead_letters", partition=stream.partition, count=len(letters))
            self.vitals.dead += len(letters)
        await stream.acknowledge(entries)
        self.vitals.batches += 1
        self.vitals.stored += len(entries) - len(letters)
        return len(entries)

    async def _record(
        self, partition: int, events: Sequence[StreamedEvent], raw: Mapping[str, Fields]
    ) -> list[DeadLetter]:
        """Store a batch; what no table takes is found one by one and becomes a dead letter."""
        if not events:
            return []
        try:
            await self.audit.record(partition, events)
        except RowsRefusedError as refusal:
            if len(events) == 1:
                stream_id = events[0].stream_id
                return [DeadLetter(stream_id, raw[stream_id], str(refusal))]
            middle = len(events) // 2
            return [
                *await self._record(partition, events[:middle], raw),
                *await self._record(partition, events[middle:], raw),
            ]
        return []

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def sort_out(entries: Sequence[Entry]) -> tuple[list[StreamedEvent], list[DeadLetter]]:
    """Split a batch into events and entries that cannot be read."""
    events, letters = [], []
    for stream_id, fields in entries:
        try:
            events.append(StreamedEvent(stream_id, Event.read(fields)))
        except (ValueError, RecursionError) as error:
            letters.append(DeadLetter(stream_id, fields, f"{type(error).__name__}: {error}"))
    return events, letters
