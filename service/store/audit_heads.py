"""The head of a partition's chain; its row lock is the lease of the partition's one writer."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import audit_heads
from service.domain.audit_chain import GENESIS
from service.domain.instants import EPOCH


class Head(NamedTuple):
    """Where a partition's chain ends: its newest row, the newest row with a hash, that hash.

    `recorded_at` is of the newest row, `now` the database's clock.
    """

    seq: int
    chained: int
    hash: bytes
    recorded_at: datetime
    now: datetime

    def next_at(self, now: datetime) -> datetime:
        """When a row is recorded that comes next: never before the last, so that a month is one
        run of a chain. A clock that is ahead of the database's does not count, nor the other way.
        """
        return max(self.recorded_at, min(now, self.now))


async def lock_head(connection: AsyncConnection, partition: int) -> Head:
    """The head, made when it is missing; nobody else moves it until this transaction ends."""
    query = (
        select(audit_heads, func.clock_timestamp().label("now"))
        .where(audit_heads.c.partition == partition)
        .with_for_update()
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        first = upsert(audit_heads).values(partition=partition).on_conflict_do_nothing()
        await connection.execute(first)
        row = (await connection.execute(query)).one()
    return Head(row.seq, row.chained, row.hash or GENESIS, row.recorded_at or EPOCH, row.now)


async def move_head(connection: AsyncConnection, partition: int, **to: Any) -> None:
    """Write what a chain has become: `seq`, `chained`, `hash`, `recorded_at`."""
    moved = update(audit_heads).where(audit_heads.c.partition == partition)
    await connection.execute(moved.values(to))
