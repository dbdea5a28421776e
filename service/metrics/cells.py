"""Which cells of a breakdown may be shown, so that nobody can be singled out by any of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from service.metrics.statements import OTHER


class Part(NamedTuple):
    """Distinct users of a cell of a window: so many, or at least as many as are needed.

    `size`: how many there are at most, which says better than `users` how much merging it hides.
    """

    n: int
    cell: str
    users: int
    size: int


class Verdict(NamedTuple):
    """Cells by window that keep their name, and windows of which nothing is said at all."""

    shown: Mapping[int, frozenset[str]]
    hidden: frozenset[int]
    merged: Mapping[int, frozenset[str]]

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to merge."""
        return not any(self.merged.values())


def judge(parts: Iterable[Part], least: int) -> Verdict:
    """Merge what is too small into `other`; where `other` is too small, the smallest one more.

    `parts` are as they were last shown, `other` among them: ask again until it is settled, for how
    many distinct users a merged cell has is not the sum. A window that ends as one cell which is
    still too small says nothing.
    """
    windows: dict[int, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for part in parts:
        windows[part.n][part.cell].append(part)
    shown: dict[int, frozenset[str]] = {}
    merged: dict[int, frozenset[str]] = {}
    hidden: set[int] = set()
    for n, cells in windows.items():
        named = {name for name in cells if name != OTHER}
        weak = {name for name in cells if _is_weak(cells[name], least)}
        small = weak & named
        if OTHER in weak and named - small:
            small.add(min(named - small, key=lambda name: (_size(cells[name]), name)))
        if not named and weak:
            hidden.add(n)
        shown[n], merged[n] = frozenset(named - small), frozenset(small)
    return Verdict(shown, frozenset(hidden), merged)


def _is_weak(parts: Iterable[Part], least: int) -> bool:
    return any(part.users < least for part in parts)


def _size(parts: Iterable[Part]) -> int:
    return sum(part.size for part in parts)
