"""Local time, plainly: where days, weeks and hours of a zone begin, in epoch milliseconds."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

QUARTER_MS = 900_000
HOUR_MS = 3_600_000
BEGINS: dict[str, Callable[[date], bool]] = {
    "day": lambda _: True,
    "week": lambda day: day.weekday() == 0,
    "month": lambda day: day.day == 1,
}


class Cell(NamedTuple):
    """A stretch of local time: where it begins and ends, in epoch milliseconds."""

    since: int
    until: int


def midnight(day: date, zone: str) -> int:
    """When a local day begins."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return round(local.timestamp() * 1000)


def local_date(at_ms: int, zone: str) -> date:
    """Which day it is there."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()


def local_days(day: date, zone: str, count: int = 1) -> Cell:
    """So many local days that end with this one."""
    return Cell(
        midnight(day - timedelta(days=count - 1), zone), midnight(day + timedelta(days=1), zone)
    )


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def cells(since: int, until: int, zone: str, grain: str) -> Iterator[Cell]:
    """The local hours, days, weeks, months of a window, the first and the last cut where it is.

    An hour begins wherever a clock there shows a full hour, also the one that comes twice.
    """
    edges = [since]
    if grain == "hour":
        # Quarters of an hour are enough: no zone in use has a finer offset.
        first = -(-since // QUARTER_MS) * QUARTER_MS
        edges += [
            at_ms
            for at_ms in range(first, until, QUARTER_MS)
            if datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).minute == 0
        ]
    elif grain == "15m":
        edges += range(since, until, QUARTER_MS)
    elif grain != "total":
        day = local_date(since, zone)
        while midnight(day, zone) < until:
            if BEGINS[grain](day):
                edges.append(midnight(day, zone))
            day += timedelta(days=1)
    edges = sorted({edge for edge in edges if since <= edge < until} | {until})
    for begins, ends in pairwise(edges):
        yield Cell(begins, ends)
