"""Show an analyst sessions row by row; that they looked stands in the audit first."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.contracts.events import EventType
from service.domain.errors import FieldError, ValidationFailedError
from service.domain.instants import to_ms, to_rfc3339
from service.domain.session_cursor import SessionCursors
from service.domain.sessions import Origin
from service.store.event_log import EventLog
from service.store.session_rows import SessionRows, Wanted


@dataclass(frozen=True, slots=True)
class SearchSessions:
    """One page. Raises ServiceUnavailableError, and ValidationFailedError for a foreign cursor."""

    sessions: SessionRows
    events: EventLog
    cursors: SessionCursors

    async def __call__(
        self, wanted: Wanted, *, cursor: str | None, limit: int, actor_id: str, origin: Origin
    ) -> dict[str, Any]:
        said = {
            "at": wanted.at,
            "since": wanted.since.isoformat(),
            "until": wanted.until.isoformat(),
            **wanted.equal,
            "include_test": wanted.include_test,
            "include_bots": wanted.include_bots,
        }
        search = json.dumps(said, sort_keys=True)
        after = None if cursor is None else self.cursors.read(cursor, search=search)
        if cursor is not None and after is None:
            message = "not a cursor of this search; begin without one"
            raise ValidationFailedError([FieldError("cursor", message)])
        data = {"filters": said, "limit": limit}
        await self.events.append(EventType.ANALYTICS_SEARCHED, origin, actor_id=actor_id, data=data)
        page = await self.sessions.page(wanted, limit=limit, after=after)
        return {
            "sessions": [{name: _plain(value) for name, value in row.items()} for row in page.rows],
            "next_cursor": page.next and self.cursors.write(page.next, search=search),
        }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_rfc3339(to_ms(value))
    return value if isinstance(value, bool | int | None) else str(value)
