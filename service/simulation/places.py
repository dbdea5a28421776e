"""Where people live: country, time zone, and the addresses they come from.

Addresses are private ones (RFC 1918), so that none is anybody's.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.domain.instants import to_ms

QUARTER = timedelta(minutes=15)


class Place(NamedTuple):
    """A country, its time zone, its share of people, and the second byte of its addresses."""

    country: str
    zone: str
    share: float
    network: int

    def address(self, number: int) -> str:
        """The address of the place's so-manieth household or machine."""
        return f"10.{self.network}.{number // 256 % 256}.{number % 256}"


PLACES = (
    Place("KE", "Africa/Nairobi", 0.40, 1),
    Place("DE", "Europe/Berlin", 0.20, 2),
    Place("US", "America/New_York", 0.20, 3),
    Place("IN", "Asia/Kolkata", 0.15, 4),
    Place("AU", "Australia/Lord_Howe", 0.05, 5),
)
NETWORKS = {f"10.{place.network}.0.0/16": place.country for place in PLACES}
"""The countries of made-up addresses, as a GEOIP_FILE has them."""
_COUNTRIES = {f"10.{place.network}": place.country for place in PLACES}

AT_HOUR = (1, 0.6, 0.4, 0.3, 0.4, 1, 3, 6, 9, 11, 11, 10, 9, 10, 11, 10, 9, 8, 7, 7, 7, 6, 4, 2)
"""How much is done in each hour of a local day."""
ON_DAY = (1.0, 1.05, 1.05, 1.0, 0.95, 0.45, 0.35)
"""How much is done on each day of the week, Monday first."""


def country_of(address: str) -> str:
    """The country of a made-up address, as a GeoIP file would say it; empty for any other."""
    return _COUNTRIES.get(".".join(address.split(".")[:2]), "")


class LocalDay(NamedTuple):
    """A day of a time zone: where its quarters of an hour begin, and how much is done by then."""

    begins_ms: int
    ends_ms: int
    quarters_ms: Sequence[int]
    done: Sequence[float]
    weight: float


@lru_cache(maxsize=64)
def local_day(zone: str, day: date) -> LocalDay:
    """A local day as it really was: 23, 24, 24.5 or 25 hours of it."""
    place = ZoneInfo(zone)
    begins, ends = (
        datetime(each.year, each.month, each.day, tzinfo=place).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    quarters = [begins + step * QUARTER for step in range((ends - begins) // QUARTER)]
    return LocalDay(
        to_ms(begins),
        to_ms(ends),
        [to_ms(quarter) for quarter in quarters],
        list(accumulate(AT_HOUR[quarter.astimezone(place).hour] for quarter in quarters)),
        ON_DAY[day.weekday()],
    )
