"""The rights of persons, as far as they take time: due work is read from SQL, so none is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from service.domain.errors import ServiceUnavailableError
from service.domain.sessions import EndReason, Origin
from service.store.erasures import Erasure, Erasures, LegallyHeldError
from service.store.live_sessions import LiveSessions
from service.store.person_archive import PersonArchive
from service.store.person_exports import PersonExports

SETTLING_MS = 15_000
"""An erasure this young is still on its way from its script through the stream."""
LEASE = timedelta(minutes=5)
"""After this long another worker takes an archive for given up."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FinishErasures:
    """Erase those whose time of grace or legal hold is over; tell Redis of whom it has not heard.

    `oldest_ms` is when the oldest event was written that no table holds yet.
    """

    erasures: Erasures
    live: LiveSessions
    oldest_ms: Callable[[], Awaitable[int | None]]
    now_ms: Callable[[], int]
    settling_ms: int = SETTLING_MS

    async def __call__(self) -> int:
        """How many people it erased, or told Redis of."""
        done = await self._erase_due() + await self._apply()
        if done:
            log.info("erasures.finished", people=done)
        return done

    async def _erase_due(self) -> int:
        done = 0
        for waiting in await self.erasures.due():
            with suppress(LegallyHeldError):  # since a moment ago
                done += await self._erase(waiting)
        return done

    async def _erase(self, waiting: Erasure) -> bool:
        erased = await self.erasures.erase(waiting.user_id, waiting.requested_by, if_due=True)
        if erased is None:  # another worker was first, or an operator took it back
            return False
        with suppress(ServiceUnavailableError):  # said again by _apply and ApplyEnds
            await self.live.end(erased.user_id, erased.ended, EndReason.ERASED, Origin())
            await self.live.erase_user(erased.user_id, reason=erased.requested_by)
        return True

    async def _apply(self) -> int:
        """Say again what may never have been said: not what may be among the unread events."""
        oldest_ms = await self.oldest_ms()
        before_ms = self.now_ms() - self.settling_ms
        if oldest_ms is not None:
            before_ms = min(before_ms, oldest_ms)
        erased = await self.erasures.unapplied(before_ms=before_ms)
        for each in erased:
            await self.live.erase_user(each.user_id, reason=each.requested_by)
        return len(erased)


@dataclass(frozen=True, slots=True)
class MakeExports:
    """Make the archives that people wait for, the oldest request first; drop those that expired."""

    exports: PersonExports
    archive: PersonArchive
    keep: timedelta
    now_ms: Callable[[], int]
    lease: timedelta = LEASE

    async def __call__(self) -> int:
        """How many it made."""
        made = 0
        while claimed := await self.exports.claim(lease=self.lease):
            try:
                archive = await self.archive.build(
                    claimed.user_id, made_ms=self.now_ms(), keep=self.keep
                )
                if archive is not None:
                    made += await self.exports.finish(claimed, archive, keep=self.keep)
            except asyncio.CancelledError:  # this worker ends; another need not wait for the lease
                await self.exports.give_back(claimed)
                raise
        if dropped := await self.exports.sweep():
            log.info("exports.dropped", archives=dropped)
        if made:
            log.info("exports.made", archives=made)
        return made
