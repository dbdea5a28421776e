"""A key a person, sealed in SQL: what it encrypted is gone for good when the key is destroyed.

People whom nobody knows (a failed sign-in with any address) share one key a day: docs/adr/0010.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import person_keys
from service.domain.secrets import NONCE_BYTES, SealBrokenError, Sealer
from service.store.database import Database
from service.store.retention_clock import earlier_now

KEY_BYTES = 32
CACHED = 50_000
DAY = "day:"

_OF_OWNERS = select(person_keys.c.owner, person_keys.c.sealed_key).where(
    person_keys.c.owner == func.any(bindparam("owners", type_=ARRAY(TEXT)))
)


def owner_of(user_id: str | None, at: datetime) -> str:
    """Whose key seals what is said of a person, or of somebody unknown on a day."""
    return user_id or f"{DAY}{at:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class PersonKeys:
    """The table of keys, and the ones used of late. Keys are made on first use."""

    database: Database
    sealer: Sealer
    randomness: Callable[[int], bytes]
    _used: dict[str, AESGCM | None] = field(default_factory=dict, repr=False)

    async def load(self, owners: Collection[str]) -> None:
        """Have the keys of these owners at hand; what is made is committed before it is used."""
        missing = sorted(set(owners) - self._used.keys())
        if not missing:
            return
        if len(self._used) + len(missing) > CACHED:
            self._used.clear()
            missing = sorted(set(owners))
        async with self.database.transaction() as connection:
            found = await self._find(connection, missing)
            if made := [owner for owner in missing if owner not in found]:
                rows = [{"owner": owner, "sealed_key": self._new(owner)} for owner in made]
                await connection.execute(upsert(person_keys).on_conflict_do_nothing(), rows)
                # Another worker may have been first.
                found |= await self._find(connection, made)
        self._used.update(found)

    async def find(self, owners: Collection[str]) -> Mapping[str, AESGCM | None]:
        """The keys there are, for reading; none is made or remembered. None: destroyed."""
        async with self.database.transaction() as connection:
            return await self._find(connection, sorted(set(owners)))

    def seal(self, owner: str, plain: bytes, *, context: str) -> bytes:
        """nonce ‖ ciphertext and tag, under a key that was loaded.

        Where the key was destroyed it is a new one that nobody keeps.
        """
        cipher = self._used[owner] or AESGCM(self.randomness(KEY_BYTES))
        nonce = self.randomness(NONCE_BYTES)
        return nonce + cipher.encrypt(nonce, plain, context.encode())

    async def destroy(self, owner: str) -> bool:
        """Make unreadable for good what this key sealed and will seal; False if it was already.

        A worker that has the key in memory may still seal with it; nothing can open that.
        """
        async with self.database.transaction() as connection:
            destroyed = await destroy_key(connection, owner)
        self._used.pop(owner, None)
        return destroyed

    async def destroy_days(self, *, keep: timedelta, now_ms: int) -> int:
        """Destroy the keys of days that ended longer ago than `keep`; how many there were."""
        async with self.database.transaction() as connection:
            last = owner_of(None, await earlier_now(connection, now_ms) - keep)
            statement = (
                update(person_keys)
                .where(
                    person_keys.c.owner.startswith(DAY),
                    person_keys.c.owner < last,
                    person_keys.c.destroyed_at.is_(None),
                )
                .values(sealed_key=None, destroyed_at=func.now())
            )
            return (await connection.execute(statement)).rowcount

    async def _find(
        self, connection: AsyncConnection, owners: list[str]
    ) -> dict[str, AESGCM | None]:
        rows = (await connection.execute(_OF_OWNERS, {"owners": owners})).all()
        return {row.owner: self._open(row.owner, row.sealed_key) for row in rows}

    def _new(self, owner: str) -> bytes:
        return self.sealer.seal(self.randomness(KEY_BYTES), context=_context(owner))

    def _open(self, owner: str, sealed: bytes | None) -> AESGCM | None:
        return None if sealed is None else AESGCM(self.sealer.open(sealed, context=_context(owner)))


async def destroy_key(connection: AsyncConnection, owner: str) -> bool:
    """`PersonKeys.destroy` as a part of a larger transaction."""
    gone = {"sealed_key": None, "destroyed_at": func.now()}
    statement = (
        upsert(person_keys)
        .values(owner=owner, **gone)
        .on_conflict_do_update(
            index_elements=[person_keys.c.owner],
            set_=gone,
            where=person_keys.c.destroyed_at.is_(None),
        )
        .returning(person_keys.c.owner)
    )
    return await connection.scalar(statement) is not None


def open_sealed(cipher: AESGCM, sealed: bytes, *, context: str) -> bytes:
    """The inverse of `PersonKeys.seal`. Raises SealBrokenError."""
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError(context) from error


def _context(owner: str) -> str:
    return f"person/{owner}"
