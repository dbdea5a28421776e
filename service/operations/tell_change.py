from contextlib import suppress
from dataclasses import dataclass

from service.domain.errors import ServiceUnavailableError
from service.domain.sessions import EndReason, Origin
from service.operations.end_sessions import EndSessions
from service.store.account_changes import Changed
from service.store.live_sessions import LiveSessions


@dataclass(frozen=True, slots=True)
class TellChange:
    """Let Redis know how an account is now, and which sessions are no more.

    It is committed: what Redis could not be told, the workers tell it, or its copy's age does.
    """

    live: LiveSessions
    end_sessions: EndSessions

    async def __call__(self, changed: Changed, reason: EndReason, origin: Origin) -> None:
        await self.end_sessions.tell(changed.account.user.id, changed.ended, reason, origin)
        with suppress(ServiceUnavailableError):
            await self.live.cache_user(changed.account)
