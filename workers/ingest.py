"""Copies events from the streams into the audit: exactly once, whatever crashes.

Read, store in one transaction, and only then acknowledge: a crash in between makes the same
entries come again, and the table refuses what it has.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy.exc import DBAPIError, StatementError

from service.contracts import keys
from service.contracts.events import Event
from service.domain.errors import ServiceUnavailableError
from service.store.audit import AuditRecords, DeadLetter, StreamedEvent
from service.store.redis_cluster import ClusterRedis
from workers.stream import Entry, EventStream

BATCH = 500
PAUSE_SECONDS = 0.2
ABANDONED_MS = 10_000
CLAIM_EVERY_SECONDS = 2.0
BACKOFF_SECONDS = 1.0
ROW_FAULTS = frozenset({"22", "23", "54"})
"""Classes of SQLSTATE that blame a row: its data, a constraint, a limit. All others pass."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Ingest:
    """Drains every partition until it is told to stop."""

    redis: Redis
    audit: AuditRecords
    consumer: str
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
        streams = [EventStream(self.redis, p, self.consumer) for p in range(keys.PARTITIONS)]
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

        On a cluster a node that is away keeps back its own partitions, no others.
        """
        claiming = monotonic() - self._claimed >= CLAIM_EVERY_SECONDS
        moved = 0
        troubles: list[Exception] = []
        for stream in streams:
            if self._stopping.is_set():
                break
            try:
                moved += await self._drain_one(stream, claiming=claiming)
            except (RedisError, OSError) as trouble:
                troubles.append(trouble)
                if not isinstance(self.redis, ClusterRedis) or isinstance(trouble, ResponseError):
                    break
        if troubles:
            raise troubles[0]
        if claiming:
            self._claimed = monotonic()
        return moved

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
        letters += await self._record(stream.partition, events)
        if letters:
            await self.audit.bury(stream.partition, letters)
            log.error("ingest.dead_letters", partition=stream.partition, count=len(letters))
        await stream.acknowledge(entries)
        return len(entries)

    async def _record(self, partition: int, events: Sequence[StreamedEvent]) -> list[DeadLetter]:
        """Store a batch; what no table takes is found one by one and becomes a dead letter."""
        if not events:
            return []
        try:
            await self.audit.record(partition, events)
        except (StatementError, OverflowError) as error:
            if not _blames_row(error):
                raise
            if len(events) == 1:
                return [_letter(events[0], error)]
            middle = len(events) // 2
            return [
                *await self._record(partition, events[:middle]),
                *await self._record(partition, events[middle:]),
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
            letters.append(
                DeadLetter(stream_id, _texts(fields), f"{type(error).__name__}: {error}")
            )
    return events, letters


def _blames_row(error: StatementError | OverflowError) -> bool:
    """False for a deadlock, a full disk, a missing table: the same row will fit later."""
    if not isinstance(error, DBAPIError):
        return True
    return str(getattr(error.orig, "sqlstate", None))[:2] in ROW_FAULTS


def _letter(item: StreamedEvent, error: StatementError | OverflowError) -> DeadLetter:
    event = item.event
    fields = {
        name: str(getattr(event, name))
        for name in Event.__dataclass_fields__
        if getattr(event, name) not in ("", None)
    }
    cause = error.orig if isinstance(error, StatementError) else error
    return DeadLetter(item.stream_id, fields, f"{type(cause).__name__}: {cause}")


def _texts(fields: dict[bytes, bytes]) -> dict[str, str]:
    """Bytes as text that PostgreSQL's jsonb can hold, whatever they are."""
    return {_text(name): _text(value) for name, value in fields.items()}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
