"""Sessions row by row, for analysts: people by pseudonyms, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import column, literal, select, table, tuple_

from service.contracts.analytics_tables import INSTANT, SCHEMA
from service.domain.session_cursor import Place
from service.store.database import Database

SHOWN = (
    "session_id",
    "user_key",
    "started_at",
    "last_active_at",
    "ended_at",
    "end_reason",
    "client",
    "device_class",
    "browser",
    "os",
    "country",
    "method",
    "mfa_used",
    "refresh_count",
    "refresh_background_count",
    "reuse_detected",
)
_INSTANTS = ("started_at", "last_active_at", "ended_at")
_VIEW = table(
    "v1_sessions",
    *(column(name, INSTANT if name in _INSTANTS else None) for name in SHOWN),
    column("is_test"),
    column("is_bot"),
    schema=SCHEMA,
)
_of = _VIEW.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Sessions that started, or ended, in `[since, until)`; `equal`: what columns have to be."""

    at: Literal["started", "ended"]
    since: datetime
    until: datetime
    equal: dict[str, Any] = field(default_factory=dict)
    include_test: bool = False
    include_bots: bool = False


class Page(NamedTuple):
    """Rows by SHOWN, and where to go on; None at the end."""

    rows: Sequence[dict[str, Any]]
    next: Place | None


@dataclass(frozen=True, slots=True)
class SessionRows:
    """Reads by place, never by number. Raises ServiceUnavailableError, also for what takes too long."""

    database: Database

    async def page(self, wanted: Wanted, *, limit: int, after: Place | None) -> Page:
        """Up to `limit` rows that come after a place."""
        at = _of[f"{wanted.at}_at"]
        query = select(*(_of[name] for name in SHOWN)).where(at >= wanted.since, at < wanted.until)
        for name, value in wanted.equal.items():
            query = query.where(_of[name] == value)
        if not wanted.include_test:
            query = query.where(~_of.is_test)
        if not wanted.include_bots:
            query = query.where(~_of.is_bot)
        if after is not None:
            place = tuple_(literal(after.at, INSTANT), literal(after.session_id))
            # The view is a barrier, through which only the first of these gets to the index.
            query = query.where(at <= after.at, tuple_(at, _of.session_id) < place)
        query = query.order_by(at.desc(), _of.session_id.desc()).limit(limit + 1)
        async with self.database.transaction() as connection:
            found = (await connection.execute(query)).mappings().all()
        rows = [dict(row) for row in found[:limit]]
        more = len(found) > limit
        last = Place(rows[-1][f"{wanted.at}_at"], rows[-1]["session_id"]) if more else None
        return Page(rows, last)
