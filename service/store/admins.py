"""Who may sign in, and that somebody is left who may administer."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import users
from service.domain.errors import LastAdminError
from service.domain.users import Role

LOCK = 0x61646D696E
"""Held by every transaction that may leave one administrator fewer: they follow one another."""

HAS_ROLES = func.cardinality(users.c.roles) > 0
MAY_SIGN_IN = users.c.disabled_at.is_(None) & users.c.locked_at.is_(None)


async def keep_an_admin(connection: AsyncConnection, user_id: str) -> None:
    """Raise LastAdminError when a person is an admin, and nobody else is who may sign in.

    To be asked before the transaction locks any row of `users`.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    admins = select(users.c.id).where(
        HAS_ROLES, users.c.roles.contains([Role.ADMIN]), (users.c.id == user_id) | MAY_SIGN_IN
    )
    if (await connection.scalars(admins.limit(2))).all() == [user_id]:
        raise LastAdminError
