"""Lifts administrators' locks whose time is over; due work is read from SQL."""

from dataclasses import dataclass

import structlog

from service.contracts.events import EventType
from service.domain.sessions import Origin
from service.store.admin_changes import AdminChanges
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LiftLocks:
    """Let people in again, and say so; what fails is tried at the next tick."""

    changes: AdminChanges
    live: LiveSessions
    events: EventLog

    async def __call__(self) -> int:
        """How many it lifted."""
        lifted = 0
        while accounts := await self.changes.lift_due(announce=self._tell):
            for account in accounts:
                await self.live.cache_user(account)
            lifted += len(accounts)
        if lifted:
            log.info("locks.lifted", people=lifted)
        return lifted

    async def _tell(self, user_id: str) -> None:
        await self.events.append(
            EventType.USER_UNLOCKED, Origin(), user_id=user_id, reason="time_over"
        )
