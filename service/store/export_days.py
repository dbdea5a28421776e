"""Which days of a view have changed since they were last exported."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from sqlalchemy import text

from service.contracts.analytics_views import View
from service.store.database import Database

RECEIVED: Mapping[str, str] = {
    "v1_events": """
        select cast(occurred_at at time zone 'UTC' as date) as day, max(received_at)
        from analytics.fct_auth_events where received_at >= :since group by 1
    """,
    "v1_sessions": """
        select cast(session.started_at at time zone 'UTC' as date) as day, max(event.received_at)
        from analytics.fct_auth_events as event
        join analytics.fct_sessions as session using (session_id)
        where event.received_at >= :since and session.started_at is not null group by 1
    """,
}
"""When a row of a day last changed. What is added up is small, and not among these."""


class Freshness(NamedTuple):
    """The database's clock, and before which instant only late events count (None: none)."""

    now: datetime
    closed_through: datetime | None


@dataclass(frozen=True, slots=True)
class ExportDays:
    """Reads. Raises ServiceUnavailableError."""

    database: Database

    async def freshness(self) -> Freshness:
        query = text(
            "select clock_timestamp(), (select closed_through from analytics.v1_freshness)"
        )
        async with self.database.transaction() as connection:
            return Freshness(*(await connection.execute(query)).one())

    async def edges(self, view: View) -> tuple[date, date] | None:
        """The first and last day that a view has, UTC; None: it is empty."""
        query = f"select min({view.day}), max({view.day}) from {view.place}"  # noqa: S608
        async with self.database.transaction() as connection:
            first, last = (await connection.execute(text(query))).one()
        return None if first is None else (_day(first), _day(last))

    async def changed(self, view: View, since: datetime) -> Mapping[date, datetime] | None:
        """By day, when a row last changed, as far as that was since an instant; None: unknown."""
        query = RECEIVED.get(view.name)
        if query is None:
            return None
        async with self.database.transaction() as connection:
            rows = await connection.execute(text(query), {"since": since})
            return {row[0]: row[1] for row in rows}


def _day(value: date) -> date:
    return value.astimezone(UTC).date() if isinstance(value, datetime) else value
