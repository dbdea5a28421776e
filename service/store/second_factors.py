"""A person's second factor, once it is on: off again, new recovery codes, how many are left."""

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import func, select, update

from service.contracts.tables import recovery_codes, users
from service.domain.users import Account
from service.store.database import Database
from service.store.trusted_devices import TrustedDevices
from service.store.users import Announce, account_of, replace_codes


class SecondFactors:
    """Changes of it, each told within its transaction; `account` as it was when it was proven.

    None: another request has changed the factor since.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def disable(
        self, account: Account, *, announce: Callable[[int], Awaitable[None]]
    ) -> Account | None:
        """Off, with its recovery codes; `announce` is told of how many devices trust is over."""
        statement = (
            update(users)
            .where(users.c.id == account.user.id, users.c.totp_secret == account.totp_secret)
            .values(totp_secret=None, totp_pending=None, version=users.c.version + 1)
            .returning(users)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                return None
            await replace_codes(connection, account.user.id, ())
            await announce(await TrustedDevices.revoke_all(connection, account.user.id))
        return account_of(row)

    async def renew_codes(
        self, account: Account, code_hashes: Sequence[bytes], *, announce: Announce
    ) -> Account | None:
        """A new set of recovery codes; all of the old are dead."""
        statement = (
            update(users)
            .where(users.c.id == account.user.id, users.c.totp_secret == account.totp_secret)
            .values(version=users.c.version + 1)
            .returning(users)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                return None
            await replace_codes(connection, account.user.id, code_hashes)
            await announce(account_of(row))
        return account_of(row)

    async def codes_left(self, user_id: str) -> int:
        """Recovery codes that were not used."""
        unused = select(func.count()).where(
            recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None)
        )
        async with self._database.transaction() as connection:
            return int(await connection.scalar(unused) or 0)
