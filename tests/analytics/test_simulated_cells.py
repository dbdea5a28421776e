"""Breakdowns and filters of made-up traffic: each cell that is shown is the truth of its part."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from service.domain.user_agents import read_device
from service.metrics.registry import BY_NAME, METRICS
from service.metrics.windows import Grain
from tests.analytics.clocks import Cell, cells, local_date, midnight
from tests.analytics.expected import expected, same
from tests.analytics.played import Play
from tests.analytics.truth import Place, Plain, place_of

pytestmark = pytest.mark.parametrize("play", ["autumn"], indirect=True)
ZONE = "America/New_York"
OF_PLACE: dict[str, Callable[[Place], str]] = {
    "client": lambda _: "inphora",
    "device_class": lambda place: read_device(place.user_agent).kind,
    "browser": lambda place: read_device(place.user_agent).browser or "unknown",
    "os": lambda place: read_device(place.user_agent).os or "unknown",
    "country": lambda place: place.country or "unknown",
    "method": lambda place: place.method or "unknown",
}
PARTED = [(metric.name, by) for metric in METRICS for by in sorted(metric.cells & OF_PLACE.keys())]


def grain_of(name: str) -> str:
    """Weeks, where they are offered."""
    return "week" if Grain.WEEK in BY_NAME[name].grains else "day"


def windows_of(play: Play, name: str) -> list[tuple[str, Cell]]:
    """Each with the day that it begins with."""
    since, until = (midnight(day, ZONE) for day in play.range)
    found = cells(since, until, ZONE, grain_of(name))
    return [(local_date(window.since, ZONE).isoformat(), window) for window in found]


class Parts:
    """Truths of parts of what was done."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.of = cache(self._of)

    def _of(self, by: str, names: frozenset[str], *, without: bool = False) -> Plain:
        return Plain(self.play.truth, lambda place: (OF_PLACE[by](place) in names) is not without)

    def names(self, by: str) -> set[str]:
        return {OF_PLACE[by](place_of(session)) for session in self.play.truth.sessions}


@pytest.fixture(scope="module")
def parts(play: Play) -> Parts:
    return Parts(play)


async def ask_rows(play: Play, name: str, **more: Any) -> tuple[list[list[Any]], int]:
    least = more.pop("least", 1)
    async with play.asking(least=least) as ask:
        answer = await ask(name, *play.range, tz=ZONE, grain=grain_of(name), **more)
    return answer["rows"], answer["suppressed"]


def by_cell(rows: list[list[Any]]) -> dict[tuple[str, str], list[Any]]:
    """By the window's first day and the cell."""
    return {(row[0], row[1]): row[2:] for row in rows}


@pytest.mark.parametrize(("name", "by"), PARTED, ids=str)
async def test_each_cell_is_its_truth(play: Play, parts: Parts, name: str, by: str) -> None:
    """Where nobody is too few: all cells that there are, and none that is missing was not nothing."""
    rows, suppressed = await ask_rows(play, name, by=by)
    found = by_cell(rows)
    assert not suppressed
    for day, window in windows_of(play, name):
        for cell in parts.names(by):
            wanted = expected(name, parts.of(by, frozenset([cell])), window, ZONE)
            if (day, cell) in found:
                assert same(found[day, cell], wanted), (name, cell, day, found[day, cell], wanted)
            else:
                assert not any(wanted), (name, cell, day, wanted)


@pytest.mark.parametrize(("name", "by"), PARTED, ids=str)
async def test_what_is_shown_and_other_are_the_truth(
    play: Play, parts: Parts, name: str, by: str
) -> None:
    """With the least size of a cell: names keep their numbers, and `other` has all the rest."""
    rows, _ = await ask_rows(play, name, by=by, least=5)
    found = by_cell(rows)
    for day, window in windows_of(play, name):
        named = frozenset(cell for start, cell in found if start == day) - {"other"}
        named = frozenset(
            cell for cell in named if found[day, cell] != [None] * len(found[day, cell])
        )
        for cell in named:
            wanted = expected(name, parts.of(by, frozenset([cell])), window, ZONE)
            assert same(found[day, cell], wanted), (name, cell, day, found[day, cell], wanted)
        rest = found.get((day, "other"))
        if rest is not None and set(rest) != {None}:
            wanted = expected(name, parts.of(by, named, without=True), window, ZONE)
            assert same(rest, wanted), (name, day, named, rest, wanted)


@pytest.mark.parametrize("name", ["mau", "sessions_started", "login_flow_success", "lifetime"])
async def test_a_filter_is_one_cell(play: Play, parts: Parts, name: str) -> None:
    """The numbers that a breakdown has for it."""
    rows, _ = await ask_rows(play, name, filters={"country": "KE"})
    for row, (_, window) in zip(rows, windows_of(play, name), strict=True):
        wanted = expected(name, parts.of("country", frozenset(["KE"])), window, ZONE)
        assert same(row[1:], wanted), (row, wanted)


async def test_ends_and_failures_by_reason(play: Play) -> None:
    """Counts by what ended sessions, by what went wrong; together they are the total."""
    plain = Plain(play.truth)
    ended = by_cell((await ask_rows(play, "sessions_ended", by="end_reason"))[0])
    failed = by_cell((await ask_rows(play, "failure_reasons", by="reason"))[0])
    for day, window in windows_of(play, "sessions_ended"):
        by_end = {cell: values[0] for (start, cell), values in ended.items() if start == day}
        assert Counter(by_end) == plain.sessions_ended(*window)
        by_reason = {c: tuple(values) for (start, c), values in failed.items() if start == day}
        assert by_reason == plain.failure_reasons(*window)
