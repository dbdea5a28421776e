"""Signed checkpoints of the audit's chains: what an attacker with the whole database can't make."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import audit_checkpoints, audit_heads, checkpoint_keys
from service.domain.checkpoint import Checkpoint, kid_of
from service.domain.instants import to_datetime
from service.domain.secrets import Sealer
from service.store.database import Database

LOCK = 0x1A7_5162  # any number that nothing else locks
PAGE = 500


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The table of checkpoints and the keys that sign them; a first key is made when needed."""

    database: Database
    sealer: Sealer
    now_ms: Callable[[], int]

    async def make(self, *, unless_younger: timedelta = timedelta(0)) -> Checkpoint | None:
        """Sign where the chains end now.

        None when nothing was added since the last one, or that is younger than this.
        """
        now = self.now_ms()
        async with self.database.transaction() as connection:
            await connection.execute(text(f"select pg_advisory_xact_lock({LOCK})"))
            last = await _last(connection)
            if last is not None and now - last.made_ms < unless_younger // timedelta(
                milliseconds=1
            ):
                return None
            heads = await _heads(connection)
            if not heads or (last is not None and heads == last.heads):
                return None
            made = Checkpoint.sign(
                await self._signing_key(connection), heads=heads, made_ms=now, previous=last
            )
            row = {
                "number": made.number,
                "made_at": to_datetime(now),
                "kid": made.kid,
                "body": made.body,
                "signature": made.signature,
            }
            await connection.execute(insert(audit_checkpoints).values(row))
        return made

    async def latest(self) -> Checkpoint | None:
        """The newest one."""
        async with self.database.transaction() as connection:
            return await _last(connection)

    async def public_keys(self) -> dict[str, bytes]:
        """The keys that sign and signed, by kid, each taken from its private half.

        What only stands in the table may be anybody's; what SECRET_KEY opens is ours.
        Raises SealBrokenError.
        """
        async with self.database.transaction() as connection:
            rows = (await connection.execute(select(checkpoint_keys))).all()
        keys = [self._open(row.kid, row.private_key).public_key() for row in rows]
        return {kid_of(key.public_bytes_raw()): key.public_bytes_raw() for key in keys}

    async def count(self) -> int:
        """How many there are."""
        async with self.database.transaction() as connection:
            query = select(func.count()).select_from(audit_checkpoints)
            return int(await connection.scalar(query) or 0)

    async def all(self) -> AsyncIterator[Checkpoint]:
        """Every checkpoint, by number."""
        after = -1
        while page := await self._page(audit_checkpoints.c.number > after):
            for checkpoint in page:
                yield checkpoint
            after = page[-1].number

    async def undelivered(self) -> list[Checkpoint]:
        """Up to PAGE that the sink does not have, the oldest first."""
        return await self._page(audit_checkpoints.c.delivered_at.is_(None))

    async def note_delivered(self, number: int) -> None:
        """The sink has it."""
        statement = update(audit_checkpoints).where(audit_checkpoints.c.number == number)
        async with self.database.transaction() as connection:
            await connection.execute(statement.values(delivered_at=func.now()))

    async def _page(self, which: object) -> list[Checkpoint]:
        query = select(audit_checkpoints).where(which)  # type: ignore[arg-type]
        async with self.database.transaction() as connection:
            rows = await connection.execute(query.order_by(audit_checkpoints.c.number).limit(PAGE))
            return [Checkpoint(row.number, row.kid, row.body, row.signature) for row in rows]

    async def _signing_key(self, connection: AsyncConnection) -> Ed25519PrivateKey:
        newest = select(checkpoint_keys).order_by(checkpoint_keys.c.created_at.desc()).limit(1)
        row = (await connection.execute(newest)).one_or_none()
        if row is not None:
            return self._open(row.kid, row.private_key)
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        kid = kid_of(public)
        sealed = self.sealer.seal(key.private_bytes_raw(), context=f"checkpoint/{kid}")
        values = {"kid": kid, "public_key": public, "private_key": sealed}
        await connection.execute(insert(checkpoint_keys).values(values))
        return key

    def _open(self, kid: str, sealed: bytes) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(
            self.sealer.open(sealed, context=f"checkpoint/{kid}")
        )


async def _last(connection: AsyncConnection) -> Checkpoint | None:
    query = select(audit_checkpoints).order_by(audit_checkpoints.c.number.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Checkpoint(row.number, row.kid, row.body, row.signature)


async def _heads(connection: AsyncConnection) -> dict[int, tuple[int, bytes]]:
    query = select(audit_heads).where(audit_heads.c.chained > 0)
    rows = await connection.execute(query.order_by(audit_heads.c.partition))
    return {row.partition: (row.chained, row.hash) for row in rows}
