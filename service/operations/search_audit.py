"""Show an auditor some rows of the audit; that they looked stands in the audit first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.contracts.events import EventType
from service.domain.audit_cursor import CursorCodec
from service.domain.errors import FieldError, ValidationFailedError
from service.domain.sessions import Origin
from service.operations.export_audit import readable
from service.store.audit_filters import Filters
from service.store.audit_search import AuditSearch
from service.store.event_log import EventLog


class Found(NamedTuple):
    """Rows by FIELDS, the newest first; the cursor of the next page, None at the end."""

    rows: Sequence[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SearchAudit:
    """One page. Raises ServiceUnavailableError, and ValidationFailedError for a foreign cursor."""

    search: AuditSearch
    events: EventLog
    cursors: CursorCodec

    async def __call__(
        self, filters: Filters, *, cursor: str | None, limit: int, actor_id: str, origin: Origin
    ) -> Found:
        said = filters.said()
        search = json.dumps(said, sort_keys=True)
        after = None
        if cursor is not None:
            after = self.cursors.read(cursor, search=search)
            if after is None:
                message = "not a cursor of this search; begin without one"
                raise ValidationFailedError([FieldError("cursor", message)])
        data = {"filters": said, "limit": limit}
        await self.events.append(EventType.AUDIT_SEARCHED, origin, actor_id=actor_id, data=data)
        rows, position = await self.search.page(filters, limit=limit, after=after)
        return Found(
            [readable(opened) for opened in rows],
            position and self.cursors.write(position, search=search),
        )
