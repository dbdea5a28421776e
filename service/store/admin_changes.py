"""What an administrator may change of an account: one transaction, announced before it commits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.events import EventType
from service.contracts.tables import erasures, recovery_codes, sessions, users
from service.domain.errors import ConflictError, NotFoundError
from service.domain.sessions import EndReason
from service.domain.users import Account
from service.store.account_changes import (
    NEW_CREDENTIALS,
    Changed,
    end_sessions,
    forget_links,
    update_account,
)
from service.store.admins import keep_an_admin
from service.store.database import Database
from service.store.failures import SignInFailures
from service.store.trusted_devices import TrustedDevices
from service.store.users import account_of

PAGE = 100
NOW = func.clock_timestamp()
UNLOCKED: Mapping[str, Any] = {"locked_at": None, "locked_until": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """`values` of the row, and what goes with them.

    `ends`: why the person's sessions end by it, all or `only` one. `narrows`: an administrator may
    be no more. `data` is told with the event. `forgives`: failures at signing in are forgotten.
    With all sessions the links go that were mailed before: who had the account must not come back.
    """

    event: EventType
    values: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    ends: EndReason | None = None
    only: str | None = None
    narrows: bool = False
    takes_factors: bool = False
    opens: bool = False
    forgives: bool = False


Announce = Callable[[Changed], Awaitable[None]]
"""Called within the transaction; what it raises undoes all of it."""


@dataclass(frozen=True, slots=True)
class AdminChanges:
    """Changes rows of `users`, and ends what has to end with them."""

    database: Database

    async def apply(self, user_id: str, change: AccountChange, *, announce: Announce) -> Changed:
        """Do it. Raises NotFoundError, LastAdminError, and ConflictError for whom an erasure awaits."""
        async with self.database.transaction() as connection:
            if change.narrows:
                await keep_an_admin(connection, user_id)
            person = select(users.c.id).where(users.c.id == user_id).with_for_update()
            if await connection.scalar(person) is None:
                raise NotFoundError
            if change.opens and await connection.scalar(_erasure_awaits(user_id)):
                raise ConflictError
            ends_all = change.ends is not None and not change.only
            values = {**change.values, **(NEW_CREDENTIALS if ends_all else {})}
            account = await update_account(connection, user_id, **values)
            if account is None:  # locked above: it is there
                raise NotFoundError
            devices = await _take(connection, user_id, change)
            changed = Changed(account, await _end(connection, user_id, change), devices)
            if change.only and not changed.ended:
                raise NotFoundError
            await announce(changed)
        return changed

    async def lift_due(self, *, announce: Callable[[str], Awaitable[None]]) -> list[Account]:
        """Lift up to PAGE locks whose time is over; `announce` is told whose before it commits."""
        due = (
            select(users.c.id)
            .where(users.c.locked_at.is_not(None), users.c.locked_until <= func.clock_timestamp())
            .order_by(users.c.id)
            .limit(PAGE)
            .with_for_update(skip_locked=True)
        )
        lifted = (
            update(users)
            .where(users.c.id.in_(due))
            .values(**UNLOCKED, version=users.c.version + 1)
            .returning(users)
        )
        async with self.database.transaction() as connection:
            accounts = [account_of(row) for row in await connection.execute(lifted)]
            for account in accounts:
                await announce(account.user.id)
        return accounts


async def _take(connection: AsyncConnection, user_id: str, change: AccountChange) -> int:
    """Take what goes with it; in how many devices trust is over."""
    if change.forgives:
        await SignInFailures.clear_all(connection, user_id)
    if not change.takes_factors:
        return 0
    codes = delete(recovery_codes).where(recovery_codes.c.user_id == user_id)
    await connection.execute(codes)
    return await TrustedDevices.revoke_all(connection, user_id)


async def _end(connection: AsyncConnection, user_id: str, change: AccountChange) -> Sequence[str]:
    if change.ends is None:
        return ()
    which = (sessions.c.id == change.only,) if change.only else ()
    if not which:
        await forget_links(connection, user_id)
    return await end_sessions(connection, user_id, *which, reason=change.ends)


def _erasure_awaits(user_id: str) -> Any:
    return select(exists().where(erasures.c.user_id == user_id, erasures.c.erased_at.is_(None)))
