"""Proving again who one is: a new session, and the old one dead (ASVS 7.2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.sessions import EndReason, Origin
from service.domain.users import Account
from service.operations.authenticate import Caller
from service.operations.end_sessions import EndSessions
from service.operations.open_session import OpenSession
from service.operations.tokens import TokenPair
from service.store.event_log import EventLog


@dataclass(frozen=True, slots=True)
class ReplaceSession:
    """Open a session for what its owner has just shown, on the same device; end the caller's."""

    open_session: OpenSession
    end_sessions: EndSessions
    events: EventLog

    async def __call__(
        self, caller: Caller, account: Account, *, amr: Sequence[str], origin: Origin
    ) -> TokenPair:
        """`amr`: the methods (RFC 8176) that were shown just now."""
        former = caller.session
        pair = await self.open_session(account, amr=amr, device=former.device, origin=origin)
        await self.end_sessions(account.user.id, EndReason.SUPERSEDED, origin, only=former.id)
        await self.events.append(EventType.SESSION_STEPPED_UP, origin, user_id=account.user.id)
        return pair
