"""The audit as it stood at one instant, read row by row from a server-side cursor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import audit_heads, audit_log
from service.domain.audit_chain import Entry, to_canonical_json
from service.store.database import Database

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


class HeadRow(NamedTuple):
    """What `audit_heads` says of a partition."""

    seq: int
    chained: int
    hash: bytes | None


@dataclass(frozen=True, slots=True)
class AuditSnapshot:
    """One transaction that sees nothing of what is written meanwhile."""

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
        result = await self.connection.stream(
            query.order_by(audit_log.c.seq), execution_options={"yield_per": FETCHED}
        )
        async for page in result.partitions():
            for seq, prev_hash, digest, ip, user_agent, *entry, data, personal in page:
                bare = ip is not None or user_agent is not None
                text = to_canonical_json(data)
                yield Standing(seq, prev_hash, digest, bare, Entry._make((*entry, text, personal)))


@asynccontextmanager
async def open_snapshot(database: Database) -> AsyncIterator[AuditSnapshot]:
    """See the audit as it is now for as long as the block lasts."""
    async with database.transaction(isolation_level="REPEATABLE READ") as connection:
        yield AuditSnapshot(connection)
