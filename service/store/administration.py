"""People and their sessions as administrators see them: by prefix, page by page, the newest first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.passkey_tables import passkeys
from service.contracts.tables import INSTANT, sessions, users
from service.domain.session_cursor import Place
from service.domain.sessions import SessionPolicy
from service.domain.users import Role, User, email_key
from service.store.admins import HAS_ROLES, MAY_SIGN_IN
from service.store.database import Database
from service.store.session_records import SessionRecord, record_of
from service.store.users import account_of

LAST_LETTER = "\U0010ffff"
"""Sorts behind every text that goes on: with it a prefix is a range, which an index can find."""


class Status(StrEnum):
    """Whether a person may sign in. Who is both is DISABLED."""

    ACTIVE = "active"
    LOCKED = "locked"
    DISABLED = "disabled"


_STATUS: dict[Status, ColumnElement[bool]] = {
    Status.ACTIVE: MAY_SIGN_IN,
    Status.LOCKED: users.c.locked_at.is_not(None) & users.c.disabled_at.is_(None),
    Status.DISABLED: users.c.disabled_at.is_not(None),
}


class Overview(NamedTuple):
    """A person as administrators see them; `last_sign_in_at` is as old as their oldest kept session."""

    user: User
    status: Status
    locked_until: datetime | None
    last_sign_in_at: datetime | None
    sessions: int
    passkeys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleWanted:
    """Whose address or name begins so, in any case; who has a role; who has a status."""

    q: str | None = None
    role: Role | None = None
    status: Status | None = None


class People(NamedTuple):
    """A page of people, and where to go on; None at the end."""

    rows: Sequence[Overview]
    next: Place | None


class SessionHistory(NamedTuple):
    """A page of a person's sessions, and where to go on; None at the end."""

    rows: Sequence[tuple[SessionRecord, datetime | None]]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Administration:
    """Reads what administrators are shown. Raises ServiceUnavailableError."""

    database: Database
    policy: SessionPolicy

    async def find(self, user_id: str) -> Overview | None:
        """One person, or None."""
        async with self.database.transaction() as connection:
            rows = await self._counted(connection, select(users).where(users.c.id == user_id))
        return _overview(rows[0]) if rows else None

    async def page(self, wanted: PeopleWanted, *, limit: int, after: Place | None) -> People:
        """Up to `limit` people, those who came last first, behind a place."""
        query = select(users).where(*_conditions(wanted))
        query = _behind(query, users.c.created_at, users.c.id, after).limit(limit + 1)
        async with self.database.transaction() as connection:
            rows = await self._counted(connection, query)
        return People([_overview(row) for row in rows[:limit]], _place(rows, limit))

    async def sessions_of(
        self, user_id: str, *, limit: int, after: Place | None
    ) -> SessionHistory | None:
        """Up to `limit` sessions, ended ones too, the newest first; None: there is no such account."""
        query = select(sessions).where(sessions.c.user_id == user_id)
        query = _behind(query, sessions.c.created_at, sessions.c.id, after).limit(limit + 1)
        known = select(users.c.id).where(users.c.id == user_id)
        async with self.database.transaction() as connection:
            if await connection.scalar(known) is None:
                return None
            rows = (await connection.execute(query)).all()
        return SessionHistory(
            [(record_of(row), row.ended_at) for row in rows[:limit]], _place(rows, limit)
        )

    async def session(self, session_id: str) -> tuple[SessionRecord, datetime | None] | None:
        """One session and when it ended, as far as its row knows; None once retention dropped it."""
        async with self.database.transaction() as connection:
            query = select(sessions).where(sessions.c.id == session_id)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else (record_of(row), row.ended_at)

    async def _counted(self, connection: AsyncConnection, query: Select[Any]) -> Sequence[Row[Any]]:
        """Of so many people as a page has: what is counted is found by each one's index."""
        page = query.subquery("page")
        of_person = sessions.c.user_id == page.c.id
        now = func.now()
        live = (
            select(func.count())
            .where(
                of_person,
                sessions.c.ended_at.is_(None),
                sessions.c.last_used_at > now - literal(self.policy.idle_ttl),
                sessions.c.created_at > now - literal(self.policy.max_ttl),
            )
            .scalar_subquery()
        )
        latest = select(func.max(sessions.c.created_at)).where(of_person).scalar_subquery()
        keys = select(func.count()).where(passkeys.c.user_id == page.c.id).scalar_subquery()
        counted = select(page, live.label("live"), latest.label("latest"), keys.label("passkeys"))
        ordered = counted.order_by(page.c.created_at.desc(), page.c.id.desc())
        return (await connection.execute(ordered)).all()


def _conditions(wanted: PeopleWanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.q:
        conditions.append(
            or_(
                _begins(users.c.email_key, email_key(wanted.q), lambda text: text),
                _begins(func.lower(users.c.name), wanted.q, func.lower),
            )
        )
    if wanted.role:
        conditions += [HAS_ROLES, users.c.roles.contains([wanted.role.value])]
    if wanted.status:
        conditions.append(_STATUS[wanted.status])
    return conditions


def _begins(column: Any, prefix: str, form: Callable[[str], Any]) -> ColumnElement[bool]:
    """In the order of `text_pattern_ops`, letter by letter, whatever the database's language."""
    from_here: ColumnElement[bool] = column.op("~>=~", is_comparison=True)(form(prefix))
    to_here: ColumnElement[bool] = column.op("~<~", is_comparison=True)(form(prefix + LAST_LETTER))
    return from_here & to_here


def _behind(query: Select[Any], at: Any, row_id: Any, after: Place | None) -> Select[Any]:
    if after is not None:
        place = tuple_(literal(after.at, INSTANT), literal(after.session_id, row_id.type))
        query = query.where(tuple_(at, row_id) < place)
    return query.order_by(at.desc(), row_id.desc())


def _place(rows: Sequence[Row[Any]], limit: int) -> Place | None:
    """Of the last row of a page, if there is one more."""
    last = rows[limit - 1] if len(rows) > limit else None
    return Place(last.created_at, last.id) if last is not None else None


def _overview(row: Row[Any]) -> Overview:
    if row.disabled_at is not None:
        status = Status.DISABLED
    else:
        status = Status.ACTIVE if row.locked_at is None else Status.LOCKED
    return Overview(
        user=account_of(row).user,
        status=status,
        locked_until=row.locked_until,
        last_sign_in_at=row.latest,
        sessions=row.live,
        passkeys=row.passkeys,
    )
