"""End all sessions there are, in batches: no transaction holds many rows, no script many keys."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import ServiceUnavailableError
from service.domain.sessions import EndReason
from service.operations.administer_account import Deed
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.session_records import SessionRecords

REASON = EndReason.REVOKED_ADMIN


@dataclass(frozen=True, slots=True)
class RevokeEverybody:
    """Sign everybody out who signed in before it began, whoever asks among them.

    It is told before the first batch, and with how many after the last. Broken off, it may be called
    again: what had ended stays ended.
    """

    records: SessionRecords
    live: LiveSessions
    revocations: Revocations
    events: EventLog
    now_ms: Callable[[], int]

    async def __call__(
        self, deed: Deed, *, progress: Callable[[int], None] = lambda _: None
    ) -> int:
        """How many sessions ended; `progress` is told after each batch how many so far."""
        await self._tell(deed, "begun", 0)
        began_ms, count = self.now_ms(), 0
        while ended := await self.records.end_some(REASON, before_ms=began_ms):
            of_users = defaultdict(list)
            for session_id, user_id in ended.items():
                self.revocations.add(session_id, REASON)
                of_users[user_id].append(session_id)
            with suppress(ServiceUnavailableError):  # the rows say so; the workers apply them
                await asyncio.gather(
                    *(
                        self.live.end(who, ids, REASON, deed.origin, actor_id=deed.actor_id)
                        for who, ids in of_users.items()
                    )
                )
            count += len(ended)
            progress(count)
        with suppress(ServiceUnavailableError):
            await self._tell(deed, "everybody", count)
        return count

    async def _tell(self, deed: Deed, reason: str, ended: int) -> None:
        await self.events.append(
            EventType.SESSIONS_REVOKED,
            deed.origin,
            actor_id=deed.actor_id,
            reason=reason,
            data={"ended": ended, "why": deed.why},
        )
