"""Tries that failed in a row, in SQL: counted before they are looked at, so that no race gets more.

Known and unknown addresses are counted alike, under keyed digests: a lock tells nothing.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, delete, func, null, or_, select, true, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.factor_tables import sign_in_failures
from service.contracts.tables import users
from service.domain.lockout import DELAYS, FREE_FAILURES, MAX_FAILURES, NOTHING_HELPS, is_shut
from service.domain.users import Account, email_key
from service.store.database import Database
from service.store.users import account_of

_of = sign_in_failures.c
_FAILURES = _of.failures + 1
_SETTLED = func.greatest(_of.under_way - 1, 0)
_DELAY = array([delay.total_seconds() for delay in DELAYS])[
    func.least(_FAILURES - FREE_FAILURES, len(DELAYS))
]
_UNTIL = case(
    (_FAILURES > FREE_FAILURES, func.now() + func.make_interval(0, 0, 0, 0, 0, 0, _DELAY)),
    else_=null(),
)
_OPEN = (_of.failures < MAX_FAILURES) & or_(
    _of.locked_until.is_(None), _of.locked_until <= func.now()
)
_SECOND = timedelta(seconds=1)
_LOST = timedelta(seconds=10)
"""After which nobody looks at a try any more: its process has ended."""
_UNDECIDED = (_of.under_way > 0) & (_of.tried_at > func.clock_timestamp() - _LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try that counts as a failure until it is cleared or taken back; the `number`th in a row.

    `locked_until`: the next is taken from then on; None: at once.
    """

    subject: bytes
    number: int
    locked_until: datetime | None
    account: Account | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """No try is taken now. `user_id`: whose account it is; None: nobody's.

    `undecided`: for tries are under way that may turn out right: ask again in a moment.
    """

    retry_after: timedelta
    user_id: str | None
    undecided: bool = False


class SignInFailures:
    """The table of that name."""

    def __init__(self, database: Database, key: bytes) -> None:
        """`key`: what digests are made with; another one forgets all counts."""
        self._database = database
        self._key = key

    async def count(self, email: str, device: bytes | None) -> Attempt | Locked:
        """Count a try by an address, and read its account; one statement.

        `device`: a device known to be its owner's, whose failures count by themselves.
        """
        key = email_key(email)
        subject = self._subject(key, device)
        async with self._database.transaction() as connection:
            row = (await connection.execute(_count(subject, key))).one_or_none()
            if row is None:
                found = (await connection.execute(_locked(subject, key))).one()
                return Locked(
                    retry_after=_wait(found), user_id=found.id, undecided=bool(found.undecided)
                )
        return Attempt(
            subject=subject,
            number=row.tries,
            locked_until=row.locked_until,
            account=None if row.id is None else account_of(row),
        )

    async def clear(self, attempt: Attempt) -> None:
        """Forget all failures in a row: somebody proved who they are, by all that it takes."""
        await self._forget(attempt.subject)

    async def forget(self, email: str, device: bytes | None) -> None:
        """The same, of those that are counted for an address and a device."""
        await self._forget(self._subject(email_key(email), device))

    async def _forget(self, subject: bytes) -> None:
        statement = delete(sign_in_failures).where(_of.subject == subject)
        async with self._database.transaction() as connection:
            await connection.execute(statement)

    async def leave(self, attempt: Attempt) -> None:
        """It was looked at, and it was a failure."""
        statement = update(sign_in_failures).where(_of.subject == attempt.subject)
        async with self._database.transaction() as connection:
            await connection.execute(statement.values(under_way=_SETTLED))

    async def take_back(self, attempt: Attempt) -> None:
        """It was no failure; those before it still count, and those that came since."""
        newest = _of.failures == attempt.number
        statement = (
            update(sign_in_failures)
            .where(_of.subject == attempt.subject, _of.failures > 0)
            .values(
                failures=_of.failures - 1,
                under_way=_SETTLED,
                locked_until=case(
                    (newest | (_of.failures - 1 <= FREE_FAILURES), null()), else_=_of.locked_until
                ),
            )
        )
        async with self._database.transaction() as connection:
            await connection.execute(statement)

    @staticmethod
    async def clear_all(connection: AsyncConnection, user_id: str) -> None:
        """Forget a person's failures everywhere: after a reset, or when they are unlocked."""
        await connection.execute(delete(sign_in_failures).where(_of.user_id == user_id))

    def _subject(self, key: str, device: bytes | None) -> bytes:
        text = key.encode() if device is None else key.encode() + b"\0" + device
        return hmac.digest(self._key, text, "sha256")


def _count(subject: bytes, key: str) -> Select[Any]:
    # Whoever is being erased is waited for, and then is nobody.
    person = (
        select(users)
        .where(users.c.email_key == key)
        .with_for_update(read=True, key_share=True)
        .cte("person")
    )
    statement = upsert(sign_in_failures).values(
        subject=subject,
        user_id=select(person.c.id).scalar_subquery(),
        failures=1,
        under_way=1,
        tried_at=func.now(),
    )
    tried = (
        statement.on_conflict_do_update(
            index_elements=[_of.subject],
            set_={
                "user_id": statement.excluded.user_id,
                "failures": _FAILURES,
                "under_way": case((_UNDECIDED, _of.under_way + 1), else_=1),
                "tried_at": func.now(),
                "locked_until": _UNTIL,
            },
            where=_OPEN,
        )
        .returning(_of.failures.label("tries"), _of.locked_until)
        .cte("tried")
    )
    return select(tried, person).select_from(tried.outerjoin(person, true()))


def _locked(subject: bytes, key: str) -> Select[Any]:
    left = func.extract("epoch", _of.locked_until - func.clock_timestamp())
    one = select(func.now()).cte("one")  # a row also when the count was cleared since
    return (
        select(_of.failures, left.label("seconds"), _UNDECIDED.label("undecided"), users.c.id)
        .select_from(one)
        .outerjoin(sign_in_failures, _of.subject == subject)
        .outerjoin(users, users.c.email_key == key)
    )


def _wait(row: Any) -> timedelta:
    if row.failures is not None and is_shut(row.failures):
        return NOTHING_HELPS
    return max(timedelta(seconds=float(row.seconds or 0)), _SECOND)
