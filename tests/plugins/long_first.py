"""Each worker begins with what waits for processes and outages: short tests fill the time at the end."""

from collections.abc import Sequence
from math import ceil

import pytest

LONG = {"faults", "persons", "processes", "topologies"}
"""Folders of tests that take 10 to 30 seconds, of which they mostly wait."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Xdist's worksteal gives each worker one piece of the list to begin with."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = long_first(items, ceil(len(items) / workers) or 1)


def long_first(items: Sequence[pytest.Item], size: int) -> list[pytest.Item]:
    """The same in pieces of that size, in each of which the long ones come first."""
    pieces = (items[begin : begin + size] for begin in range(0, len(items), size))
    return [item for piece in pieces for item in sorted(piece, key=_is_short)]


def _is_short(item: pytest.Item) -> bool:
    return not LONG & set(item.nodeid.split("/"))
