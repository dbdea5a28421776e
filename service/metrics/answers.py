"""Answers as tables: a row a window, or a cell of one; a column a value."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from service.metrics.metric import Kind, Metric
from service.metrics.statements import OTHER
from service.metrics.windows import Windows

Values = Mapping[tuple[int, str], Sequence[Any]]
Table = tuple[list[str], list[list[Any]]]
"""Names of columns, and rows."""


@dataclass(frozen=True, slots=True)
class Found:
    """Values of one metric by (window, cell); what is not among them was zero, or is in `merged`.

    Of `hidden` windows nothing is said.
    """

    values: Values
    merged: Mapping[int, frozenset[str]]
    hidden: frozenset[int]


def tabulate(
    metrics: Sequence[Metric],
    found: Sequence[Found],
    windows: Windows,
    by: str | None,
    now: datetime,
) -> Table:
    """A row a window, or a cell of one."""
    columns = ["window", *([by] if by else []), *(c for metric in metrics for c in metric.columns)]
    rows: list[list[Any]] = []
    cells: dict[int, set[str]] = defaultdict(set)
    for n, cell in chain.from_iterable(each.values for each in found):
        cells[n].add(cell)
    for n, start in enumerate(windows.starts, 1):
        names = sorted(cells[n], key=lambda name: (name == OTHER, name)) if by else [OTHER]
        for cell in names:
            row: list[Any] = [start, *([cell] if by else [])]
            for metric, each in zip(metrics, found, strict=True):
                future = windows.edges[n - 1] > now
                row += [None] * len(metric.values) if future else _values(metric, each, n, cell)
            rows.append(row)
    return columns, rows


def only(columns: list[str], rows: list[list[Any]], windows: Windows, wanted: str) -> Table:
    """The rows of one cell. It is shown where a breakdown would show it, and else null: what a
    filter shows and a breakdown merges would be found by subtraction.
    """
    found = {row[0]: row[2:] for row in rows if row[1] == wanted and wanted != OTHER}
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


def suppressed(found: Sequence[Found]) -> int:
    """How many cells were merged away, or say nothing."""
    return sum(len(each.hidden) + sum(map(len, each.merged.values())) for each in found)


def beside(
    columns: list[str], rows: list[list[Any]], old: list[list[Any]], *, by: str | None
) -> Table:
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
