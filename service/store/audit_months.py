"""The audit's months: a table each, so that retention can drop one whole (docs/adr/0012).

They are made ahead, and by whoever misses one. A table is made apart and then attached: that waits
for no reader and no writer, and none waits for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.instants import month_of, to_datetime
from service.store.database import Database

LOCK = 0x1A7_5163  # any number that nothing else locks
AHEAD = 3

_MONTHS = text(r"""
    select c.relname as name, cast(bound[1] as timestamptz) as begins,
           cast(bound[2] as timestamptz) as ends
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid,
    regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)') bound
    where i.inhparent = to_regclass('audit_log')
    order by begins
""")


class Month(NamedTuple):
    """A table of the audit and the instants of its rows: `begins`, and all before `ends`.

    What stood there before there were months is all in one, named after the last of them.
    """

    table: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class AuditMonths:
    """Makes months before they are needed."""

    database: Database
    now_ms: Callable[[], int]

    async def make_ahead(self) -> Sequence[Month]:
        """Have this month's table and the next three; all there are."""
        begins, months = to_datetime(self.now_ms()), list[Month]()
        for _ in range(AHEAD + 1):
            months = await make_month(self.database, begins)
            begins = month_of(begins)[1]
        return months


def find_month(months: Sequence[Month], at: datetime) -> Month | None:
    """Where a row of this instant goes, or None when that table is still to be made."""
    return next((each for each in months if each.begins <= at < each.ends), None)


async def read_months(connection: AsyncConnection) -> list[Month]:
    """Those there are, the oldest first."""
    return [Month(*row) for row in await connection.execute(_MONTHS)]


async def make_month(database: Database, at: datetime) -> list[Month]:
    """Have a table for rows of this instant; all months there are. Several at once make it once."""
    async with database.transaction() as connection:
        months = await read_months(connection)
        if find_month(months, at):
            return months
        await connection.execute(text(f"select pg_advisory_xact_lock({LOCK})"))
        months = await read_months(connection)
        if find_month(months, at):
            return months
        begins, ends = month_of(at)
        name = f"audit_log_{begins:%Y_%m}"
        await connection.execute(text(f"create table {name} (like audit_log including all)"))
        await connection.exec_driver_sql(
            f"alter table audit_log attach partition {name} "
            f"for values from ('{begins.isoformat()}') to ('{ends.isoformat()}')"
        )
        return await read_months(connection)
