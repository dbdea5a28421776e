"""When made-up events came: the facts of a demonstration say that of the simulated clock.

Only a command with the right to write the facts does this. An event can't say when it was received,
and ingestion knows no other clock than the worker's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from service.contracts.analytics_tables import SCHEMA
from service.domain.instants import to_datetime
from service.store import aggregate_statements as sql
from service.store.aggregates import Aggregates
from service.store.database import Database

_RECEIVED = text(f"""
    update {SCHEMA}.fct_auth_events as t set received_at = least(told.at, t.received_at)
    from unnest(cast(:ids as text[]), cast(:ats as timestamptz[])) as told (id, at)
    where t.event_id = told.id
""")  # noqa: S608 - our own schema's name
_FORGET = (
    text(f"delete from {SCHEMA}.meta_watermark"),  # noqa: S608
    text(f"update {SCHEMA}.agg_zone set built_at = null"),  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class SimulatedArrivals:
    """Writes them, and has the aggregates worked out from the beginning."""

    database: Database
    aggregates: Aggregates

    async def tell(self, arrivals: Sequence[tuple[str, int]]) -> None:
        """Events by id, stored already, and when each came in epoch milliseconds."""
        ids = [event_id for event_id, _ in arrivals]
        ats = [to_datetime(at_ms) for _, at_ms in arrivals]
        async with self.database.transaction() as connection:
            await connection.execute(_RECEIVED, {"ids": ids, "ats": ats})

    async def finish(self, now: datetime) -> None:
        """What was received long ago is new to the aggregates: they take all of it in."""
        async with self.database.transaction() as connection:
            await connection.execute(sql.LOCK)
            for statement in _FORGET:
                await connection.execute(statement)
        await self.aggregates.refresh(now)
