"""The audit as it stood at one instant, read row by row from a server-side cursor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import audit_heads, audit_held, audit_log
from service.domain.audit_chain import Entry, to_canonical_json
from service.domain.stub import Stub
from service.store.audit import entry_of
from service.store.database import Database
from service.store.holds import held_users
from service.store.stubs import Stubs

FETCHED = 2000

_COLUMNS = [
    audit_log.c[name] for name in ("seq", "prev_hash", "hash", "ip", "user_agent", *Entry._fields)
]


class Standing(NamedTuple):
    """A row as it stands in its table, true or not."""

    seq: int
    prev_hash: bytes | None
    hash: bytes | None
    bare: bool
    """It shows a field that every chained row has sealed."""
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
        rows = await self.connection.execute(select(audit_heads))
        return {row.partition: HeadRow(row.seq, row.chained, row.hash) for row in rows}

    async def partitions(self) -> list[int]:
        """Those that have rows, whatever `audit_heads` says."""
        query = select(audit_log.c.partition).distinct()
        return sorted(await self.connection.scalars(query))

    async def rows(self, partition: int) -> AsyncIterator[Standing]:
        """A partition's rows by seq."""
        query = select(*_COLUMNS).where(audit_log.c.partition == partition)
        async for row in self._stream(query.order_by(audit_log.c.seq)):
            seq, prev_hash, digest, ip, user_agent, *entry, data, personal = tuple[Any, ...](row)
            bare = ip is not None or user_agent is not None
            said = Entry._make((*entry, to_canonical_json(data), personal))
            yield Standing(seq, prev_hash, digest, bare, said)

    async def stubs(self) -> list[Stub]:
        """Of what retention dropped, by number."""
        return await Stubs(self.database).every(self.connection)

    async def held(self) -> AsyncIterator[HeldRow]:
        """Rows that retention put aside, by stub, person, partition and seq."""
        of = audit_held.c
        query = select(audit_held).order_by(of.stub, of.user_id, of.partition, of.seq)
        async for row in self._stream(query):
            bare = row.ip is not None or row.user_agent is not None
            standing = Standing(row.seq, row.prev_hash, row.hash, bare, entry_of(row))
            yield HeldRow(row.stub, row.partition, standing)

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


@asynccontextmanager
async def open_snapshot(database: Database) -> AsyncIterator[AuditSnapshot]:
    """See the audit as it is now for as long as the block lasts."""
    async with database.transaction(isolation_level="REPEATABLE READ") as connection:
        # Before the snapshot is taken: a month that is dropped after it would be missing in it.
        await connection.execute(text("lock table audit_log in access share mode"))
        yield AuditSnapshot(database, connection)
