"""A process's own copy of what ended recently, for when Redis is away or has forgotten.

It is read from SQL, where every end is committed before anything else hears of it, once a second
and whenever Redis comes back. It is asked on every request, which costs one look in a dictionary:
so a primary that was a late replica a moment ago cannot bring an ended session back either.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from service.domain.errors import ServiceUnavailableError
from service.domain.sessions import MILLISECOND, EndReason
from service.store.session_records import SessionRecords

EVERY_SECONDS = 1.0
LIMIT = 500_000
"""Ends kept at the most, about 100 MB; past it the oldest go first."""

OVERLAP = timedelta(seconds=10)
"""An end is stamped when its statement runs and seen when it is committed."""

log = structlog.get_logger(__name__)


class Revocations:
    """Ends of the last `keep`; what is older no access token can belong to.

    Ends that Redis may not have heard of stay for longer: until the workers have told it, their
    refresh tokens would still be taken there.
    """

    def __init__(
        self, records: SessionRecords, *, keep: timedelta, now_ms: Callable[[], int]
    ) -> None:
        self._records = records
        self._keep_ms = keep // MILLISECOND
        self._now_ms = now_ms
        self._ended: dict[str, tuple[EndReason, int]] = {}
        self._read_ms = 0

    def __len__(self) -> int:
        return len(self._ended)

    @property
    def staleness(self) -> timedelta:
        """How old the copy is."""
        return timedelta(milliseconds=self._now_ms() - self._read_ms)

    def find(self, session_id: str) -> EndReason | None:
        """Why a session ended lately, or None."""
        ended = self._ended.get(session_id)
        return None if ended is None else ended[0]

    def add(self, session_id: str, reason: EndReason) -> None:
        """Refuse a session from now on; its end is in SQL already."""
        self._ended[session_id] = (reason, self._now_ms())

    async def catch_up(self) -> None:
        """Read what ended since the last time. Raises ServiceUnavailableError."""
        now_ms = self._now_ms()
        oldest_ms = await self._records.oldest_unapplied_ms()
        keep_ms = min(now_ms - self._keep_ms, now_ms if oldest_ms is None else oldest_ms)
        since_ms = max(self._read_ms - OVERLAP // MILLISECOND, keep_ms)
        for ended in await self._records.ended_since(since_ms):
            self._ended.setdefault(ended.id, (ended.end_reason, ended.ended_ms))
        self._read_ms = now_ms
        self._forget(keep_ms)

    async def follow(self) -> None:
        """Catch up once a second until cancelled; while SQL is away the copy grows stale."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.catch_up()
            except ServiceUnavailableError:
                log.warning("revocations.stale", seconds=self.staleness.total_seconds())

    def _forget(self, before_ms: int) -> None:
        """Drop the oldest; ends come in nearly the order they happened."""
        while self._ended:
            oldest = next(iter(self._ended))
            if self._ended[oldest][1] >= before_ms and len(self._ended) <= LIMIT:
                return
            del self._ended[oldest]
