"""Changes to an account that also end sessions: all in one transaction, or nothing of it."""

from collections.abc import Awaitable, Callable, Sequence
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
from service.store.users import Announce, account_of

Also = Callable[[AsyncConnection, str], Awaitable[object]]
"""What else goes when an account changes: by its id, within the transaction."""


@dataclass(frozen=True, slots=True)
class Changed:
    """An account as it is now, and the sessions that ended by the change."""

    account: Account
    ended: Sequence[str]


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """Changes by whoever is signed in. `also`: what goes with an old password."""

    database: Database
    also: Sequence[Also] = ()

    async def set_password(
        self, user_id: str, *, old: str | None, new: str, keep: str, announce: Announce
    ) -> Changed | None:
        """Replace a hash and end every session but one; None when it has changed meanwhile."""
        async with self.database.transaction() as connection:
            changed = await change(
                connection,
                user_id,
                users.c.password_hash.is_not_distinct_from(old),
                reason=EndReason.PASSWORD_CHANGE,
                keep=keep,
                password_hash=new,
            )
            if changed is not None:
                await forget_links(connection, user_id)
                for each in self.also:
                    await each(connection, user_id)
                await announce(changed.account)
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
    reason: EndReason,
    keep: str | None = None,
    **values: Any,
) -> Changed | None:
    """Change an account that may sign in, and end its sessions but `keep`.

    None, and nothing is changed: it is gone, disabled, or not as `which` says.
    """
    if await lock_account(connection, user_id, *which) is None:
        return None
    others = () if keep is None else (sessions.c.id != keep,)
    ended = await end_sessions(connection, user_id, *others, reason=reason)
    account = await update_account(connection, user_id, **values)
    return None if account is None else Changed(account, ended)


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
