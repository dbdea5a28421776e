"""Find out which cells of a breakdown have to be merged, asking for as little as decides it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.metrics.cells import Part, judge
from service.metrics.metric import Metric
from service.metrics.statements import OTHER
from service.store.analytics import Asked, Bound, Merged, Reading

ROUNDS = 12
"""Of merging: each leaves a cell less in some window; what is not settled then is hidden."""
NOTHING = frozenset[str]()


class Merging(NamedTuple):
    """Cells that are part of `other` by window, and windows that say nothing."""

    merged: Merged
    hidden: frozenset[int]


async def merge_cells(
    reading: Reading, metrics: Sequence[tuple[Metric, Sequence[Bound]]], asked: Asked, least: int
) -> Merging:
    """For metrics that are shown together, by the bounds of their cells."""
    if asked.by is None:
        return Merging({}, frozenset())
    merged: dict[int, frozenset[str]] = {}
    everywhere = len(metrics) > 1 or any(metric.rolling > 1 for metric, _ in metrics)
    numbers = range(1, len(asked.windows) + 1)
    for _ in range(ROUNDS):
        parts = [
            part
            for metric, bounds in metrics
            for part in await _parts(reading, metric, bounds, asked, merged, least)
        ]
        verdict = judge(parts, least)
        gone = verdict.merged
        if everywhere:
            gone = dict.fromkeys(numbers, NOTHING.union(*verdict.merged.values()))
        merged |= {n: merged.get(n, NOTHING) | names for n, names in gone.items()}
        if verdict.settled:
            return Merging(merged, verdict.hidden)
    return Merging(merged, frozenset(numbers))


def merge(bounds: Sequence[Bound], merged: Merged) -> Iterator[Bound]:
    """Cells as they are shown. `other` has as many users as its largest part, or more."""
    others: dict[int, Bound] = {}
    for bound in bounds:
        if bound.cell == OTHER or bound.cell in merged.get(bound.n, NOTHING):
            was = others.get(bound.n, Bound(bound.n, OTHER, 0, 0))
            others[bound.n] = Bound(
                bound.n, OTHER, max(was.least, bound.least), was.most + bound.most
            )
        else:
            yield bound
    yield from others.values()


async def _parts(
    reading: Reading,
    metric: Metric,
    bounds: Sequence[Bound],
    asked: Asked,
    merged: Merged,
    least: int,
) -> list[Part]:
    shown = list(merge(bounds, merged))
    unknown = [(each.n, each.cell) for each in shown if each.least < least <= each.most]
    known = {
        (n, cell): at_least if at_least >= least else at_most
        for n, cell, at_least, at_most in shown
    }
    if unknown:
        exact = await reading.sizes(metric, asked, merged, unknown)
        known |= {key: exact.get(key, 0) for key in unknown}
    return [Part(n, cell, known[n, cell], at_most) for n, cell, _, at_most in shown if at_most]
