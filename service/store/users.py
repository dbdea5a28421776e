"""People, in SQL."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import recovery_codes, users
from service.domain.errors import ConflictError
from service.domain.instants import to_ms, to_rfc3339
from service.domain.users import Account, User, email_key
from service.store.database import Database

Announce = Callable[[Account], Awaitable[None]]
"""Says what is about to be committed; when it can't be said, nothing is committed."""


class UserRecords:
    """The table of people; every change counts the version up, so that caches can tell."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_by_email(self, email: str) -> Account | None:
        """The account of an address in any spelling, or None."""
        return await self._find(users.c.email_key == email_key(email))

    async def find(self, user_id: str) -> Account | None:
        """The account of an id, or None."""
        return await self._find(users.c.id == user_id)

    async def _find(self, which: Any) -> Account | None:
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(users).where(which))).one_or_none()
        return None if row is None else account_of(row)

    async def create(
        self,
        *,
        user_id: str,
        email: str,
        name: str,
        roles: Sequence[str],
        password_hash: str | None,
        announce: Announce,
        totp_secret: bytes | None = None,
    ) -> Account:
        """Add a person. Raises ConflictError when the address is taken."""
        statement = (
            upsert(users)
            .values(
                id=user_id,
                email=email.strip(),
                email_key=email_key(email),
                name=name,
                roles=list(roles),
                password_hash=password_hash,
                totp_secret=totp_secret,
            )
            .on_conflict_do_nothing(index_elements=[users.c.email_key])
            .returning(users)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                raise ConflictError
            await announce(account_of(row))
        return account_of(row)

    async def renew_hash(self, user_id: str, *, old: str, new: str) -> None:
        """Store a stronger hash of the same password, unless the password changed meanwhile."""
        statement = update(users).where(users.c.id == user_id, users.c.password_hash == old)
        async with self._database.transaction() as connection:
            await connection.execute(statement.values(password_hash=new))

    async def set_pending_totp(self, user_id: str, sealed: bytes) -> bool:
        """Remember a secret that no code has proven yet; False when a factor is already on."""
        statement = (
            update(users)
            .where(users.c.id == user_id, users.c.totp_secret.is_(None))
            .values(totp_pending=sealed)
        )
        async with self._database.transaction() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def spend_step(self, user_id: str, step: int) -> bool:
        """Accept a TOTP step for the first time on any node, ever; False for a repeat."""
        statement = (
            update(users)
            .where(users.c.id == user_id, users.c.totp_last_step < step)
            .values(totp_last_step=step)
        )
        async with self._database.transaction() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def spend_recovery_code(self, user_id: str, code_hash: bytes) -> bool:
        """Use a recovery code up; False when it is unknown or was used."""
        statement = (
            update(recovery_codes)
            .where(
                recovery_codes.c.user_id == user_id,
                recovery_codes.c.code_hash == code_hash,
                recovery_codes.c.used_at.is_(None),
            )
            .values(used_at=func.now())
        )
        async with self._database.transaction() as connection:
            return (await connection.execute(statement)).rowcount == 1


async def replace_codes(
    connection: AsyncConnection, user_id: str, code_hashes: Sequence[bytes]
) -> None:
    """The person has these recovery codes and no others."""
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    if code_hashes:
        await connection.execute(
            insert(recovery_codes),
            [{"user_id": user_id, "code_hash": code_hash} for code_hash in code_hashes],
        )


def account_of(row: Row[Any]) -> Account:
    """The account that a row of `users` is."""
    return Account(
        user=User(
            id=row.id,
            email=row.email,
            name=row.name,
            roles=tuple(row.roles),
            mfa_enabled=row.totp_secret is not None,
            created_at=to_rfc3339(to_ms(row.created_at)),
        ),
        version=row.version,
        credentials=row.credentials,
        password_hash=row.password_hash,
        totp_secret=row.totp_secret,
        totp_pending=row.totp_pending,
        disabled_at=row.disabled_at or row.locked_at,
    )
