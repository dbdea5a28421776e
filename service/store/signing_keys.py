"""Signing keys in SQL, sealed."""

from sqlalchemy import insert, select, text

from service.contracts.tables import signing_keys
from service.domain.access_token import SigningKey
from service.domain.secrets import Sealer
from service.store.database import Database

LOCK = 0x1A7_5161  # any number that nothing else locks


class SigningKeyRecords:
    """The table of signing keys."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def load(self, algorithm: str) -> list[SigningKey]:
        """The keys to publish, the one that signs first; made when there is none yet.

        Raises SealBrokenError when SECRET_KEY is not the one they were sealed with.
        """
        query = (
            select(signing_keys)
            .where(signing_keys.c.retired_at.is_(None))
            .order_by(signing_keys.c.created_at.desc())
        )
        async with self._database.transaction() as connection:
            # Processes that start at once must agree on one first key.
            await connection.execute(text(f"select pg_advisory_xact_lock({LOCK})"))
            rows = (await connection.execute(query)).all()
            keys = [
                SigningKey.from_der(
                    row.algorithm, self._sealer.open(row.private_key, context=row.kid)
                )
                for row in rows
            ]
            if not any(key.algorithm == algorithm for key in keys):
                key = SigningKey.generate(algorithm)
                sealed = self._sealer.seal(key.to_der(), context=key.kid)
                row = {"kid": key.kid, "algorithm": algorithm, "private_key": sealed}
                await connection.execute(insert(signing_keys).values(row))
                keys.insert(0, key)
        return sorted(keys, key=lambda key: key.algorithm != algorithm)
