"""What time it is, for those who destroy: two clocks must say so, and not only since a moment ago."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import INSTANT
from service.domain.instants import to_datetime

AHEAD = timedelta(days=1)
DAYS_SEEN = 3
"""Of the last seven: so long must a clock have run before anything is destroyed by it."""

_NOW = text("select least(:now, clock_timestamp())").bindparams(bindparam("now", type_=INSTANT))
_NEWEST = text("select max(recorded_at) from audit_heads")
_DAYS = text("""
    select count(distinct (made_at at time zone 'UTC')::date) from audit_checkpoints
    where made_at > :now - interval '7 days' and made_at <= :now
""").bindparams(bindparam("now", type_=INSTANT))


class ClockDoubtfulError(Exception):
    """A clock that nothing may be destroyed by yet; its text says why."""


async def earlier_now(connection: AsyncConnection, now_ms: int) -> datetime:
    """This process's clock or the database's, whichever is behind: old things only seem younger."""
    now: datetime = (await connection.execute(_NOW, {"now": to_datetime(now_ms)})).scalar_one()
    return now


async def trusted_now(connection: AsyncConnection, now_ms: int) -> datetime:
    """`earlier_now`, when the audit bears it out. Raises ClockDoubtfulError.

    It was signed on three days of the last seven, so a clock that leapt ahead has three days to be
    noticed; and none of its rows is of tomorrow, so none was written by a clock still further on.
    """
    now = await earlier_now(connection, now_ms)
    newest = await connection.scalar(_NEWEST)
    if newest is not None and newest > now + AHEAD:
        message = f"it is {now:%Y-%m-%d}, and the audit has rows of {newest:%Y-%m-%d}"
        raise ClockDoubtfulError(message)
    days = int(await connection.scalar(_DAYS, {"now": now}) or 0)
    if days < DAYS_SEEN:
        message = (
            f"it is {now:%Y-%m-%d}, and of the last seven days the audit has checkpoints of {days}, "
            f"not {DAYS_SEEN}"
        )
        raise ClockDoubtfulError(message)
    return now
