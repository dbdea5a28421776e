from collections.abc import Callable
from dataclasses import dataclass

from service.domain.sessions import EndReason, Origin, SessionPolicy
from service.store.live_sessions import LiveSessions
from service.store.session_records import SessionRecords


@dataclass(frozen=True, slots=True)
class RestoreSession:
    """Bring a session back that Redis lost. None: it is back; else why it never will be.

    SQL is read once more after Redis was written, so that an end between the two still wins.
    """

    records: SessionRecords
    live: LiveSessions
    policy: SessionPolicy
    now_ms: Callable[[], int]

    async def __call__(self, session_id: str, origin: Origin) -> EndReason | None:
        record = await self.records.find(session_id)
        if record is None:
            return EndReason.ABORTED
        if record.end_reason is not None:
            return record.end_reason
        session = record.session
        overdue = self.policy.over(
            created_ms=session.created_ms,
            last_used_ms=session.last_used_ms,
            now_ms=self.now_ms(),
        )
        if overdue is not None:
            if await self.records.end(session_id, overdue):
                await self.live.end(session.user_id, [session_id], overdue, origin)
            return overdue
        await self.live.restore(session, generation=record.generation, request_id=origin.request_id)
        record = await self.records.find(session_id)
        if record is None or record.end_reason is not None:
            reason = record.end_reason if record and record.end_reason else EndReason.ERASED
            await self.live.end(session.user_id, [session_id], reason, origin)
            return reason
        return None
