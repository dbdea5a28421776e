"""Windows of local time as instants: half-open, and right across every change of the clocks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
MOST = 3000
"""Windows of one answer."""


class Grain(StrEnum):
    """How long a window is. Weeks begin on Monday; TOTAL is one window."""

    QUARTER = "15m"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


DAYS = frozenset({Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.TOTAL})
"""Grains of whole local days, and TOTAL, whose ends are days too."""


class TooManyWindowsError(ValueError):
    """More than MOST of them."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Consecutive windows. `days` has their edges, last one included, as local days; `edges` the
    same as instants. For a grain below a day `days` has the day that each edge lies in.
    """

    tz: str
    grain: Grain
    edges: tuple[datetime, ...]
    days: tuple[date, ...]

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def starts(self) -> list[str]:
        """How each begins, in local time: a day, or for a grain below it RFC 3339 with offset."""
        if self.grain in DAYS:
            return [day.isoformat() for day in self.days[:-1]]
        zone = ZoneInfo(self.tz)
        return [edge.astimezone(zone).isoformat() for edge in self.edges[:-1]]

    def seconds(self, number: int) -> float:
        """How long one takes: 23, 24 or 25 hours of a day."""
        return (self.edges[number + 1] - self.edges[number]).total_seconds()


def windows_of(since: date, until: date, tz: str, grain: Grain) -> Windows:
    """Those of [since, until), local days. First and last are cut where the range is.

    Raises TooManyWindowsError.
    """
    zone = ZoneInfo(tz)
    if grain in DAYS:
        days = _days(since, until, grain)
        edges = tuple(midnight(day, zone) for day in days)
    else:
        edges = _within_days(since, until, zone, grain)
        days = tuple(edge.astimezone(zone).date() for edge in edges)
    if len(edges) > MOST + 1:
        raise TooManyWindowsError
    return Windows(tz, grain, edges, days)


def previous(windows: Windows) -> Windows:
    """As many local days, just before."""
    since, until = windows.days[0], windows.days[-1]
    return windows_of(since - (until - since), since, windows.tz, windows.grain)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins: its first instant, also where the clocks skip or repeat midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _days(since: date, until: date, grain: Grain) -> tuple[date, ...]:
    if grain is Grain.TOTAL:
        return since, until
    found = [since]
    while found[-1] < until:
        found.append(min(_next(found[-1], grain), until))
    return tuple(found)


def _next(day: date, grain: Grain) -> date:
    if grain is Grain.WEEK:
        return day + timedelta(days=7 - day.weekday())
    if grain is Grain.MONTH:
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + DAY


def _within_days(since: date, until: date, zone: ZoneInfo, grain: Grain) -> tuple[datetime, ...]:
    """Every quarter of an hour, or those at which a local hour begins."""
    begin, end = midnight(since, zone), midnight(until, zone)
    if (end - begin) / QUARTER > MOST * 4:
        raise TooManyWindowsError
    found = [begin]
    at = begin + QUARTER
    while at < end:
        if grain is Grain.QUARTER or at.astimezone(zone).minute == 0:
            found.append(at)
        at += QUARTER
    return (*found, end)
