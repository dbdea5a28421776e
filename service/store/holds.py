"""Legal holds: people of whom nothing may be destroyed until somebody says so."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import legal_holds, users
from service.store.database import Database

_OF = legal_holds.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why nothing of a person may be destroyed, by whose word, since and until when."""

    id: int
    user_id: str
    reason: str
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None


Announce = Callable[[Hold], Awaitable[None]]
"""Called within the transaction; what it raises undoes all of it."""


@dataclass(frozen=True, slots=True)
class Holds:
    """The table `legal_holds`. A person may be under several; all must be released."""

    database: Database

    async def place(self, user_id: str, reason: str, by: str, *, announce: Announce) -> Hold | None:
        """A new one; None when there is no such account.

        An erasure of this person has either been done before, or waits for the release.
        """
        account = select(users.c.id).where(users.c.id == user_id).with_for_update()
        values = {"user_id": user_id, "reason": reason, "placed_by": by, "placed_at": func.now()}
        async with self.database.transaction() as connection:
            if await connection.scalar(account) is None:
                return None
            placed = insert(legal_holds).values(values).returning(legal_holds)
            hold = _hold((await connection.execute(placed)).one())
            await announce(hold)
        return hold

    async def release(self, hold_id: int, by: str, *, announce: Announce) -> Hold | None:
        """The hold that was released just now; None when none of this number stands."""
        released = (
            update(legal_holds)
            .where(_OF.id == hold_id, _OF.released_at.is_(None))
            .values(released_by=by, released_at=func.now())
            .returning(legal_holds)
        )
        async with self.database.transaction() as connection:
            row = (await connection.execute(released)).one_or_none()
            if row is None:
                return None
            hold = _hold(row)
            await announce(hold)
        return hold

    async def list(self, *, released: bool = False) -> Sequence[Hold]:
        """Those that stand, or all, the oldest first."""
        query = select(legal_holds).order_by(_OF.id)
        if not released:
            query = query.where(_OF.released_at.is_(None))
        async with self.database.transaction() as connection:
            return [_hold(row) for row in await connection.execute(query)]


def held_users() -> Select[tuple[str]]:
    """The ids of all who are under a hold now."""
    return select(_OF.user_id).where(_OF.released_at.is_(None))


def under_hold(user_id: Any) -> ColumnElement[bool]:
    """Whether somebody is; `user_id` as text, or a column of that."""
    return exists().where(_OF.user_id == user_id, _OF.released_at.is_(None))


async def is_held(connection: AsyncConnection, user_id: str) -> bool:
    """`under_hold`, asked within a transaction."""
    return bool(await connection.scalar(select(under_hold(user_id))))


def _hold(row: Any) -> Hold:
    return Hold(**row._asdict())
