"""The audit as it stood at one instant, read row by row from a server-side cursor."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, Table, Text, case, cast, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import audit_heads, audit_held, audit_log
from service.domain.audit_chain import MICROSECOND, Entry, to_canonical_json
from service.domain.stub import Stub
from service.store.database import Database
from service.store.holds import held_users
from service.store.stubs import Stubs

FETCHED = 2000

EARLIEST = datetime.min.replace(tzinfo=UTC) + MICROSECOND
LATEST = datetime.max.replace(tzinfo=UTC) - MICROSECOND
"""The very first and last mean -infinity and infinity to asyncpg."""
INSTANTS = {"occurred_at", "recorded_at"}
"""Columns whose type has years that Python has not got."""


def _columns(table: Table) -> list[Any]:
    """What `_standing` takes, in such a form that a row can be read whatever was written there."""

    def column(name: str) -> Any:
        given = table.c[name]
        if name in INSTANTS:
            return case((given.between(EARLIEST, LATEST), given)).label(name)
        return cast(given, Text).label(name) if name == "data" else given

    return [column(n) for n in ("seq", "prev_hash", "hash", "ip", "user_agent", *Entry._fields)]


class Standing(NamedTuple):
    """A row as it stands in its table, true or not."""

    seq: int
    prev_hash: bytes | None
    hash: bytes | None
    odd: str
    """Why no release can have written it, whatever its hash says; else empty."""
    entry: Entry


class HeldRow(NamedTuple):
    """A row that was put aside, and the number of the stub that proves it."""

    stub: int
    partition: int
    row: Standing


class HeadRow(NamedTuple):
    """What `audit_heads` says of a partition."""

    seq: int
    chained: int
    hash: bytes | None


@dataclass(frozen=True, slots=True)
class AuditSnapshot:
    """One transaction that sees nothing of what is written or dropped meanwhile."""

    database: Database
    connection: AsyncConnection

    async def heads(self) -> dict[int, HeadRow]:
        """Of each partition that ever was written."""
        of = audit_heads.c
        rows = await self.connection.execute(select(of.partition, of.seq, of.chained, of.hash))
        return {row.partition: HeadRow(row.seq, row.chained, row.hash) for row in rows}

    async def partitions(self) -> list[int]:
        """Those that have rows, whatever `audit_heads` says."""
        query = select(audit_log.c.partition).distinct()
        return sorted(await self.connection.scalars(query))

    async def rows(self, partition: int) -> AsyncIterator[Standing]:
        """A partition's rows by seq."""
        query = select(*_columns(audit_log)).where(audit_log.c.partition == partition)
        async for row in self._stream(query.order_by(audit_log.c.seq)):
            yield _standing(row)

    async def stubs(self) -> list[Stub]:
        """Of what retention dropped, by number."""
        return await Stubs(self.database).every(self.connection)

    async def held(self) -> AsyncIterator[HeldRow]:
        """Rows that retention put aside, by stub, person, partition and seq."""
        of = audit_held.c
        query = select(of.stub, of.partition, *_columns(audit_held))
        async for row in self._stream(query.order_by(of.stub, of.user_id, of.partition, of.seq)):
            stub, partition, *standing = tuple[Any, ...](row)
            yield HeldRow(stub, partition, _standing(standing))

    async def held_users(self) -> set[str]:
        """Who is under a hold."""
        return set(await self.connection.scalars(held_users()))

    async def sealed_rows(self) -> AsyncIterator[Row[Any]]:
        """Every row as its hash covers it, chain by chain."""
        query = select(audit_log).where(audit_log.c.hash.is_not(None))
        async for row in self._stream(query.order_by(audit_log.c.partition, audit_log.c.seq)):
            yield row

    async def _stream(self, query: Select[Any]) -> AsyncIterator[Row[Any]]:
        result = await self.connection.stream(query, execution_options={"yield_per": FETCHED})
        async for page in result.partitions():
            for row in page:
                yield row


def _standing(row: Sequence[Any]) -> Standing:
    seq, prev_hash, digest, ip, user_agent, *said, data, personal = row
    odd = "" if ip is None and user_agent is None else "a field that is always sealed is not"
    entry = Entry._make((*said, "", personal))
    if entry.occurred_at is None or entry.recorded_at is None:
        odd = "it has an instant that no clock shows"
    try:
        entry = entry._replace(data=to_canonical_json(json.loads(data)))
    except (TypeError, ValueError, RecursionError):
        odd = "its data cannot be read"
    return Standing(seq, prev_hash, digest, odd, entry)


@asynccontextmanager
async def open_snapshot(database: Database) -> AsyncIterator[AuditSnapshot]:
    """See the audit as it is now for as long as the block lasts."""
    async with database.transaction(isolation_level="REPEATABLE READ") as connection:
        # Before the snapshot is taken: a month that is dropped after it would be missing in it.
        await connection.execute(text("lock table audit_log in access share mode"))
        yield AuditSnapshot(database, connection)
