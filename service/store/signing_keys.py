"""Signing keys in SQL, the private halves sealed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import signing_keys
from service.domain.instants import to_ms
from service.domain.key_ring import RELOADED_EVERY, RingKey
from service.domain.secrets import Sealer
from service.domain.signing_key import SigningKey, VerifyingKey
from service.store.database import Database

LOCK = 0x1A7_5161  # any number that nothing else locks
OF = signing_keys.c


class SigningKeyRecords:
    """The table of signing keys."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.database = database
        self._sealer = sealer

    async def load(self) -> list[RingKey]:
        """The keys that are published.

        Raises SealBrokenError when SECRET_KEY is not the one they were sealed with.
        """
        async with self.database.transaction() as connection:
            return await self.published(connection)

    async def everything(self) -> list[RingKey]:
        """All there ever were, the newest first, none of them able to sign."""
        query = select(signing_keys).order_by(OF.created_at.desc())
        async with self.database.transaction() as connection:
            return [self.read(row, sign=False) for row in await connection.execute(query)]

    async def note_used(self, kid: str) -> None:
        """A process has signed with it within the last minute; many that say so write once."""
        statement = (
            update(signing_keys)
            .where(
                OF.kid == kid, or_(OF.used_at.is_(None), OF.used_at < func.now() - RELOADED_EVERY)
            )
            .values(used_at=func.now())
        )
        async with self.database.transaction() as connection:
            await connection.execute(statement)

    async def take_turns(self, connection: AsyncConnection) -> datetime:
        """Let nobody else change keys until the end of this transaction; what time it is."""
        await connection.execute(text(f"select pg_advisory_xact_lock({LOCK})"))
        now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
        return now

    async def published(self, connection: AsyncConnection) -> list[RingKey]:
        """As `load`, within a transaction."""
        now = func.clock_timestamp()
        query = (
            select(signing_keys, or_(OF.retired_at.is_(None), OF.retired_at > now).label("signs"))
            .where(or_(OF.published_until.is_(None), OF.published_until > now))
            .order_by(OF.signs_from.desc())
        )
        rows = (await connection.execute(query)).all()
        return [self.read(row, sign=row.signs) for row in rows]

    async def add(self, connection: AsyncConnection, key: SigningKey, signs_from: datetime) -> None:
        """Publish a key from now on."""
        row = {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "private_key": self._sealer.seal(key.to_der(), context=key.kid),
            "public_key": key.to_public_der(),
            "created_at": func.clock_timestamp(),
            "signs_from": signs_from,
        }
        await connection.execute(insert(signing_keys).values(row))

    async def set(self, connection: AsyncConnection, kid: str, **values: Any) -> None:
        """Change what is written of a key's life."""
        await connection.execute(update(signing_keys).where(OF.kid == kid).values(values))

    def read(self, row: Row[Any], *, sign: bool) -> RingKey:
        """A row as a key and its life. Raises SealBrokenError."""
        key: VerifyingKey
        if row.public_key is None or (sign and row.private_key is not None):
            der = self._sealer.open(row.private_key, context=row.kid)
            key = SigningKey.from_der(row.algorithm, der)
        else:
            key = VerifyingKey.from_public_der(row.algorithm, row.public_key)
        return RingKey(
            key=key,
            created_ms=to_ms(row.created_at),
            signs_from_ms=to_ms(row.signs_from),
            retired_ms=row.retired_at and to_ms(row.retired_at),
            published_until_ms=row.published_until and to_ms(row.published_until),
            used_ms=row.used_at and to_ms(row.used_at),
        )
