"""Metrics as PostgreSQL answers them, on connections of their own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.metrics import statements
from service.metrics.metric import Metric
from service.metrics.windows import Grain, Windows, windows_of
from service.store import aggregate_statements as sql
from service.store.database import Database

OVERLAP = timedelta(minutes=15)
"""Longer than an event may take from `received_at` to its commit."""
QUICK = text("""
    select set_config('jit', 'off', true), set_config('work_mem', '128MB', true),
           set_config('parallel_setup_cost', '100', true),
           set_config('parallel_tuple_cost', '0.01', true),
           set_config('plan_cache_mode', 'force_custom_plan', true)
""")
"""Of a question's million rows: compiling takes longer than they do, two cores half as long, and a
list of cells is only looked up by its hash in a plan that was made for it.
"""
Merged = Mapping[int, frozenset[str]]
"""Cells by window that are part of `other`."""
Key = tuple[int, str]
"""A window, counted from 1, and a cell of it."""


class Watermark(NamedTuple):
    """How fresh the aggregates are; None: never worked out."""

    refreshed_at: datetime | None
    closed_through: datetime | None


class Bound(NamedTuple):
    """How many distinct users a cell of a window has, at least and at most."""

    n: int
    cell: str
    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of every metric. `built`: the days of this zone are there already."""

    windows: Windows
    now: datetime
    by: str | None = None
    include_test: bool = False
    include_bots: bool = False
    built: bool = True


@dataclass(frozen=True, slots=True)
class Analytics:
    """Reads. Raises ServiceUnavailableError, also for what takes too long."""

    database: Database

    async def use_zone(self, tz: str, now: datetime) -> bool:
        """A zone that is asked for becomes in use; whether its days are there yet."""
        async with self.database.transaction() as connection:
            await connection.execute(sql.ASK_ZONE, {"tz": tz, "now": now})
            return bool(await connection.scalar(sql.IS_BUILT, {"tz": tz}))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["Reading"]:
        """Everything as it is at one moment: no number is of before a refresh and one of after."""
        async with self.database.transaction(isolation_level="REPEATABLE READ") as connection:
            await connection.execute(QUICK)
            row = (await connection.execute(sql.WATERMARK)).one_or_none()
            mark = Watermark(None, None) if row is None else Watermark(*row)
            yield Reading(connection, mark)


@dataclass(frozen=True, slots=True)
class Reading:
    """Numbers of one moment."""

    connection: AsyncConnection
    watermark: Watermark

    async def bounds(self, metric: Metric, asked: Asked) -> list[Bound]:
        """Distinct users of every cell before any is merged; exact but for what a cube counted."""
        if metric.cube:
            query = statements.BOUNDS
        elif _is_kept(metric, asked):
            query = statements.actives(metric)
        else:
            query = statements.sizes(metric, asked.by)
        rows = await self._rows(metric, query, asked, {})
        return [Bound(row.n, row.cell, row[2], int(row[-1])) for row in rows]

    async def sizes(
        self, metric: Metric, asked: Asked, merged: Merged, unknown: Sequence[Key]
    ) -> dict[Key, int]:
        """Distinct users of some cells. Of what a cube counted: who is counted there already."""
        query = statements.sizes(metric, asked.by, some=True)
        rows = await self._rows(metric, query, asked, merged, unknown)
        return {(row.n, row.cell): row.users for row in rows}

    async def answers(
        self, metric: Metric, asked: Asked, merged: Merged
    ) -> dict[Key, Sequence[Any]]:
        """Values of every cell that has rows."""
        if metric.cube and metric.is_counted:
            query = statements.counted(metric, metric.cube, asked.by)
        else:
            query = statements.statement(metric, asked.by, merging=bool(merged))
        rows = await self._rows(metric, query, asked, merged)
        return {(row.n, row.cell): row[2:] for row in rows}

    async def _rows(
        self,
        metric: Metric,
        query: str,
        asked: Asked,
        merged: Merged,
        unknown: Sequence[Key] = (),
    ) -> Sequence[Any]:
        windows = asked.windows
        edges: Sequence[Any] = windows.days if metric.source.by_day else windows.edges
        values: dict[str, Any] = {
            "tz": windows.tz,
            "edges": list(edges),
            "edges_at": list(windows.edges),
            "first": edges[0],
            "last": edges[-1],
            "first_at": windows.edges[0],
            "last_at": windows.edges[-1],
            "include_test": asked.include_test or metric.source.everybody,
            "include_bots": asked.include_bots or metric.source.everybody,
            "now": asked.now,
            "by": asked.by or "",
            "cube": metric.cube and metric.cube.name,
            "merged": _names(metric, merged),
            "unknown": [f"{n} {cell}" for n, cell in unknown],
            "settled": (self.watermark.refreshed_at or windows.edges[0]) - OVERLAP,
        }
        if metric.weeks_after:
            windows = _followed(windows, metric.weeks_after)
            values |= {"weeks": list(windows.days), "weeks_at": list(windows.edges)}
        if metric.source.by_day and not asked.built:
            query = statements.on_the_fly(metric, query)
            values |= {**_days_before(windows, metric.rolling), "last_at": windows.edges[-1]}
        statement = text(query)
        given = {name: values[name] for name in statement.compile().params}
        return (await self.connection.execute(statement, given)).all()


def _is_kept(metric: Metric, asked: Asked) -> bool:
    """Whether agg_active_day has it."""
    usual = asked.built and not (asked.include_test or asked.include_bots)
    return bool(metric.daily) and usual and asked.windows.grain is Grain.DAY


def _names(metric: Metric, merged: Merged) -> list[str]:
    """As a statement wants them: names of what runs over windows, else `n name`."""
    if metric.rolling > 1:
        return sorted(frozenset[str]().union(*merged.values()))
    return [f"{n} {name}" for n, names in merged.items() for name in sorted(names)]


def _days_before(windows: Windows, days: int) -> dict[str, Sequence[date | datetime]]:
    """Edges of the local days that a rolling metric looks at."""
    since = windows.days[0] - timedelta(days=days)
    daily = windows_of(since, windows.days[-1], windows.tz, Grain.DAY)
    return {"all_days": list(daily.days), "all_edges": list(daily.edges)}


def _followed(windows: Windows, weeks: int) -> Windows:
    """With the weeks after the last."""
    until = windows.days[-1] + timedelta(weeks=weeks)
    return windows_of(windows.days[0], until, windows.tz, Grain.WEEK)
