from collections.abc import Callable
from dataclasses import dataclass

from service.domain.sessions import Session, SessionPolicy
from service.operations.authenticate import Caller
from service.store.session_records import SessionRecords


@dataclass(frozen=True, slots=True)
class ListSessions:
    """The caller's live sessions, the latest used first; the caller's own as Redis has it."""

    records: SessionRecords
    policy: SessionPolicy
    now_ms: Callable[[], int]

    async def __call__(self, caller: Caller) -> list[Session]:
        found = await self.records.live_of(caller.user.id, policy=self.policy, now_ms=self.now_ms())
        others = [session for session in found if session.id != caller.session.id]
        return [caller.session, *others]
