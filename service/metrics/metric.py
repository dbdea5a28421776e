"""What a metric is: its name, its words, its SQL. Nothing here asks a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from service.metrics.windows import Grain

ALL_GRAINS = frozenset(Grain)


class Kind(StrEnum):
    """How a metric is worked out. RATIO: null on 0, with numerator and denominator beside it."""

    COUNT = "count"
    RATIO = "ratio"
    QUANTILE = "quantile"
    DISTINCT = "distinct"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Rows that metrics are made of. `at` places a row in a window: an instant, or a local day.

    `user` is whom a row is about, for the least size of a cell. `cells`: what rows can be grouped
    and filtered by, as SQL. `everybody`: test accounts and bots are always among them.
    """

    table: str
    at: str
    user: str
    cells: Mapping[str, str]
    by_day: bool = False
    everybody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cube:
    """Rows of a source, counted in advance: by quarter of an hour, and by one dimension at a time.

    `sums` are SQL aggregates that give whole numbers, and that can be added up over rows. `settled`
    is true of rows that have not changed since the instant :settled.
    """

    name: str
    source: Source
    cells: frozenset[str]
    sums: Mapping[str, str]
    where: str = "true"
    settled: str = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric. `values` are its columns (by a suffix to its name) as SQL aggregates; where a
    cube has counted them, made of its sums, as `{name}`.

    `rolling`: distinct users over so many days that end with the window's day. `daily`: what of
    `agg_active_day` is the same for days. `weeks_after`: whole weeks only, each a cohort that is
    followed for so many more.
    """

    name: str
    version: int = 1
    unit: str
    kind: Kind
    definition: str
    source: Source
    values: Mapping[str, str] = field(default_factory=dict)
    where: str = "true"
    grains: frozenset[Grain] = ALL_GRAINS
    cells: frozenset[str] = frozenset()
    rolling: int = 0
    enrolled: bool = False
    of: tuple[str, str] | None = None
    daily: str = ""
    cube: Cube | None = None
    joins: str = ""
    weeks_after: int = 0

    @property
    def is_counted(self) -> bool:
        """Whether its values are made of a cube's sums."""
        return self.cube is not None and self.kind is not Kind.QUANTILE

    @property
    def columns(self) -> list[str]:
        """Their names in an answer."""
        return [f"{self.name}_{suffix}" if suffix else self.name for suffix in self.values]


def of_cube(cube: Cube, **given: Any) -> Metric:
    """A metric of the cube's rows."""
    return Metric(source=cube.source, where=cube.where, cells=cube.cells, cube=cube, **given)


def ratio(numerator: str, denominator: str) -> dict[str, str]:
    """The columns of a rate."""
    return {
        "": f"cast({numerator} as float8) / nullif({denominator}, 0)",
        "numerator": numerator,
        "denominator": denominator,
    }
