"""Answer an analyst: metrics by window and cell, merged so that nobody can be singled out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from service.domain.errors import FieldError, ValidationFailedError
from service.metrics.cells import judge
from service.metrics.metric import Kind, Metric
from service.metrics.registry import BY_NAME, METRICS
from service.metrics.statements import Cells, statement
from service.metrics.windows import (
    MOST,
    Grain,
    TooManyWindowsError,
    Windows,
    previous,
    windows_of,
)
from service.store.analytics import Analytics, Asked, Watermark

MOST_METRICS = 12
ROUNDS = 12
"""Of merging: each leaves a cell less in some window; what is not settled then is hidden."""
Row = dict[str, Any]
Values = dict[tuple[int, str], Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants to know. `filters`: the one value that each named cell may have."""

    metrics: Sequence[str]
    since: date
    until: date
    tz: str = "UTC"
    grain: Grain = Grain.DAY
    by: str | None = None
    filters: Mapping[str, str]
    include_test: bool = False
    include_bots: bool = False
    compare: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Values of one metric; a cell that is not among them was zero, or is in `merged`."""

    values: Values
    merged: Mapping[int, frozenset[str]]
    hidden: frozenset[int]


@dataclass(frozen=True, slots=True)
class QueryAnalytics:
    """Raises ValidationFailedError, which names the parameter, and ServiceUnavailableError."""

    analytics: Analytics
    least: int
    now: Callable[[], datetime]

    async def __call__(self, question: Question) -> dict[str, Any]:
        metrics = _checked(question)
        windows = _windows(question, whole_weeks=any(each.weeks_after for each in metrics))
        now = self.now()
        only, wanted = next(iter(question.filters.items()), (question.by, None))
        asked = Asked(
            windows=windows,
            now=now,
            cells=Cells(only),
            wanted={},
            include_test=question.include_test,
            include_bots=question.include_bots,
            built=await self.analytics.use_zone(question.tz, now),
        )
        mark = await self.analytics.watermark()
        found = [await self._find(metric, asked) for metric in metrics]
        columns, rows = _table(metrics, found, asked, now)
        suppressed = _suppressed(found)
        if wanted is not None:
            columns, rows = _only(columns, rows, windows, wanted)
        if question.compare:
            before = replace(asked, windows=previous(windows))
            earlier = [await self._find(metric, before) for metric in metrics]
            names, old = _table(metrics, earlier, before, now)
            if wanted is not None:
                _, old = _only(names, old, before.windows, wanted)
            columns, rows = _beside(columns, rows, old, by=only if wanted is None else None)
            suppressed += _suppressed(earlier)
        return {
            "columns": columns,
            "rows": rows,
            "tz": question.tz,
            "grain": question.grain.value,
            "exact": True,
            **_freshness(mark, windows),
            "suppressed": suppressed,
            "metric_versions": {metric.name: metric.version for metric in metrics},
        }

    async def _find(self, metric: Metric, asked: Asked) -> Found:
        parts = [BY_NAME[name] for name in metric.of] if metric.of else [metric]
        shown, merged, hidden = await self._judge(parts, asked)
        tables = []
        for part in parts:
            names = _keys(shown, part)
            rows = await self.analytics.answers(part, asked, names)
            tables.append({(row.n, row.cell or "other"): row.values for row in rows})
        values = _quotient(*tables) if metric.of else tables[0]
        return Found(values, merged, hidden)

    async def _judge(
        self, metrics: Sequence[Metric], asked: Asked
    ) -> tuple[Mapping[int, frozenset[str]] | None, Mapping[int, frozenset[str]], frozenset[int]]:
        """Cells that are shown by window (None: all), those merged, windows that say nothing."""
        merged: dict[int, frozenset[str]] = {}
        if not asked.cells.any:
            return None, merged, frozenset()
        everywhere = len(metrics) > 1 or any(metric.rolling > 1 for metric in metrics)
        shown: Mapping[int, frozenset[str]] | None = None
        for _ in range(ROUNDS):
            parts = [
                part._replace(bits=f"{place}{part.bits}")
                for place, metric in enumerate(metrics)
                for part in await self.analytics.sizes(metric, asked, _keys(shown, metric))
                if part.users
            ]
            verdict = judge(parts, self.least)
            numbers = range(1, len(asked.windows) + 1)
            if everywhere:
                gone = frozenset[str]().union(*verdict.merged.values())
                shown = dict.fromkeys(numbers, verdict.everywhere)
                merged = {n: merged.get(n, frozenset()) | gone for n in numbers}
            else:
                shown = verdict.shown
                for n, names in verdict.merged.items():
                    merged[n] = merged.get(n, frozenset()) | names
            if verdict.settled:
                return shown, merged, verdict.hidden
        return shown, merged, frozenset(range(1, len(asked.windows) + 1))


def describe_metrics() -> list[Row]:
    """The registry, as people and programs read it."""
    return [
        {
            "name": metric.name,
            "version": metric.version,
            "unit": metric.unit,
            "kind": metric.kind.value,
            "definition": metric.definition,
            "columns": metric.columns,
            "grains": sorted(grain.value for grain in metric.grains),
            "by": sorted(metric.cells),
            "sql": statement(metric, Cells()) if not metric.of else " / ".join(metric.of),
        }
        for metric in METRICS
    ]


def _checked(question: Question) -> list[Metric]:
    faults = []
    unknown = [name for name in question.metrics if name not in BY_NAME]
    if unknown or not question.metrics or len(question.metrics) > MOST_METRICS:
        message = f"give 1 to {MOST_METRICS} names of GET /api/analytics/metrics"
        raise ValidationFailedError([FieldError("metrics", message)])
    metrics = [BY_NAME[name] for name in dict.fromkeys(question.metrics)]
    for metric in metrics:
        if question.grain not in metric.grains:
            grains = ", ".join(sorted(metric.grains))
            faults.append(FieldError("grain", f"{metric.name} has only {grains}"))
        for name, field in [(question.by, "by"), *((each, each) for each in question.filters)]:
            if name is not None and name not in metric.cells:
                faults.append(FieldError(field, f"{metric.name} cannot be parted by it"))
        if not metric.source.cells and not metric.source.everybody:
            faults += [
                FieldError(field, f"{metric.name} is only counted without them")
                for field in ("include_test", "include_bots")
                if getattr(question, field)
            ]
    parting = [*question.filters, *([question.by] if question.by else [])]
    if len(parting) > 1:
        message = "give one filter or one breakdown: two together could single somebody out"
        faults += [FieldError(field, message) for field in question.filters]
    if faults:
        raise ValidationFailedError(faults)
    return metrics


def _windows(question: Question, *, whole_weeks: bool) -> Windows:
    """Those asked for; of a range cut within a week, whole ones for whom that matters."""
    try:
        ZoneInfo(question.tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "give an IANA name, such as Africa/Nairobi"
        raise ValidationFailedError([FieldError("tz", message)]) from None
    if question.until <= question.since:
        raise ValidationFailedError([FieldError("to", "give a later day than from")])
    since, until = question.since, question.until
    try:
        if whole_weeks:
            since -= timedelta(days=since.weekday())
            until += timedelta(days=-until.weekday() % 7)
        return windows_of(since, until, question.tz, question.grain)
    except (TooManyWindowsError, OverflowError):
        message = f"this range has more than {MOST} windows; give a longer grain"
        raise ValidationFailedError([FieldError("grain", message)]) from None


def _keys(shown: Mapping[int, frozenset[str]] | None, metric: Metric) -> list[str] | None:
    """As a statement wants them: names for what runs over windows, else `n name`."""
    if shown is None:
        return None
    if metric.rolling > 1:
        return sorted(frozenset[str]().union(*shown.values()))
    return [f"{n} {name}" for n, names in shown.items() for name in sorted(names)]


def _quotient(of: Values, by: Values) -> Values:
    found: Values = {}
    for key in of.keys() | by.keys():
        numerator, denominator = of.get(key, (0,))[0], by.get(key, (0,))[0]
        found[key] = (numerator / denominator if denominator else None, numerator, denominator)
    return found


def _table(
    metrics: Sequence[Metric], found: Sequence[Found], asked: Asked, now: datetime
) -> tuple[list[str], list[list[Any]]]:
    by, windows = asked.cells.by, asked.windows
    columns = ["window", *([by] if by else []), *(c for metric in metrics for c in metric.columns)]
    rows: list[list[Any]] = []
    for n, start in enumerate(windows.starts, 1):
        cells = {cell for each in found for number, cell in each.values if number == n}
        for cell in sorted(cells, key=lambda name: (name == "other", name)) if by else ["other"]:
            row: list[Any] = [start, *([cell] if by else [])]
            for metric, each in zip(metrics, found, strict=True):
                future = windows.edges[n - 1] > now
                row += [None] * len(metric.values) if future else _values(metric, each, n, cell)
            rows.append(row)
    return columns, rows


def _only(
    columns: list[str], rows: list[list[Any]], windows: Windows, wanted: str
) -> tuple[list[str], list[list[Any]]]:
    """The rows of one cell. It is shown where a breakdown would show it, and else null: what a
    filter shows and a breakdown merges would be found by subtraction.
    """
    found = {row[0]: row[2:] for row in rows if row[1] == wanted and wanted != "other"}
    nothing = [None] * (len(columns) - 2)
    kept = [[start, *found.get(start, nothing)] for start in windows.starts]
    return [columns[0], *columns[2:]], kept


def _values(metric: Metric, found: Found, n: int, cell: str) -> Sequence[Any]:
    if n in found.hidden or cell in found.merged.get(n, ()):
        return [None] * len(metric.values)
    values = found.values.get((n, cell))
    if values is not None:
        return [_plain(value) for value in values]
    if metric.kind in {Kind.QUANTILE, Kind.GAUGE}:
        return [None] * len(metric.values)
    rates = {""} | {"background"} if metric.kind is Kind.RATIO else set()
    return [None if suffix in rates else 0 for suffix in metric.values]


def _plain(value: Any) -> Any:
    """SQL's sums of whole numbers come as Decimal."""
    if value is None or isinstance(value, (int, float)):
        return value
    return int(value) if value == int(value) else float(value)


