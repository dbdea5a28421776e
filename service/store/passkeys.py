"""Passkeys, in SQL."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from service.contracts.passkey_tables import passkeys
from service.contracts.tables import users
from service.domain.errors import ConflictError
from service.domain.instants import to_ms
from service.domain.passkeys import MAX_PASSKEYS, NewPasskey, Passkey, Shown
from service.store.admins import MAY_SIGN_IN
from service.store.database import Database

AnnouncePasskey = Callable[[Passkey], Awaitable[None]]
"""Says what is about to be committed; when it can't be said, nothing is committed."""


class PasskeyRecords:
    """The table of passkeys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_user(self, user_id: str) -> list[Passkey]:
        """A person's passkeys, the oldest first."""
        query = select(passkeys).where(passkeys.c.user_id == user_id)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query.order_by(passkeys.c.created_at, passkeys.c.id))
            return [_passkey(row) for row in rows]

    async def find(self, credential_id: bytes) -> Passkey | None:
        """The passkey that an authenticator calls so, or None."""
        query = select(passkeys).where(passkeys.c.credential_id == credential_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _passkey(row)

    async def add(
        self,
        user_id: str,
        new: NewPasskey,
        *,
        passkey_id: str,
        name: str,
        announce: AnnouncePasskey,
    ) -> Passkey:
        """Keep a passkey. Raises ConflictError when it is held by anybody, or a person has too many."""
        owner = select(users.c.id).where(users.c.id == user_id, MAY_SIGN_IN)
        statement = (
            upsert(passkeys)
            .values(
                id=passkey_id,
                user_id=user_id,
                credential_id=new.credential_id,
                public_key=new.public_key,
                sign_count=new.sign_count,
                transports=list(new.transports),
                aaguid=new.aaguid,
                backup_eligible=new.backup_eligible,
                backed_up=new.backed_up,
                name=name,
            )
            .on_conflict_do_nothing(index_elements=[passkeys.c.credential_id])
            .returning(passkeys)
        )
        held = select(func.count()).where(passkeys.c.user_id == user_id)
        async with self._database.transaction() as connection:
            alive = await connection.scalar(owner.with_for_update())  # and so counts only once
            if alive is None or (await connection.scalar(held) or 0) >= MAX_PASSKEYS:
                raise ConflictError
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                raise ConflictError
            await announce(_passkey(row))
        return _passkey(row)

    async def rename(
        self, user_id: str, passkey_id: str, name: str, *, announce: AnnouncePasskey
    ) -> Passkey | None:
        """Call one of a person's passkeys something else; None when they have no such."""
        statement = update(passkeys).values(name=name)
        return await self._change(statement, user_id, passkey_id, announce)

    async def remove(
        self, user_id: str, passkey_id: str, *, announce: AnnouncePasskey
    ) -> Passkey | None:
        """Forget one of a person's passkeys; None when they have no such."""
        return await self._change(delete(passkeys), user_id, passkey_id, announce)

    async def use(self, passkey: Passkey, shown: Shown) -> bool:
        """Note a use; False when its counter did not go on: there is a copy, or it was removed."""
        counter = passkeys.c.sign_count
        moved = counter < shown.sign_count if shown.sign_count else counter == 0
        statement = (
            update(passkeys)
            .where(passkeys.c.id == passkey.id, moved)
            .values(
                sign_count=shown.sign_count,
                backed_up=shown.backed_up,
                last_used_at=func.clock_timestamp(),
            )
        )
        async with self._database.transaction() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def _change(
        self, statement: Any, user_id: str, passkey_id: str, announce: AnnouncePasskey
    ) -> Passkey | None:
        which = statement.where(passkeys.c.user_id == user_id, passkeys.c.id == passkey_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(which.returning(passkeys))).one_or_none()
            if row is None:
                return None
            await announce(_passkey(row))
        return _passkey(row)


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        id=row.id,
        user_id=row.user_id,
        credential_id=row.credential_id,
        public_key=row.public_key,
        sign_count=row.sign_count,
        transports=tuple(row.transports),
        aaguid=row.aaguid,
        backup_eligible=row.backup_eligible,
        backed_up=row.backed_up,
        name=row.name,
        created_ms=to_ms(row.created_at),
        last_used_ms=None if row.last_used_at is None else to_ms(row.last_used_at),
    )
