"""Pages of people, and of a person's sessions, by signed cursors that go on with their own search."""

import json
from dataclasses import dataclass, fields

from service.domain.errors import FieldError, NotFoundError, ValidationFailedError
from service.domain.session_cursor import Place, SessionCursors
from service.store.administration import Administration, Overview, PeopleWanted, SessionHistory


@dataclass(frozen=True, slots=True)
class SearchPeople:
    """Raises ServiceUnavailableError, and ValidationFailedError for a foreign cursor.

    A cursor holds an instant and an id, never an address: it stands in URLs.
    """

    administration: Administration
    cursors: SessionCursors

    async def __call__(
        self, wanted: PeopleWanted, *, limit: int, cursor: str | None
    ) -> tuple[list[Overview], str | None]:
        """A page, and the cursor of the next."""
        said = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
        search = json.dumps(said, sort_keys=True)
        page = await self.administration.page(
            wanted, limit=limit, after=self._place(cursor, search=search)
        )
        return list(page.rows), page.next and self.cursors.write(page.next, search=search)

    async def sessions_of(
        self, user_id: str, *, limit: int, cursor: str | None
    ) -> tuple[SessionHistory, str | None]:
        """The same of a person's sessions. Raises NotFoundError."""
        search = f"sessions of {user_id}"
        page = await self.administration.sessions_of(
            user_id, limit=limit, after=self._place(cursor, search=search)
        )
        if page is None:
            raise NotFoundError
        return page, page.next and self.cursors.write(page.next, search=search)

    def _place(self, cursor: str | None, *, search: str) -> Place | None:
        if cursor is None:
            return None
        place = self.cursors.read(cursor, search=search)
        if place is None:
            message = "not a cursor of this search; begin without one"
            raise ValidationFailedError([FieldError("cursor", message)])
        return place
