"""The keys that sign checkpoints and stubs; a first one is made when it is needed."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import checkpoint_keys
from service.domain.secrets import Sealer
from service.domain.signed import kid_of

LOCK = 0x1A7_5162  # any number that nothing else locks


@dataclass(frozen=True, slots=True)
class CheckpointKeys:
    """The table of that name."""

    sealer: Sealer

    async def take_turns(self, connection: AsyncConnection) -> None:
        """Wait until nobody else signs; until the end of this transaction nobody else will."""
        await connection.execute(text(f"select pg_advisory_xact_lock({LOCK})"))

    async def signing(self, connection: AsyncConnection) -> Ed25519PrivateKey:
        """The newest; ask for it only after `take_turns`."""
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

    async def public(self, connection: AsyncConnection) -> dict[str, bytes]:
        """The keys that sign and signed, by kid, each taken from its private half.

        What only stands in the table may be anybody's; what SECRET_KEY opens is ours.
        Raises SealBrokenError.
        """
        rows = (await connection.execute(select(checkpoint_keys))).all()
        keys = [self._open(row.kid, row.private_key).public_key() for row in rows]
        return {kid_of(key.public_bytes_raw()): key.public_bytes_raw() for key in keys}

    def _open(self, kid: str, sealed: bytes) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(
            self.sealer.open(sealed, context=f"checkpoint/{kid}")
        )
