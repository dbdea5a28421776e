"""Legal holds: nothing of a person is destroyed, whoever wants it, until the last is released."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import NotFoundError
from service.domain.sessions import Origin
from service.store.event_log import EventLog
from service.store.holds import Hold, Holds


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """Put a person under a hold. Raises NotFoundError when there is no such account.

    Both stores must answer: a hold and its event are there together, or neither is.
    """

    holds: Holds
    events: EventLog

    async def __call__(self, user_id: str, reason: str, by: str, *, request_id: str) -> Hold:
        announce = _announcing(self.events, EventType.USER_HOLD_PLACED, reason, by, request_id)
        hold = await self.holds.place(user_id, reason, by, announce=announce)
        if hold is None:
            raise NotFoundError
        return hold


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """End a hold, for a reason. Raises NotFoundError when none of this number stands."""

    holds: Holds
    events: EventLog

    async def __call__(self, hold_id: int, reason: str, by: str, *, request_id: str) -> Hold:
        announce = _announcing(self.events, EventType.USER_HOLD_RELEASED, reason, by, request_id)
        hold = await self.holds.release(hold_id, by, announce=announce)
        if hold is None:
            raise NotFoundError
        return hold


def _announcing(
    events: EventLog, kind: EventType, reason: str, by: str, request_id: str
) -> Callable[[Hold], Awaitable[None]]:
    """Says what is about to be committed."""

    async def announce(hold: Hold) -> None:
        await events.append(
            kind,
            Origin(request_id=request_id),
            user_id=hold.user_id,
            actor_id=by,
            data={"hold": hold.id, "why": reason},
        )

    return announce
