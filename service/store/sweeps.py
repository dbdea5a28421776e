"""Rows that nobody needs any more. Each sweep is one bounded statement: run it until it finds few.

What another worker or anybody else has locked is left for the next run. What is due is read from
SQL by a clock that is borne out (`trusted_now`), so a missed tick costs nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, Text, cast, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.factor_tables import sign_in_failures, trusted_devices
from service.contracts.link_tables import email_changes, password_resets, registrations
from service.contracts.tables import (
    audit_held,
    dead_letters,
    legal_holds,
    sessions,
)
from service.domain.lockout import MAX_FAILURES
from service.store.database import Database
from service.store.holds import under_hold
from service.store.retention_clock import trusted_now

BATCH = 1000
REPLAYED_KEPT = timedelta(days=30)
MARGIN = timedelta(hours=1)
FAILURES_KEPT = timedelta(days=30)

LINK_TABLES = (registrations, password_resets, email_changes)

Sweep = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Sweeps:
    """Raises ClockDoubtfulError while the clock is not borne out."""

    database: Database
    now_ms: Callable[[], int]

    async def ended_sessions(self, *, keep: timedelta) -> int:
        """Sessions that ended longer ago than `keep`, of which the audit has the end."""
        of = sessions.c
        return await self._sweep(
            sessions,
            lambda now: (
                (of.ended_at < now - keep) & of.end_applied & ~under_hold(cast(of.user_id, Text))
            ),
        )

    async def replayed_letters(self) -> int:
        """Dead letters that have been rows of the audit for REPLAYED_KEPT."""
        of = dead_letters.c
        return await self._sweep(
            dead_letters,
            lambda now: (
                (of.replayed_at < now - REPLAYED_KEPT) & ~under_hold(of.fields["user_id"].astext)
            ),
        )

    async def expired_links(self, table: Table) -> int:
        """What waited for a link to be followed, and waits in vain; of one of LINK_TABLES.

        By the server's own clock, whatever it says: the links expire by that, too.
        """
        async with self.database.transaction() as connection:
            return await delete_some(connection, table, table.c.expires_at < func.now() - MARGIN)

    async def old_failures(self) -> int:
        """Failures in a row of which the last is FAILURES_KEPT ago; not what only a reset may open."""
        of = sign_in_failures.c
        return await self._sweep(
            sign_in_failures,
            lambda now: (of.tried_at < now - FAILURES_KEPT) & (of.failures < MAX_FAILURES),
        )

    async def expired_devices(self) -> int:
        """Devices that are trusted no more."""
        return await self._sweep(trusted_devices, lambda now: trusted_devices.c.expires_at < now)

    async def released_rows(self) -> int:
        """Rows that retention put aside, of people whom no hold keeps any more."""
        return await self._sweep(audit_held, lambda _: ~under_hold(audit_held.c.user_id))

    async def released_holds(self, *, keep: timedelta) -> int:
        """Holds that were released longer ago than `keep`."""
        return await self._sweep(legal_holds, lambda now: legal_holds.c.released_at < now - keep)

    async def _sweep(self, table: Table, due: Callable[[datetime], ColumnElement[bool]]) -> int:
        async with self.database.transaction() as connection:
            now = await trusted_now(connection, self.now_ms())
            return await delete_some(connection, table, due(now))


async def delete_some(connection: AsyncConnection, table: Table, due: ColumnElement[bool]) -> int:
    """Delete up to BATCH rows that nobody has locked; how many."""
    key = list(table.primary_key)
    some = select(*key).where(due).limit(BATCH).with_for_update(skip_locked=True).cte("some")
    chosen = select(*(some.c[column.name] for column in key))
    statement = delete(table).where(tuple_(*key).in_(chosen))
    return (await connection.execute(statement)).rowcount
