"""Aggregates of the facts, worked out again wherever a fact arrived: the same whatever the order.

One transaction a refresh, under a lock: whoever reads sees all of it or nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.metrics.registry import METRICS
from service.metrics.sources import CUBES
from service.metrics.statements import counting, statement
from service.metrics.windows import DAY, QUARTER
from service.store import aggregate_statements as sql
from service.store.aggregate_days import add_days, build_days, count_days
from service.store.analytics import OVERLAP, QUICK
from service.store.database import Database

OPEN = timedelta(hours=72)
UNASKED = timedelta(days=30)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = timedelta(days=7)
COUNTING = [(cube, text(counting(cube))) for cube in CUBES]


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Writes them. `zones` are always in use; others from when they are asked for."""

    database: Database
    zones: tuple[str, ...] = ("UTC",)

    async def refresh(self, now: datetime) -> bool:
        """Take in what arrived since the last time. False: somebody else is at it."""
        await self._keep_zones(now)
        async with self.database.transaction() as connection:
            if not await connection.scalar(sql.TRY_LOCK):
                return False
            await connection.execute(QUICK)
            last = await connection.scalar(sql.REFRESHED_AT)
            zones = await _zones(connection)
            moved = set(await connection.scalars(sql.TAKE_MOVED))
            if last is None:
                await _build(connection, now)
            else:
                await _add(connection, last, now)
            for tz, built in zones:
                if last is not None and built:
                    await add_days(connection, tz, last - OVERLAP, moved, now)
                else:
                    await _build_zone(connection, tz, now)
            await connection.execute(sql.BUILT, {"now": now, "zones": [tz for tz, _ in zones]})
            await _describe(connection)
            closed = _quarter(now - OPEN)
            await connection.execute(sql.MARK, {"now": now, "closed": closed})
        return True

    async def rebuild(
        self, since: date, until: date, now: datetime, progress: Callable[[date], None]
    ) -> None:
        """Work out [since, until), days of UTC and of every zone, again from the facts alone.

        Sign-in flows at once, for one may last for ever; the rest week by week.
        """
        begin = since
        await self._keep_zones(now)
        async with self.database.transaction() as connection:
            await connection.execute(sql.LOCK)
            moved = await _rebuild_flows(connection, _instant(since), _instant(until))
            await _count(connection, moved)
        while begin < until:
            end = min(begin + CHUNK, until)
            async with self.database.transaction() as connection:
                await connection.execute(sql.LOCK)
                await connection.execute(QUICK)
                await _rebuild(connection, _instant(begin), _instant(end), now)
                for tz, _ in await _zones(connection):
                    await build_days(connection, tz, begin, end)
                    look_back = sql.LONGEST * DAY if end == until else 0 * DAY
                    await count_days(connection, tz, begin, end + look_back, now)
            progress(end)
            begin = end

    async def first_day(self) -> date | None:
        """UTC; of the first event there is."""
        async with self.database.transaction() as connection:
            first: datetime | None = await connection.scalar(sql.FIRST_EVENT)
        return None if first is None else first.astimezone(UTC).date()

    async def _keep_zones(self, now: datetime) -> None:
        """In a transaction of its own: whoever asks for a zone does not wait for a refresh."""
        async with self.database.transaction() as connection:
            await connection.execute(sql.KEEP_ZONES, {"zones": list(self.zones), "now": now})
            await connection.execute(sql.FORGET_ZONES, {"before": now - UNASKED})


async def _zones(connection: AsyncConnection) -> list[tuple[str, bool]]:
    """Those in use, and whether their days are there."""
    return [(row.tz, row.built) for row in await connection.execute(sql.ZONES)]


async def _add(connection: AsyncConnection, last: datetime, now: datetime) -> None:
    """What arrived since the last refresh."""
    mark = {"mark": last - OVERLAP}
    await connection.execute(sql.FLOWS_OF_NEW, mark)
    buckets = await _sessionise(connection)
    buckets |= set(await connection.scalars(sql.BUCKETS_OF_NEW, mark))
    await _count(connection, buckets)
    first = (await connection.execute(sql.NEWS, mark)).one().first
    await _sweep(connection, min(first or last, last), now)


