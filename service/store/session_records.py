"""Sessions in SQL: their start and their end, which nothing in Redis can undo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import sessions, users
from service.domain.errors import InvalidCredentialsError, SessionLimitError, TokenRevokedError
from service.domain.instants import to_datetime, to_ms
from service.domain.sessions import EndReason, Origin, Session, SessionCap, SessionPolicy
from service.store.admins import MAY_SIGN_IN
from service.store.database import Database

PAGE = 200
END_AT_ONCE = 500
NO_CAP = SessionCap()

LOCK_ORDER = sessions.c.id.collate("C")
"""All who lock several sessions do so in this order, the workers' too: none wait in a circle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session as SQL knows it; generation and last use lag by at most one refresh."""

    session: Session
    generation: int
    end_reason: EndReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSession:
    """The end of a session, as SQL has it."""

    id: str
    user_id: str
    end_reason: EndReason
    ended_ms: int


class SessionRecords:
    """The table of sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        session: Session,
        origin: Origin,
        *,
        credentials: int | None = None,
        replaces: str | None = None,
        cap: SessionCap = NO_CAP,
        policy: SessionPolicy | None = None,
    ) -> Sequence[str]:
        """Record a sign-in before anybody can use it; the ids of those that were evicted for it.

        `credentials`: of the account whose password, code or passkey was right. Raises
        InvalidCredentialsError when they are others by now, or the account was erased or disabled;
        what changes them later waits for this row, and finds it. Raises SessionLimitError.
        `replaces`: a session of the same person that ends by this one; TokenRevokedError when it had
        ended before.
        """
        row = {
            "id": session.id,
            "user_id": session.user_id,
            "created_at": to_datetime(session.created_ms),
            "last_used_at": to_datetime(session.last_used_ms),
            "generation": 1,
            "ip": session.ip,
            "user_agent": origin.user_agent,
            "device": session.device,
            "amr": list(session.amr),
        }
        same = [] if credentials is None else [users.c.credentials == credentials]
        values = [literal(value, sessions.c[name].type) for name, value in row.items()]
        account = (
            select(*values)
            .where(users.c.id == session.user_id, MAY_SIGN_IN, *same)
            .with_for_update(read=True, key_share=True)
        )
        evicted: Sequence[str] = ()
        async with self._database.transaction() as connection:
            if replaces is not None:
                await _supersede(connection, session.user_id, replaces)
            if cap.most and policy is not None:
                evicted = await _make_room(connection, session, cap, policy)
            added = await connection.execute(insert(sessions).from_select(list(row), account))
            if added.rowcount == 0:
                raise InvalidCredentialsError
        return evicted

    async def find(self, session_id: str) -> SessionRecord | None:
        """A session, alive or ended, or None for an id that never was one."""
        rows = await self._fetch(select(sessions).where(sessions.c.id == session_id))
        return record_of(rows[0]) if rows else None

    async def live_of(self, user_id: str, *, policy: SessionPolicy, now_ms: int) -> list[Session]:
        """A person's sessions that have neither ended nor passed a limit, newest use first."""
        query = select(sessions).where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
        found = [record_of(row).session for row in await self._fetch(query)]
        alive = [
            s
            for s in found
            if not policy.over(created_ms=s.created_ms, last_used_ms=s.last_used_ms, now_ms=now_ms)
        ]
        return sorted(alive, key=lambda s: s.last_used_ms, reverse=True)

    async def end(self, session_id: str, reason: EndReason) -> str | None:
        """End one session; its user's id, or None when it is unknown or had ended."""
        return next(
            iter((await self._end(sessions.c.id == session_id, reason=reason)).values()),
            None,
        )

    async def end_of_user(
        self,
        user_id: str,
        reason: EndReason,
        *,
        only: str | None = None,
        keep: str | None = None,
    ) -> list[str]:
        """End a person's sessions: all, one of them, or all but one; the ids of those it ended."""
        which = [sessions.c.user_id == user_id]
        if only is not None:
            which.append(sessions.c.id == only)
        if keep is not None:
            which.append(sessions.c.id != keep)
        return list(await self._end(*which, reason=reason))

    async def end_some(self, reason: EndReason, *, before_ms: int) -> dict[str, str]:
        """End up to END_AT_ONCE sessions that began until an instant; their ids, and whose they are."""
        some = (
            select(sessions.c.id)
            .where(sessions.c.ended_at.is_(None), sessions.c.created_at <= to_datetime(before_ms))
            .order_by(sessions.c.created_at)
            .limit(END_AT_ONCE)
        )
        return await self._end(sessions.c.id.in_(some), reason=reason)

    async def _end(self, *which: Any, reason: EndReason) -> dict[str, str]:
        async with self._database.transaction() as connection:
            rows = (await connection.execute(ending(*which, reason=reason))).all()
        return {row.id: row.user_id for row in rows}

    async def note_use(self, session_id: str, *, generation: int, last_used_ms: int) -> None:
        """Take over a later use that Redis saw; never goes back."""
        statement = update(sessions).where(sessions.c.id == session_id)
        async with self._database.transaction() as connection:
            await connection.execute(
                statement.values(
                    generation=func.greatest(sessions.c.generation, generation),
                    last_used_at=func.greatest(sessions.c.last_used_at, to_datetime(last_used_ms)),
                )
            )

    async def overdue(self, *, policy: SessionPolicy, now_ms: int, after: str) -> list[Session]:
        """Up to PAGE live sessions past a limit by what SQL knows, by id behind `after`."""
        idle_since = to_datetime(now_ms) - policy.idle_ttl
        begun = to_datetime(now_ms) - policy.max_ttl
        query = (
            select(sessions)
            .where(
                sessions.c.ended_at.is_(None),
                or_(
                    sessions.c.last_used_at <= idle_since,
                    sessions.c.created_at <= begun,
                ),
                sessions.c.id > after,
            )
            .order_by(sessions.c.id)
            .limit(PAGE)
        )
        return [record_of(row).session for row in await self._fetch(query)]

    async def unapplied(self, *, before_ms: int) -> list[EndedSession]:
        """Up to PAGE sessions that ended before an instant without their event in the audit."""
        query = (
            _ENDS.where(
                sessions.c.ended_at < to_datetime(before_ms),
                sessions.c.end_applied.is_(False),
            )
            .order_by(sessions.c.ended_at)
            .limit(PAGE)
        )
        return [_ended(row) for row in await self._fetch(query)]

    async def oldest_unapplied_ms(self) -> int | None:
        """When the oldest of the ends came to be that the audit does not hold yet."""
        query = select(func.min(sessions.c.ended_at)).where(
            sessions.c.ended_at.is_not(None), sessions.c.end_applied.is_(False)
        )
        oldest = (await self._fetch(query))[0][0]
        return None if oldest is None else to_ms(oldest)

    async def ended_since(
        self, since_ms: int, *, applied: bool | None = None
    ) -> list[EndedSession]:
        """Every session that ended since an instant, in the order of their ends."""
        query = _ENDS.where(sessions.c.ended_at >= to_datetime(since_ms))
        if applied is not None:
            query = query.where(sessions.c.end_applied.is_(applied))
        return [_ended(row) for row in await self._fetch(query.order_by(sessions.c.ended_at))]

    async def _fetch(self, query: Select[Any]) -> Sequence[Row[Any]]:
        async with self._database.transaction() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return rows


