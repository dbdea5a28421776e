"""Aggregates of the facts, worked out again wherever a fact arrived: the same whatever the order.

One transaction a refresh, under a lock: whoever reads sees all of it or nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.metrics.registry import BY_NAME, METRICS
from service.metrics.statements import Cells, statement
from service.metrics.windows import DAY, Grain, Windows, windows_of
from service.store import aggregate_statements as sql
from service.store.database import Database

OVERLAP = timedelta(minutes=15)
"""Longer than an event may take from `received_at` to its commit."""
OPEN = timedelta(hours=72)
LONGEST = 28
UNASKED = timedelta(days=30)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Writes them. `zones` are always in use; others from when they are asked for."""

    database: Database
    zones: tuple[str, ...] = ("UTC",)

    async def refresh(self, now: datetime) -> bool:
        """Take in what arrived since the last time, and the last 72 hours. False: under way."""
        async with self.database.transaction() as connection:
            if not await connection.scalar(sql.TRY_LOCK):
                return False
            last = await connection.scalar(sql.REFRESHED_AT)
            mark = BEGINNING if last is None else last - OVERLAP
            days = set(await connection.scalars(sql.TOUCHED_DAYS, {"mark": mark}))
            oldest = min(days, default=now.date())
            days |= {(now - OPEN).date() + n * DAY for n in range(OPEN.days + 1)}
            await connection.execute(sql.FLOWS_OF_NEW, {"mark": mark})
            await _sessionise(connection)
            touched = await connection.scalar(sql.TOUCHED_SESSIONS, {"mark": mark})
            since = min(touched or now, now - OPEN)
            await _sweep(connection, since, now)
            for tz, built in await self._zones(connection, now):
                wanted = days if built else {oldest, *_all(await _first_day(connection), now)}
                for begin, end in _ranges(wanted, tz, now):
                    await _build_days(connection, tz, begin, end, now)
            await connection.execute(sql.BUILT, {"now": now})
            await _describe(connection)
            closed = _quarter(now - OPEN)
            await connection.execute(sql.MARK, {"now": now, "closed": closed})
        return True

    async def rebuild(
        self, since: date, until: date, now: datetime, progress: Callable[[date], None]
    ) -> None:
        """Work out [since, until) again from the facts alone, bit by bit."""
        begin = since
        while begin < until:
            end = min(begin + CHUNK, until)
            async with self.database.transaction() as connection:
                await connection.execute(sql.LOCK)
                edges = {"since": _instant(begin), "until": _instant(end)}
                await connection.execute(sql.FORGET_FLOWS, edges)
                await connection.execute(sql.FLOWS_OF_RANGE, edges)
                await _sessionise(connection)
                await _sweep(connection, _instant(begin), min(_instant(end), now))
                for tz, _ in await self._zones(connection, now):
                    await _build_days(connection, tz, begin, end, now)
            progress(end)
            begin = end

    async def _zones(self, connection: AsyncConnection, now: datetime) -> list[tuple[str, bool]]:
        """Those in use, and whether their days are there."""
        await connection.execute(sql.FORGET_ZONES, {"before": now - UNASKED})
        await connection.execute(sql.KEEP_ZONES, {"zones": list(self.zones), "now": now})
        return [(row.tz, row.built) for row in await connection.execute(sql.ZONES)]


async def _build_days(
    connection: AsyncConnection, tz: str, since: date, until: date, now: datetime
) -> None:
    windows = windows_of(since, until, tz, Grain.DAY)
    await connection.execute(sql.FORGET_DAYS, {"tz": tz, "first": since, "last": until})
    values = {"tz": tz, "days": list(windows.days), "edges": list(windows.edges)}
    await connection.execute(sql.ADD_DAYS, values)
    today = now.astimezone(ZoneInfo(tz)).date()
    last = min(until + (LONGEST - 1) * DAY, today + DAY)
    if since < last:
        await _build_actives(connection, windows_of(since, last, tz, Grain.DAY))


async def _build_actives(connection: AsyncConnection, windows: Windows) -> None:
    values = {
        "tz": windows.tz,
        "first": windows.days[0],
        "last": windows.days[-1],
        "edges": list(windows.days),
        "include_test": False,
        "include_bots": False,
    }
    counts = [[0, 0, 0] for _ in range(len(windows))]
    for place, name in enumerate(("dau", "wau", "mau")):
        query = text(statement(BY_NAME[name], Cells()))
        for row in await connection.execute(query, values):
            counts[row.n - 1][place] = row.value_0
    await connection.execute(sql.FORGET_ACTIVES, values)
    dau, wau, mau = (list(column) for column in zip(*counts, strict=True))
    days = {"tz": windows.tz, "days": list(windows.days[:-1]), "dau": dau, "wau": wau, "mau": mau}
    await connection.execute(sql.ADD_ACTIVES, days)


async def _sessionise(connection: AsyncConnection) -> None:
    await connection.execute(sql.FORGET_TOUCHED_FLOWS)
    await connection.execute(sql.ADD_FLOWS)
    await connection.execute(sql.DROP_TOUCHED)


async def _sweep(connection: AsyncConnection, since: datetime, until: datetime) -> None:
    """Concurrency of the quarters of an hour from `since` on; the last one as far as it is over."""
    values = {"since": _quarter(since), "until": until}
    await connection.execute(sql.FORGET_CONCURRENCY, values)
    if values["since"] < until:
        await connection.execute(sql.ADD_CONCURRENCY, values)


async def _first_day(connection: AsyncConnection) -> date | None:
    first: datetime | None = await connection.scalar(sql.FIRST_EVENT)
    return None if first is None else first.date()


async def _describe(connection: AsyncConnection) -> None:
    rows = [
        {
            "name": metric.name,
            "version": metric.version,
            "unit": metric.unit,
            "definition": metric.definition,
            "sql": statement(metric, Cells()),
        }
        for metric in METRICS
    ]
    await connection.execute(sql.FORGET_METRICS)
    await connection.execute(sql.ADD_METRIC, rows)


def _all(first: date | None, now: datetime) -> Iterable[date]:
    """Every day since a first one."""
    if first is None:
        return ()
    return (first + n * DAY for n in range((now.date() - first).days + 1))


def _ranges(days: Iterable[date], tz: str, now: datetime) -> list[tuple[date, date]]:
    """Local days that UTC's days reach into, as ranges that are half-open and do not touch."""
    today = now.astimezone(ZoneInfo(tz)).date()
    local = sorted({day + n * DAY for day in days for n in (-1, 0, 1) if day + n * DAY <= today})
    found: list[tuple[date, date]] = []
    for day in local:
        if found and found[-1][1] == day:
            found[-1] = found[-1][0], day + DAY
        else:
            found.append((day, day + DAY))
    return found


def _quarter(at: datetime) -> datetime:
    return at - (at - BEGINNING) % timedelta(minutes=15)


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
