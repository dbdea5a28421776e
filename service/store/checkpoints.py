"""Signed checkpoints of the audit's chains: what an attacker with the whole database can't make."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import audit_checkpoints, audit_heads
from service.domain.checkpoint import Checkpoint
from service.domain.secrets import Sealer
from service.store.checkpoint_keys import CheckpointKeys
from service.store.database import Database
from service.store.ledger import Ledger


class Checkpoints(Ledger[Checkpoint]):
    """The table of checkpoints."""

    def __init__(self, database: Database, sealer: Sealer, now_ms: Callable[[], int]) -> None:
        super().__init__(database, audit_checkpoints, Checkpoint)
        self.keys = CheckpointKeys(sealer)
        self.now_ms = now_ms

    async def make(self, *, unless_younger: timedelta = timedelta(0)) -> Checkpoint | None:
        """Sign where the chains end now.

        None when nothing was added since the last one, or that is younger than this.
        """
        now = self.now_ms()
        async with self.database.transaction() as connection:
            await self.keys.take_turns(connection)
            last = await self.last(connection)
            if last is not None and now - last.made_ms < unless_younger // timedelta(
                milliseconds=1
            ):
                return None
            heads = await _heads(connection)
            if not heads or (last is not None and heads == last.heads):
                return None
            key = await self.keys.signing(connection)
            made = Checkpoint.sign(key, heads=heads, made_ms=now, previous=last)
            await self.add(connection, made)
        return made

    async def public_keys(self) -> dict[str, bytes]:
        """The keys that sign and signed, by kid, as SECRET_KEY opens them. Raises SealBrokenError."""
        async with self.database.transaction() as connection:
            return await self.keys.public(connection)


async def _heads(connection: AsyncConnection) -> dict[int, tuple[int, bytes]]:
    query = select(audit_heads).where(audit_heads.c.chained > 0)
    rows = await connection.execute(query.order_by(audit_heads.c.partition))
    return {row.partition: (row.chained, row.hash) for row in rows}
