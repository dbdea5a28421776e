"""What an administrator does to an account: SQL first, then Redis; the audit knows who, and why."""

from contextlib import suppress
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import ServiceUnavailableError
from service.domain.sessions import Origin
from service.operations.trust_device import tell_distrust
from service.store.account_changes import Changed
from service.store.admin_changes import AccountChange, AdminChanges
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does it, by an id or a name, and the reason they give; the latter is sealed."""

    actor_id: str
    why: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class AdministerAccount:
    """Apply a change. Raises NotFoundError, LastAdminError, ConflictError.

    Both stores must answer when it begins: a change and its event are there together, or neither is.
    Its ends reach a Redis that goes away in between by the workers.
    """

    changes: AdminChanges
    live: LiveSessions
    revocations: Revocations
    events: EventLog

    async def __call__(self, user_id: str, change: AccountChange, deed: Deed) -> Changed:
        async def announce(changed: Changed) -> None:
            told = {"ended": len(changed.ended)} if change.ends else {}
            await self.events.append(
                change.event,
                deed.origin,
                user_id=user_id,
                actor_id=deed.actor_id,
                data={**change.data, **told, "why": deed.why},
            )
            await tell_distrust(
                self.events,
                deed.origin,
                user_id,
                changed.devices,
                reason=change.ends or "",
                actor_id=deed.actor_id,
            )

        changed = await self.changes.apply(user_id, change, announce=announce)
        if change.ends is not None:
            for session_id in changed.ended:
                self.revocations.add(session_id, change.ends)
            with suppress(ServiceUnavailableError):  # the rows say so; the workers apply them
                await self.live.end(
                    user_id, changed.ended, change.ends, deed.origin, actor_id=deed.actor_id
                )
        if change.event is not EventType.SESSIONS_REVOKED:
            await self.live.cache_user(changed.account)
        return changed