def _suppressed(found: Sequence[Found]) -> int:
    """How many cells were merged away, or say nothing."""
    return sum(len(each.hidden) + sum(map(len, each.merged.values())) for each in found)


def _beside(
    columns: list[str], rows: list[list[Any]], old: list[list[Any]], *, by: str | None
) -> tuple[list[str], list[list[Any]]]:
    """The values of the period before, each in the row of the window with the same number."""
    keys = 2 if by else 1
    names = columns[keys:]

    def numbered(table: list[list[Any]]) -> list[tuple[tuple[int, str], list[Any]]]:
        places = {start: n for n, start in enumerate(dict.fromkeys(row[0] for row in table))}
        return [((places[row[0]], row[1] if by else ""), row) for row in table]

    before = {key: row[keys:] for key, row in numbered(old)}
    nothing = [None] * len(names)
    wide = [[*row, *before.get(key, nothing)] for key, row in numbered(rows)]
    return [*columns, *(f"{name}_previous" for name in names)], wide


def _freshness(mark: Watermark, windows: Windows) -> Row:
    fresh = mark.refreshed_at
    return {
        "watermark": {
            "refreshed_at": _text(fresh),
            "closed_through": _text(mark.closed_through),
        },
        "partial": [
            start
            for start, end in zip(windows.starts, windows.edges[1:], strict=True)
            if fresh is None or end > fresh
        ],
    }


def _text(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
