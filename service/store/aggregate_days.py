"""Who was active on which local day, and how many in 1, 7 and 28 of them."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from service.metrics.windows import DAY, Grain, midnight, windows_of
from service.store import aggregate_statements as sql


async def build_days(connection: AsyncConnection, tz: str, since: date, until: date) -> None:
    """Who was active on local days [since, until), from the events."""
    windows = windows_of(since, until, tz, Grain.DAY)
    await connection.execute(sql.FORGET_DAYS, {"tz": tz, "first": since, "last": until})
    values = {"tz": tz, "days": list(windows.days), "edges": list(windows.edges)}
    await connection.execute(sql.ADD_DAYS, values)


async def count_days(
    connection: AsyncConnection, tz: str, since: date, until: date, now: datetime
) -> None:
    """How many people were active in the days that end with each of [since, until)."""
    await _count(connection, tz, _range(since, until), now)


async def add_days(
    connection: AsyncConnection, tz: str, mark: datetime, moved: Iterable[datetime], now: datetime
) -> None:
    """What was received since `mark`: days on which more people were active, all after them (which
    look back at them, or had somebody as new who was not), and days that began. What happened at
    `moved` got another device or country.
    """
    zone = ZoneInfo(tz)
    news = (await connection.execute(sql.NEWS, {"mark": mark})).one()
    today = now.astimezone(zone).date()
    days: set[date] = set()
    changed = {at.astimezone(zone).date() for at in moved}
    for day in changed:
        await build_days(connection, tz, day, day + DAY)
    if news.first is not None:
        first, last = news.first.astimezone(zone).date(), news.last.astimezone(zone).date()
        windows = windows_of(first, last + DAY, tz, Grain.DAY)
        values = {"tz": tz, "days": list(windows.days), "edges": list(windows.edges), "mark": mark}
        changed |= set(await connection.scalars(sql.ADD_NEW_DAYS, values))
    for day in changed:
        days |= set(_range(day, today + DAY))
    if news.enrolled is not None:
        days |= set(_range(news.enrolled.astimezone(zone).date(), today + DAY))
    done = await connection.scalar(sql.LAST_ACTIVES, {"tz": tz})
    days |= set(_range((done or today - DAY) + DAY, today + DAY))
    await _count(connection, tz, days, now)


async def _count(connection: AsyncConnection, tz: str, days: Iterable[date], now: datetime) -> None:
    zone = ZoneInfo(tz)
    today = now.astimezone(zone).date()
    for day in sorted(days):
        values = {"tz": tz, "day": day}
        await connection.execute(sql.FORGET_ACTIVES, values)
        if day <= today:
            edges = {"begins_at": midnight(day, zone), "ends_at": midnight(day + DAY, zone)}
            await connection.execute(sql.ADD_ACTIVES, {**values, **edges})


def _range(since: date, until: date) -> Iterable[date]:
    return (since + n * DAY for n in range((until - since).days))