async def _build(connection: AsyncConnection, now: datetime) -> None:
    """Everything, for the first time."""
    span = (await connection.execute(sql.SPAN)).one()
    begin, last = _quarter(span.first or now), max(span.last or now, now)
    await _rebuild_flows(connection, begin, last + DAY)
    await connection.execute(sql.ANALYSE_FLOWS)
    while begin <= last:
        await _rebuild(connection, begin, begin + CHUNK, now)
        begin += CHUNK


async def _rebuild_flows(
    connection: AsyncConnection, since: datetime, until: datetime
) -> set[datetime]:
    """Flows that begin in [since, until), and those after them; quarters outside that changed."""
    edges = {"since": since, "until": until}
    await connection.execute(sql.FORGET_FLOWS, edges)
    await connection.execute(sql.FLOWS_OF_RANGE, edges)
    return {at for at in await _sessionise(connection) if not since <= at < until}


async def _rebuild(
    connection: AsyncConnection, since: datetime, until: datetime, now: datetime
) -> None:
    """Counts and concurrency of [since, until)."""
    edges = {"since": since, "until": until}
    await connection.execute(sql.FORGET_EVERY_COUNT, edges)
    await _count(connection, set(await connection.scalars(sql.EVERY_BUCKET, edges)))
    await _sweep(connection, since, min(until, now))


async def _build_zone(connection: AsyncConnection, tz: str, now: datetime) -> None:
    first = await connection.scalar(sql.FIRST_EVENT)
    begin = since = (first or now).astimezone(UTC).date() - DAY
    until = now.date() + 2 * DAY
    while begin < until:
        await build_days(connection, tz, begin, min(begin + CHUNK, until))
        begin += CHUNK
    await connection.execute(sql.ANALYSE_DAYS)
    await count_days(connection, tz, since, until, now)


async def _sessionise(connection: AsyncConnection) -> set[datetime]:
    """Quarters of an hour in which a flow begins, or began before."""
    gone = set(await connection.scalars(sql.FORGET_TOUCHED_FLOWS))
    added = set(await connection.scalars(sql.ADD_FLOWS))
    await connection.execute(sql.DROP_TOUCHED)
    return gone | added


async def _count(connection: AsyncConnection, buckets: set[datetime]) -> None:
    """Count quarters of an hour again, those of a day at a time."""
    for _, day in groupby(sorted(buckets), lambda bucket: bucket.date()):
        of_day = list(day)
        edges = {"buckets": of_day, "since": of_day[0], "until": of_day[-1] + QUARTER}
        for cube, query in COUNTING:
            parts = {"cube": cube.name, "parts": ["", *cube.cells], "buckets": of_day}
            await connection.execute(sql.FORGET_COUNTS, parts)
            await connection.execute(query, edges)


async def _sweep(connection: AsyncConnection, since: datetime, until: datetime) -> None:
    """Concurrency of the quarters of an hour from `since` on; the last one as far as it is over."""
    begin = _quarter(since)
    while begin < until:
        edges = {"since": begin, "until": min(begin + CHUNK, until)}
        await connection.execute(sql.FORGET_CONCURRENCY, edges)
        await connection.execute(sql.ADD_CONCURRENCY, edges)
        begin += CHUNK


async def _describe(connection: AsyncConnection) -> None:
    rows = [
        {
            "name": metric.name,
            "version": metric.version,
            "unit": metric.unit,
            "definition": metric.definition,
            "sql": statement(metric),
        }
        for metric in METRICS
    ]
    await connection.execute(sql.FORGET_METRICS)
    await connection.execute(sql.ADD_METRIC, rows)


def _quarter(at: datetime) -> datetime:
    return at - (at - BEGINNING) % QUARTER


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
