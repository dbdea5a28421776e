"""Metrics as PostgreSQL answers them, on connections of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text

from service.metrics.cells import Part
from service.metrics.metric import Metric
from service.metrics.statements import Cells, materialised, on_the_fly, statement
from service.metrics.windows import Grain, Windows, windows_of
from service.store import aggregate_statements as sql
from service.store.database import Database


class Watermark(NamedTuple):
    """How fresh the aggregates are; None: never worked out."""

    refreshed_at: datetime | None
    closed_through: datetime | None


class Answer(NamedTuple):
    """Values of one metric in one cell of one window; `n` counts from 1."""

    n: int
    cell: str
    values: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of every metric. `built`: the days of this zone are there already."""

    windows: Windows
    now: datetime
    cells: Cells
    wanted: Mapping[str, str]
    include_test: bool = False
    include_bots: bool = False
    built: bool = True

    @property
    def is_default(self) -> bool:
        """Whether it is what everybody is shown first."""
        return self.built and not (self.cells.any or self.include_test or self.include_bots)


@dataclass(frozen=True, slots=True)
class Analytics:
    """Reads. Raises ServiceUnavailableError, also for what takes too long."""

    database: Database

    async def use_zone(self, tz: str, now: datetime) -> bool:
        """A zone that is asked for becomes in use; whether its days are there yet."""
        async with self.database.transaction() as connection:
            await connection.execute(sql.ASK_ZONE, {"tz": tz, "now": now})
            return bool(await connection.scalar(sql.IS_BUILT, {"tz": tz}))

    async def watermark(self) -> Watermark:
        async with self.database.transaction() as connection:
            row = (await connection.execute(sql.WATERMARK)).one_or_none()
        return Watermark(None, None) if row is None else Watermark(*row)

    async def sizes(self, metric: Metric, asked: Asked, shown: Sequence[str] | None) -> list[Part]:
        """Distinct users of every part; None: each value has a cell of its own."""
        query = statement(metric, asked.cells, only_users=True)
        rows = await self._rows(metric, query, asked, shown)
        return [Part(row.n, row.cell, row.bits, row.value_0) for row in rows]

    async def answers(
        self, metric: Metric, asked: Asked, shown: Sequence[str] | None
    ) -> list[Answer]:
        """Values of every cell that has rows."""
        ready = metric.materialised and asked.is_default
        query = materialised(metric) if ready else statement(metric, asked.cells)
        rows = await self._rows(metric, query, asked, shown)
        return [Answer(row.n, row.cell, row[3:]) for row in rows]

    async def _rows(
        self, metric: Metric, query: str, asked: Asked, shown: Sequence[str] | None
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
            "include_test": asked.include_test,
            "include_bots": asked.include_bots,
            "everything": shown is None,
            "shown": list(shown or ()),
            **{f"f_{name}": value for name, value in asked.wanted.items()},
        }
        if metric.weeks_after:
            weeks = _followed(windows, metric.weeks_after)
            values |= {"weeks": list(weeks.days), "weeks_at": list(weeks.edges), "now": asked.now}
            windows = weeks
        if metric.source.by_day and not asked.built:
            query, more = on_the_fly(metric, query), _days_before(windows, metric.rolling)
            values |= more | {"last_at": windows.edges[-1]}
        statement_ = text(query)
        async with self.database.transaction() as connection:
            given = {name: values[name] for name in statement_.compile().params}
            return (await connection.execute(statement_, given)).all()


def _days_before(windows: Windows, days: int) -> dict[str, Sequence[date | datetime]]:
    """Edges of the local days that a rolling metric looks at."""
    since = windows.days[0] - timedelta(days=days)
    daily = windows_of(since, windows.days[-1], windows.tz, Grain.DAY)
    return {"all_days": list(daily.days), "all_edges": list(daily.edges)}


def _followed(windows: Windows, weeks: int) -> Windows:
    """With the weeks after the last."""
    until = windows.days[-1] + timedelta(weeks=weeks)
    return windows_of(windows.days[0], until, windows.tz, Grain.WEEK)
