"""Answer an analyst: metrics by window and cell, merged so that nobody can be singled out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from service.domain.errors import FieldError, ValidationFailedError
from service.metrics.answers import Found, Values, beside, only, suppressed, tabulate
from service.metrics.metric import Kind, Metric
from service.metrics.registry import BY_NAME, METRICS
from service.metrics.statements import statement
from service.metrics.windows import (
    MOST,
    Grain,
    TooManyWindowsError,
    Windows,
    previous,
    windows_of,
)
from service.operations.merge_cells import merge, merge_cells
from service.store.analytics import Analytics, Asked, Bound, Merged, Reading, Watermark

MOST_METRICS = 12
Row = dict[str, Any]


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
class QueryAnalytics:
    """Raises ValidationFailedError, which names the parameter, and ServiceUnavailableError."""

    analytics: Analytics
    least: int
    now: Callable[[], datetime]

    async def __call__(self, question: Question) -> dict[str, Any]:
        metrics = _checked(question)
        windows = _windows(question, whole_weeks=any(each.weeks_after for each in metrics))
        now = self.now()
        by, wanted = next(iter(question.filters.items()), (question.by, None))
        asked = Asked(
            windows=windows,
            now=now,
            by=by,
            include_test=question.include_test,
            include_bots=question.include_bots,
            built=await self.analytics.use_zone(question.tz, now),
        )
        async with self.analytics.reading() as reading:
            found = [await self._find(reading, metric, asked) for metric in metrics]
            earlier: list[Found] = []
            before = replace(asked, windows=previous(windows)) if question.compare else asked
            if question.compare:
                earlier = [await self._find(reading, metric, before) for metric in metrics]
        columns, rows = tabulate(metrics, found, windows, by, now)
        if wanted is not None:
            columns, rows = only(columns, rows, windows, wanted)
        if question.compare:
            names, old = tabulate(metrics, earlier, before.windows, by, now)
            if wanted is not None:
                _, old = only(names, old, before.windows, wanted)
            columns, rows = beside(columns, rows, old, by=by if wanted is None else None)
        return {
            "columns": columns,
            "rows": rows,
            "tz": question.tz,
            "grain": question.grain.value,
            "exact": True,
            **_freshness(reading.watermark, windows),
            "suppressed": suppressed([*found, *earlier]),
            "metric_versions": {metric.name: metric.version for metric in metrics},
        }

    async def _find(self, reading: Reading, metric: Metric, asked: Asked) -> Found:
        parts = [BY_NAME[name] for name in metric.of] if metric.of else [metric]
        is_distinct = bool(metric.of) or metric.kind is Kind.DISTINCT
        if asked.by is None and not is_distinct:
            return Found(await reading.answers(metric, asked, {}), {}, frozenset())
        bounds = [(part, await reading.bounds(part, asked)) for part in parts]
        merged, hidden = await merge_cells(reading, bounds, asked, self.least)
        if not is_distinct:
            # Facts may be newer than counts: of a cell that was not judged nothing is said.
            judged = {(each.n, each.cell) for _, of in bounds for each in merge(of, merged)}
            values = await reading.answers(metric, asked, merged)
            values = {key: each for key, each in values.items() if key in judged}
            return Found(values, merged, hidden)
        tables = [await _users(reading, part, each, asked, merged) for part, each in bounds]
        return Found(_quotient(*tables) if metric.of else tables[0], merged, hidden)


async def _users(
    reading: Reading, metric: Metric, bounds: Sequence[Bound], asked: Asked, merged: Merged
) -> Values:
    """Distinct users: of a cell that was not merged its bounds are exact, of `other` they are not."""
    shown = list(merge(bounds, merged))
    others = [(each.n, each.cell) for each in shown if each.least < each.most]
    exact = await reading.sizes(metric, asked, merged, others) if others else {}
    return {(each.n, each.cell): (exact.get((each.n, each.cell), each.least),) for each in shown}


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
            "sql": statement(metric) if not metric.of else " / ".join(metric.of),
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


def _quotient(of: Values, by: Values) -> Values:
    found = {}
    for key in of.keys() | by.keys():
        numerator, denominator = of.get(key, (0,))[0], by.get(key, (0,))[0]
        found[key] = (numerator / denominator if denominator else None, numerator, denominator)
    return found


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
