"""The table of mails as those see it who send: what is due, and what came of it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, text, update

from service.contracts.mail_tables import mails
from service.domain.secrets import SealBrokenError, Sealer
from service.store.database import Database
from service.store.mail_outbox import CONTEXT

PAGE = 100
SENT = "sent, which the audit could not be told yet"
"""As `last_error`: of a mail that only waits for its event, so that nobody gets it twice."""

# What is taken becomes due again when its lease ends: nobody has to find out that a worker died.
_CLAIM = text("""
    update mails set due_at = :until, tries = tries + 1
    where id = (select id from mails where due_at <= :now order by due_at, id limit 1
                for update skip locked)
    returning id, template, user_id, sealed, created_at, tries, last_error
""")
# By id, which is the order of writing: whether one has expired is seen by a look at the first.
_EXPIRED = text("""
    delete from mails
    where id in (select id from mails order by id limit :page for update skip locked)
      and created_at < :before
    returning template, user_id
""")

Announce = Callable[[], Awaitable[None]]
AnnounceExpired = Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A mail that this worker has to send until its lease ends.

    `to` is None when SECRET_KEY does not open it. `sent`: it was sent before, see SENT.
    """

    id: int
    template: str
    user_id: str
    created_at: datetime
    tries: int
    until: datetime
    sent: bool
    to: str | None = field(repr=False)
    params: Mapping[str, str] = field(repr=False)


class QueueState(NamedTuple):
    """Mails that wait, since when the oldest does, and why its last try failed."""

    waiting: int
    oldest: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class MailQueue:
    """Time comes in, so that a mail's instants are of one clock. Raises ServiceUnavailableError."""

    database: Database
    sealer: Sealer

    async def claim(self, now: datetime, *, lease: timedelta) -> Claimed | None:
        """The one that is due for longest: no other worker has it for `lease`."""
        until = now + lease
        async with self.database.transaction() as connection:
            row = (await connection.execute(_CLAIM, {"now": now, "until": until})).one_or_none()
        if row is None:
            return None
        told = self._open(row.sealed)
        return Claimed(
            id=row.id,
            template=row.template,
            user_id=row.user_id,
            created_at=row.created_at,
            tries=row.tries,
            until=until,
            sent=row.last_error == SENT,
            to=told.get("to"),
            params=told.get("params", {}),
        )

    async def drop(self, claimed: Claimed, announce: Announce) -> bool:
        """It was sent, or given up; False when the lease had ended, or the person was erased."""
        statement = delete(mails).where(*_mine(claimed)).returning(mails.c.id)
        async with self.database.transaction() as connection:
            if await connection.scalar(statement) is None:
                return False
            await announce()
        return True

    async def put_back(
        self, claimed: Claimed, due_at: datetime, error: str, *, counted: bool
    ) -> None:
        """Try again later. Not `counted`: it was not the mail that failed."""
        tries = claimed.tries if counted else claimed.tries - 1
        statement = update(mails).where(*_mine(claimed))
        async with self.database.transaction() as connection:
            await connection.execute(
                statement.values(due_at=due_at, last_error=error[:80], tries=tries)
            )

    async def expire(self, before: datetime, announce: AnnounceExpired) -> int:
        """Drop up to PAGE that are older; how many. `announce` is given template and user id."""
        async with self.database.transaction() as connection:
            gone = (await connection.execute(_EXPIRED, {"page": PAGE, "before": before})).all()
            for row in gone:
                await announce(row.template, row.user_id)
        return len(gone)

    async def state(self) -> QueueState:
        """What waits."""
        count = select(func.count(), func.min(mails.c.created_at)).select_from(mails)
        error = select(mails.c.last_error).order_by(mails.c.id).limit(1)
        async with self.database.transaction() as connection:
            waiting, oldest = (await connection.execute(count)).one()
            return QueueState(waiting, oldest, await connection.scalar(error))

    def _open(self, sealed: bytes) -> Mapping[str, Any]:
        try:
            told: Mapping[str, Any] = json.loads(self.sealer.open(sealed, context=CONTEXT))
        except SealBrokenError:
            return {}
        return told


def _mine(claimed: Claimed) -> tuple[Any, ...]:
    return (mails.c.id == claimed.id, mails.c.due_at == claimed.until)
