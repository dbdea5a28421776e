"""Give rows of the audit to somebody outside; that it was done stands in the audit first."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

from service.contracts.events import EventType, outcome_of
from service.domain.audit_chain import MICROSECOND
from service.domain.instants import EPOCH, to_ms, to_rfc3339
from service.domain.sessions import Origin
from service.store.audit_filters import Filters
from service.store.audit_search import AuditSearch, Opened
from service.store.audit_snapshot import open_snapshot
from service.store.event_log import EventLog


@dataclass(frozen=True, slots=True)
class ExportAudit:
    """Streams, whatever the size. Raises ServiceUnavailableError before the first row.

    Nothing is given out whose giving could not be written down.
    """

    search: AuditSearch
    events: EventLog

    async def __call__(
        self, filters: Filters, origin: Origin, *, actor_id: str = "", reason: str
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Matching rows as people read them, by FIELDS, in batches; one may be empty."""
        await self._tell(origin, actor_id, reason, {"filters": filters.said()})
        async for batch in self.search.batches(filters):
            yield [readable(opened) for opened in batch]

    async def sealed(
        self, origin: Origin, *, actor_id: str = "", reason: str
    ) -> AsyncIterator[dict[str, Any]]:
        """The stubs, then every row as its hash covers it, for whoever checks the chain: docs/audit.md."""
        await self._tell(origin, actor_id, reason, {"sealed": True})
        async with open_snapshot(self.search.database) as snapshot:
            for stub in await snapshot.stubs():
                yield stub.as_json()
            async for row in snapshot.sealed_rows():
                yield _sealed(row)

    async def _tell(self, origin: Origin, actor_id: str, reason: str, data: dict[str, Any]) -> None:
        await self.events.append(
            EventType.AUDIT_EXPORTED, origin, actor_id=actor_id, reason=reason, data=data
        )


def _sealed(row: Any) -> dict[str, Any]:
    return {
        "partition": row.partition,
        "seq": row.seq,
        "stream_id": row.stream_id,
        "type": row.type,
        "occurred_us": (row.occurred_at - EPOCH) // MICROSECOND,
        "recorded_us": (row.recorded_at - EPOCH) // MICROSECOND,
        "user_id": row.user_id,
        "session_id": row.session_id,
        "generation": row.generation,
        "request_id": row.request_id,
        "actor_id": row.actor_id,
        "reason": row.reason,
        "data": row.data,
        "personal": None if row.personal is None else row.personal.hex(),
        "prev_hash": row.prev_hash.hex(),
        "hash": row.hash.hex(),
    }


def readable(opened: Opened) -> dict[str, Any]:
    """A row by FIELDS."""
    row, personal = opened
    said = personal or {}
    return {
        "partition": row.partition,
        "seq": row.seq,
        "occurred_at": to_rfc3339(to_ms(row.occurred_at)),
        "recorded_at": to_rfc3339(to_ms(row.recorded_at)),
        "type": row.type,
        "outcome": outcome_of(row.type, row.reason),
        "user_id": row.user_id,
        "session_id": row.session_id,
        "generation": row.generation,
        "ip": said.get("ip"),
        "user_agent": said.get("user_agent"),
        "request_id": row.request_id,
        "actor_id": row.actor_id,
        "reason": row.reason,
        "data": {**row.data, **said.get("data", {})},
        "erased": personal is None,
    }
