"""A person's second factor: on, off again, new recovery codes, how many are left."""

from collections.abc import Sequence

from sqlalchemy import func, select

from service.contracts.tables import recovery_codes, users
from service.domain.sessions import EndReason
from service.domain.users import Account
from service.store.account_changes import Changed, Tell, change, lock_account
from service.store.database import Database
from service.store.users import Announce, replace_codes


class SecondFactors:
    """Changes of it, each told within its transaction; `account` as it was when it was proven.

    None or False: another request has changed what signs them in since.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enable(
        self,
        account: Account,
        *,
        step: int,
        code_hashes: Sequence[bytes],
        keep: str | None,
        announce: Tell,
    ) -> Changed | None:
        """Turn a proven secret on with its recovery codes; with `keep` every other session ends."""
        async with self._database.transaction() as connection:
            changed = await change(
                connection,
                account.user.id,
                users.c.totp_pending == account.totp_pending,
                reason=EndReason.MFA_CHANGE if keep else None,
                keep=keep,
                totp_secret=account.totp_pending,
                totp_pending=None,
                totp_last_step=func.greatest(users.c.totp_last_step, step),
            )
            if changed is not None:
                await replace_codes(connection, account.user.id, code_hashes)
                await announce(changed)
        return changed

    async def disable(
        self, account: Account, *, keep: str | None, announce: Tell
    ) -> Changed | None:
        """Off, with its recovery codes and all trust in devices; with `keep` every other session ends."""
        async with self._database.transaction() as connection:
            changed = await change(
                connection,
                account.user.id,
                users.c.totp_secret == account.totp_secret,
                users.c.credentials == account.credentials,
                reason=EndReason.MFA_CHANGE if keep else None,
                keep=keep,
                trusts=False,
                totp_secret=None,
                totp_pending=None,
            )
            if changed is not None:
                await replace_codes(connection, account.user.id, ())
                await announce(changed)
        return changed

    async def renew_codes(
        self, account: Account, code_hashes: Sequence[bytes], *, announce: Announce
    ) -> bool:
        """A new set of recovery codes; all of the old are dead."""
        proven = (
            users.c.totp_secret == account.totp_secret,
            users.c.credentials == account.credentials,
        )
        async with self._database.transaction() as connection:
            if await lock_account(connection, account.user.id, *proven) is None:
                return False
            await replace_codes(connection, account.user.id, code_hashes)
            await announce(account)
        return True

    async def codes_left(self, user_id: str) -> int:
        """Recovery codes that were not used."""
        unused = select(func.count()).where(
            recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None)
        )
        async with self._database.transaction() as connection:
            return int(await connection.scalar(unused) or 0)