async def _make_room(
    connection: AsyncConnection,
    session: Session,
    cap: SessionCap,
    policy: SessionPolicy,
) -> Sequence[str]:
    """Leave at most `cap.most - 1` live sessions, under a lock of the person's: one by one."""
    person = select(users.c.id).where(users.c.id == session.user_id)
    await connection.execute(person.with_for_update(key_share=True))
    now = to_datetime(session.created_ms)
    excess = (
        select(sessions.c.id)
        .where(
            sessions.c.user_id == session.user_id,
            sessions.c.ended_at.is_(None),
            sessions.c.last_used_at > now - policy.idle_ttl,
            sessions.c.created_at > now - policy.max_ttl,
        )
        .order_by(sessions.c.last_used_at.desc(), sessions.c.created_at.desc(), sessions.c.id)
        .offset(cap.most - 1)
    )
    if cap.refuse:
        if await connection.scalar(excess.limit(1)) is not None:
            raise SessionLimitError
        return ()
    ended = await connection.execute(ending(sessions.c.id.in_(excess), reason=EndReason.EVICTED))
    return [row.id for row in ended]


def ending(*which: Any, reason: EndReason) -> Any:
    """Ends those that have not ended, locked in order; returns their ids and whose they are."""
    ordered = select(sessions.c.id).where(sessions.c.ended_at.is_(None), *which)
    locked = ordered.order_by(LOCK_ORDER).with_for_update().cte("locked")
    return (
        update(sessions)
        .where(sessions.c.id.in_(select(locked.c.id)))
        .values(ended_at=func.clock_timestamp(), end_reason=reason)
        .returning(sessions.c.id, sessions.c.user_id)
    )


async def _supersede(connection: AsyncConnection, user_id: str, session_id: str) -> None:
    """End a session in favour of the one that is about to be added. Raises TokenRevokedError."""
    # Like an erasure: first the account is locked, then the session.
    person = select(users.c.id).where(users.c.id == user_id)
    await connection.execute(person.with_for_update(read=True, key_share=True))
    theirs = (sessions.c.id == session_id, sessions.c.user_id == user_id)
    ended = await connection.execute(
        update(sessions)
        .where(*theirs, sessions.c.ended_at.is_(None))
        .values(ended_at=func.clock_timestamp(), end_reason=EndReason.SUPERSEDED)
    )
    if ended.rowcount == 0:
        raise TokenRevokedError


_ENDS = select(sessions.c.id, sessions.c.user_id, sessions.c.end_reason, sessions.c.ended_at)


def _ended(row: Row[Any]) -> EndedSession:
    return EndedSession(
        id=row.id,
        user_id=row.user_id,
        end_reason=EndReason(row.end_reason),
        ended_ms=to_ms(row.ended_at),
    )


def record_of(row: Row[Any]) -> SessionRecord:
    """A session as its row has it."""
    return SessionRecord(
        session=Session(
            id=row.id,
            user_id=row.user_id,
            created_ms=to_ms(row.created_at),
            last_used_ms=to_ms(row.last_used_at),
            ip=row.ip,
            device=row.device,
            amr=tuple(row.amr),
        ),
        generation=row.generation,
        end_reason=EndReason(row.end_reason) if row.ended_at is not None else None,
    )
