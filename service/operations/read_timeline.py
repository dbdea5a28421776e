"""Everything that happened to one session, and why it ended; that somebody looked stands in the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from service.contracts.events import EventType
from service.contracts.keys import PARTITIONS
from service.domain.errors import NotFoundError
from service.domain.ids import partition_in
from service.domain.instants import to_ms, to_rfc3339
from service.domain.sessions import Origin
from service.domain.timeline import (
    CAUSES,
    ENDS,
    OPENED,
    SIGN_IN,
    Entry,
    ended,
    folded,
    signed_in,
    told,
)
from service.operations.export_audit import readable
from service.store.administration import Administration
from service.store.audit_filters import Filters
from service.store.audit_search import AuditSearch
from service.store.event_log import EventLog
from service.store.session_records import SessionRecord

ROWS = 5_000
"""Read from either end of a session's rows; one with more is told with a gap."""
BEFORE = timedelta(minutes=5)
"""How long a second factor may be awaited: what led to a sign-in is no older."""
AROUND = timedelta(minutes=1)


class Timeline(NamedTuple):
    """A session's row (None once retention dropped it), whose it is, and what happened, oldest first.

    Not `complete`: uses in the middle are left out, for there are too many.
    """

    record: SessionRecord | None
    ended_at: datetime | None
    user_id: str
    entries: Sequence[Entry]
    complete: bool


@dataclass(frozen=True, slots=True)
class ReadTimeline:
    """Raises NotFoundError for an id that neither a row nor the audit knows."""

    administration: Administration
    search: AuditSearch
    events: EventLog

    async def __call__(self, session_id: str, *, actor_id: str, origin: Origin) -> Timeline:
        if partition_in(session_id, partitions=PARTITIONS) is None:
            raise NotFoundError
        await self.events.append(
            EventType.AUDIT_SEARCHED,
            origin,
            actor_id=actor_id,
            reason="timeline",
            data={"filters": {"session_id": session_id}},
        )
        found = await self.administration.session(session_id)
        record, ended_at = found or (None, None)
        rows, complete = await self._rows(session_id)
        if record is None and not rows:
            raise NotFoundError
        user_id = record.session.user_id if record else _owner(rows)
        before = await self._sign_in(user_id, rows)
        causes = await self._causes(user_id, rows, ended_at)
        ordered = sorted([*before, *causes, *rows], key=lambda row: str(row["occurred_at"]))
        entries = list(folded(told(row) for row in ordered))
        if record and not any(row["type"] == OPENED for row in rows):
            entries.insert(0, _opened(record))
        if record and record.end_reason and not any(row["type"] in ENDS for row in rows):
            at = to_rfc3339(to_ms(ended_at)) if ended_at else entries[-1].at
            entries.append(ended(at, record.end_reason))
        return Timeline(record, ended_at, user_id, entries, complete)

    async def _rows(self, session_id: str) -> tuple[list[dict[str, Any]], bool]:
        """The oldest and the newest rows that name the session, oldest first, and whether that is all."""
        filters = Filters(session_id=session_id)
        rows: list[dict[str, Any]] = []
        async for batch in self.search.batches(filters):
            rows += [readable(opened) for opened in batch]
            if len(rows) >= ROWS:
                break
        else:
            return rows, True
        known = {(row["partition"], row["seq"]) for row in rows}
        newest: list[dict[str, Any]] = []
        after = None
        while len(newest) < ROWS:
            page = await self.search.page(filters, limit=250, after=after)
            fresh = [readable(opened) for opened in page.rows]
            newest += [row for row in fresh if (row["partition"], row["seq"]) not in known]
            after = page.next
            if after is None or any((row["partition"], row["seq"]) in known for row in fresh):
                return [*rows, *reversed(newest)], True
        return [*rows, *reversed(newest)], False

    async def _sign_in(
        self, user_id: str, rows: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """The challenge that was met by this sign-in: of the same person, address and browser."""
        opened = next((row for row in rows if row["type"] == OPENED), None)
        if opened is None:
            return []
        until = _at(opened) + timedelta(milliseconds=1)
        found = await self._of_user(user_id, SIGN_IN, since=until - BEFORE, until=until)
        return [
            row
            for row in found
            if row["request_id"] == opened["request_id"]
            or (row["ip"], row["user_agent"]) == (opened["ip"], opened["user_agent"])
        ]

    async def _causes(
        self, user_id: str, rows: Sequence[Mapping[str, Any]], ended_at: datetime | None
    ) -> list[dict[str, Any]]:
        """What the session ended by: of the end's own request, or told just before it."""
        end = next((row for row in reversed(rows) if row["type"] in ENDS), None)
        at = _at(end) if end else ended_at
        if at is None:
            return []
        found = await self._of_user(user_id, CAUSES, since=at - AROUND, until=at + AROUND)
        request_id = end["request_id"] if end else None
        return [
            row
            for row in found
            if row["session_id"] is None and (not request_id or row["request_id"] == request_id)
        ]

    async def _of_user(
        self, user_id: str, types: Sequence[str], *, since: datetime, until: datetime
    ) -> list[dict[str, Any]]:
        wanted = Filters(user_id=user_id, types=types, since=since, until=until)
        page = await self.search.page(wanted, limit=50)
        return [readable(opened) for opened in page.rows]


def _opened(record: SessionRecord) -> Entry:
    session = record.session
    at = to_rfc3339(session.created_ms)
    return signed_in(at, ip=session.ip, device=session.device, amr=session.amr)


def _owner(rows: Sequence[Mapping[str, Any]]) -> str:
    return next((str(row["user_id"]) for row in rows if row["user_id"]), "")


def _at(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["occurred_at"])
