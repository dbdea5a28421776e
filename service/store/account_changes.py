"""Changes to an account that also end sessions: all in one transaction, or nothing of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.link_tables import email_changes, password_resets
from service.contracts.tables import sessions, users
from service.domain.sessions import EndReason
from service.domain.users import Account
from service.store.admins import MAY_SIGN_IN
from service.store.database import Database
from service.store.session_records import ending
from service.store.trusted_devices import TrustedDevices
from service.store.users import Announce, account_of


@dataclass(frozen=True, slots=True)
class Changed:
    """An account as it is now, the sessions that ended by the change, and in how many devices trust did."""

    account: Account
    ended: Sequence[str]
    devices: int = 0


Tell = Callable[[Changed], Awaitable[None]]
"""Says what is about to be committed; when it can't be said, nothing is committed."""


NEW_CREDENTIALS: Mapping[str, Any] = {"credentials": users.c.credentials + 1}
"""Sign-ins that are under way find that they are no longer what was proven."""


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """Changes by whoever is signed in."""

    database: Database

    async def set_password(
        self, user_id: str, *, old: str | None, new: str, keep: str, announce: Tell
    ) -> Changed | None:
        """Replace a hash, end every session but one and all trust in devices; None when it has changed
        meanwhile."""
        async with self.database.transaction() as connection:
            changed = await change(
                connection,
                user_id,
                users.c.password_hash.is_not_distinct_from(old),
                reason=EndReason.PASSWORD_CHANGE,
                keep=keep,
                trusts=False,
                password_hash=new,
            )
            if changed is not None:
                await forget_links(connection, user_id)
                await announce(changed)
        return changed

    async def rename(self, user_id: str, name: str, *, announce: Announce) -> Account | None:
        """Set a name; None when the account is gone."""
        async with self.database.transaction() as connection:
            account = await update_account(connection, user_id, name=name)
            if account is not None:
                await announce(account)
        return account


async def lock_account(connection: AsyncConnection, user_id: str, *which: Any) -> Account | None:
    """An account that may sign in, which nobody else changes until the transaction is over.

    All who change one lock it before they touch its links or sessions: none wait in a circle.
    """
    open_one = select(users).where(users.c.id == user_id, MAY_SIGN_IN, *which)
    row = (await connection.execute(open_one.with_for_update())).one_or_none()
    return None if row is None else account_of(row)


async def change(
    connection: AsyncConnection,
    user_id: str,
    *which: Any,
    reason: EndReason | None,
    keep: str | None = None,
    trusts: bool = True,
    **values: Any,
) -> Changed | None:
    """Change what signs somebody in who may sign in, and end their sessions but `keep`.

    Sign-ins that are under way find that it is no longer what they proved. Without a `reason` every
    session goes on. Unless it still `trusts` them, no device skips the second step any more. None,
    and nothing is changed: the account is gone, disabled, or not as `which` says.
    """
    if await lock_account(connection, user_id, *which) is None:
        return None
    ids: Sequence[str] = ()
    if reason is not None:
        others = () if keep is None else (sessions.c.id != keep,)
        ids = await end_sessions(connection, user_id, *others, reason=reason)
    devices = 0 if trusts else await TrustedDevices.revoke_all(connection, user_id)
    account = await update_account(connection, user_id, **values, **NEW_CREDENTIALS)
    return None if account is None else Changed(account, ids, devices)


async def forget_links(connection: AsyncConnection, user_id: str) -> None:
    """Let links that were mailed before lead nowhere: whoever may have them, it was before."""
    await connection.execute(delete(password_resets).where(password_resets.c.user_id == user_id))
    await connection.execute(delete(email_changes).where(email_changes.c.user_id == user_id))


async def end_sessions(
    connection: AsyncConnection, user_id: str, *which: Any, reason: EndReason
) -> Sequence[str]:
    """End somebody's sessions, or `which` of them; their ids."""
    ended = ending(sessions.c.user_id == user_id, *which, reason=reason)
    return [row.id for row in await connection.execute(ended)]


async def update_account(
    connection: AsyncConnection, user_id: str, **values: Any
) -> Account | None:
    """Set values, so that every copy of the account is old; None when it is gone."""
    statement = update(users).where(users.c.id == user_id).returning(users)
    changed = statement.values(**values, version=users.c.version + 1)
    row = (await connection.execute(changed)).one_or_none()
    return None if row is None else account_of(row)
