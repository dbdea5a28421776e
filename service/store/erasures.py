"""Forgetting a person in SQL: one transaction, and a row that tells the workers what is left to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.link_tables import password_resets, registrations
from service.contracts.mail_tables import mails
from service.contracts.tables import erasures, legal_holds, sessions, users
from service.domain.instants import to_datetime
from service.domain.sessions import EndReason
from service.store.admins import keep_an_admin
from service.store.database import Database
from service.store.dead_letters import OPEN_FIELDS
from service.store.holds import is_held, under_hold
from service.store.person_keys import destroy_key
from service.store.session_records import LOCK_ORDER
from service.store.users import Announce, account_of

PAGE = 100

_DUE = (erasures.c.erased_at.is_(None), erasures.c.due_at <= func.now())

_STRIP_LETTERS = text("""
    update dead_letters
    set fields = (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(fields)
                  where key = any(cast(:open as text[])))
    where personal is null and fields ->> 'user_id' = :user_id
""")
"""Of a release that sealed nothing; all others were sealed under the person's key."""


class LegallyHeldError(Exception):
    """Nothing of this person may be destroyed before their legal hold is released."""


class RequestedBy(StrEnum):
    """Who wanted it."""

    SELF = "self"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A request to be forgotten, and the sessions that ended by it just now.

    Not `done`: it waits for the time of grace, or for the release of a legal hold.
    """

    user_id: str
    requested_by: RequestedBy
    due_at: datetime
    erased: bool
    ended: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Erasures:
    """The table of that name, and all that goes with an account."""

    database: Database

    async def request(
        self,
        user_id: str,
        by: RequestedBy,
        *,
        grace: timedelta,
        announce: Announce,
        last_admin: bool = False,
    ) -> Erasure | None:
        """End a person's sessions and let nobody sign in; None when there is no such account.

        Raises LastAdminError, unless `last_admin` may go.

        A second request changes nothing but the sessions that are open all the same. Whom a backup
        brought back after an erasure can ask again.
        """
        async with self.database.transaction() as connection:
            if not last_admin:
                await keep_an_admin(connection, user_id)
            account = await _lock(connection, user_id)
            if account is None:
                return None
            ended = await _end(connection, user_id)  # first: ingestion locks sessions, then these
            row = (await connection.execute(_requested(user_id, by, grace))).one_or_none()
            if row is None:
                row = (await connection.execute(_of(user_id))).one()
            else:
                await connection.execute(
                    update(users)
                    .where(users.c.id == user_id)
                    .values(
                        disabled_at=func.coalesce(users.c.disabled_at, row.requested_at),
                        version=users.c.version + 1,
                    )
                )
                await announce(account_of(account))
            return _erasure(row, ended)

    async def cancel(self, user_id: str, *, announce: Announce) -> bool:
        """Take a request back in time; False when there is none. Who was disabled before, stays so."""
        async with self.database.transaction() as connection:
            account = await _lock(connection, user_id)
            waiting = delete(erasures).where(
                erasures.c.user_id == user_id, erasures.c.erased_at.is_(None)
            )
            asked = await connection.scalar(waiting.returning(erasures.c.requested_at))
            if account is None or asked is None:
                return False
            await connection.execute(
                update(users)
                .where(users.c.id == user_id, users.c.disabled_at == asked)
                .values(disabled_at=None, version=users.c.version + 1)
            )
            await announce(account_of(account))
        return True

    async def erase(
        self, user_id: str, by: RequestedBy, *, if_due: bool = False, last_admin: bool = False
    ) -> Erasure | None:
        """Forget a person now; None when there is no such account, or it is not to be erased after all.

        Raises LegallyHeldError, and LastAdminError, unless `last_admin` may go or it is due.

        `if_due`: only if a request stands whose time of grace is over.
        Gone: account, recovery codes, second factor, archive, and what only their key could read.
        Session rows stay, for statistics, without address, user agent and device.
        """
        async with self.database.transaction() as connection:
            if not (if_due or last_admin):
                await keep_an_admin(connection, user_id)
            account = await _lock(connection, user_id)
            if account is None:
                return None
            if if_due and await connection.scalar(_of(user_id).where(*_DUE)) is None:
                return None
            if await is_held(connection, user_id):
                raise LegallyHeldError
            ended = await _end(connection, user_id)
            await connection.execute(
                update(sessions)
                .where(sessions.c.user_id == user_id)
                .values(ip="", user_agent="", device="")
            )
            await connection.execute(
                update(legal_holds).where(legal_holds.c.user_id == user_id).values(reason="")
            )
            await connection.execute(delete(mails).where(mails.c.user_id == user_id))
            for table in (registrations, password_resets):  # also what strangers left there
                of_address = table.c.email_key == account.email_key
                await connection.execute(delete(table).where(of_address))
            await connection.execute(
                delete(password_resets).where(password_resets.c.user_id == user_id)
            )
            await connection.execute(delete(users).where(users.c.id == user_id))
            await destroy_key(connection, user_id)
            await connection.execute(
                _STRIP_LETTERS, {"user_id": user_id, "open": sorted(OPEN_FIELDS)}
            )
            await connection.execute(_requested(user_id, by, timedelta()))
            done = update(erasures).where(erasures.c.user_id == user_id)
            row = await connection.execute(done.values(erased_at=func.now()).returning(erasures))
            return _erasure(row.one(), ended)

    async def due(self) -> list[Erasure]:
        """Up to PAGE requests whose time of grace is over, of people under no legal hold."""
        return await self._page(*_DUE, ~under_hold(erasures.c.user_id))

    async def unapplied(self, *, before_ms: int) -> list[Erasure]:
        """Up to PAGE people erased before an instant whose `user.erased` is not in the audit."""
        return await self._page(erasures.c.erased_at < to_datetime(before_ms))

    async def _page(self, *which: Any) -> list[Erasure]:
        query = select(erasures).where(~erasures.c.applied, *which)
        async with self.database.transaction() as connection:
            rows = await connection.execute(query.order_by(erasures.c.due_at).limit(PAGE))
            return [_erasure(row) for row in rows]


async def _lock(connection: AsyncConnection, user_id: str) -> Any:
    """The account, which no sign-in can use until this transaction has ended."""
    query = select(users).where(users.c.id == user_id).with_for_update()
    return (await connection.execute(query)).one_or_none()


async def _end(connection: AsyncConnection, user_id: str) -> list[str]:
    """End all sessions."""
    of_user = sessions.c.user_id == user_id
    await connection.execute(
        select(sessions.c.id).where(of_user).order_by(LOCK_ORDER).with_for_update()
    )
    ended = await connection.scalars(
        update(sessions)
        .where(of_user, sessions.c.ended_at.is_(None))
        .values(ended_at=func.clock_timestamp(), end_reason=EndReason.ERASED)
        .returning(sessions.c.id)
    )
    return list(ended)


def _requested(user_id: str, by: RequestedBy, grace: timedelta) -> Any:
    statement = upsert(erasures).values(
        user_id=user_id,
        requested_at=func.now(),
        requested_by=by,
        due_at=func.now() + grace,
    )
    again = {name: statement.excluded[name] for name in ("requested_at", "requested_by", "due_at")}
    return statement.on_conflict_do_update(
        index_elements=[erasures.c.user_id],
        set_={**again, "erased_at": None, "applied": False},
        where=erasures.c.erased_at.is_not(None),
    ).returning(erasures)


def _of(user_id: str) -> Any:
    return select(erasures).where(erasures.c.user_id == user_id)


def _erasure(row: Any, ended: Sequence[str] = ()) -> Erasure:
    return Erasure(
        user_id=row.user_id,
        requested_by=RequestedBy(row.requested_by),
        due_at=row.due_at,
        erased=row.erased_at is not None,
        ended=ended,
    )
