"""Pages of people, and of a person's sessions, by signed cursors that go on with their own search.

That somebody looked stands in the audit first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

from service.contracts.events import EventType
from service.domain.errors import FieldError, NotFoundError, ValidationFailedError
from service.domain.session_cursor import Place, SessionCursors
from service.domain.sessions import Origin
from service.store.administration import Administration, Overview, PeopleWanted, SessionHistory
from service.store.event_log import EventLog


@dataclass(frozen=True, slots=True)
class SearchPeople:
    """Raises ServiceUnavailableError, and ValidationFailedError for a foreign cursor.

    A cursor holds an instant and an id, never an address: it stands in URLs.
    """

    administration: Administration
    cursors: SessionCursors
    events: EventLog

    async def __call__(
        self,
        wanted: PeopleWanted,
        *,
        limit: int,
        cursor: str | None,
        actor_id: str,
        origin: Origin,
    ) -> tuple[list[Overview], str | None]:
        """A page, and the cursor of the next."""
        said = {
            field.name: value
            for field in fields(wanted)
            if (value := getattr(wanted, field.name)) is not None
        }
        search = json.dumps(said, sort_keys=True)
        after = self._place(cursor, search=search)
        await self._tell("people", said, limit, actor_id, origin)
        page = await self.administration.page(wanted, limit=limit, after=after)
        return list(page.rows), page.next and self.cursors.write(page.next, search=search)

    async def sessions_of(
        self, user_id: str, *, limit: int, cursor: str | None, actor_id: str, origin: Origin
    ) -> tuple[SessionHistory, str | None]:
        """The same of a person's sessions. Raises NotFoundError."""
        search = f"sessions of {user_id}"
        after = self._place(cursor, search=search)
        await self._tell("sessions", {"user_id": user_id}, limit, actor_id, origin)
        page = await self.administration.sessions_of(user_id, limit=limit, after=after)
        if page is None:
            raise NotFoundError
        return page, page.next and self.cursors.write(page.next, search=search)

    async def _tell(
        self, what: str, filters: Mapping[str, str], limit: int, actor_id: str, origin: Origin
    ) -> None:
        data = {"filters": filters, "limit": limit}
        await self.events.append(
            EventType.AUDIT_SEARCHED, origin, actor_id=actor_id, reason=what, data=data
        )

    def _place(self, cursor: str | None, *, search: str) -> Place | None:
        if cursor is None:
            return None
        place = self.cursors.read(cursor, search=search)
        if place is None:
            message = "not a cursor of this search; begin without one"
            raise ValidationFailedError([FieldError("cursor", message)])
        return place
