"""All that is held on a person, for themselves: asked for, made by a worker, fetched."""

from collections.abc import Callable
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import TokenRevokedError
from service.domain.sessions import Origin
from service.store.event_log import EventLog
from service.store.person_exports import Export, PersonExports


@dataclass(frozen=True, slots=True)
class ExportPerson:
    """The archive once it is made; nothing is given out whose giving is not written down.

    No job is enqueued: the row is the request, and the workers look for it every few seconds.
    """

    exports: PersonExports
    events: EventLog
    new_id: Callable[[], str]

    async def __call__(self, user_id: str, origin: Origin) -> Export:
        async def announce() -> None:
            await self.events.append(EventType.EXPORT_REQUESTED, origin, user_id=user_id)

        export = await self.exports.request(user_id, self.new_id(), announce=announce)
        if export is None:
            raise TokenRevokedError
        if export.archive is not None:
            await self.events.append(EventType.EXPORT_FETCHED, origin, user_id=user_id)
        return export
