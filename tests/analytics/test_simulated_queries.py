"""Every metric, asked of made-up traffic, says what the plain recomputation says: in zones of all
kinds, across every change of the clocks, by every grain, with and without tests and bots.
"""

import asyncio
from collections.abc import Iterator
from datetime import date

import pytest

from service.metrics.registry import METRICS
from service.metrics.windows import Grain
from service.store.migrations.run import migrate
from tests.analytics.clocks import cells, midnight
from tests.analytics.expected import EXPECTED, expected
from tests.analytics.played import AUTUMN, SPRING, ZONES, Play
from tests.analytics.truth import Plain
from tests.audit.conftest import own_database
from service.embedded import EmbeddedServer

SEASONS = {"autumn": AUTUMN, "spring": SPRING}


@pytest.fixture(scope="module", params=SEASONS)
def play(request: pytest.FixtureRequest, postgres: EmbeddedServer) -> Iterator[Play]:
    """One fill of a database for all of a season's questions."""
    with own_database(postgres) as url:
        migrate(url)
        play = Play(url, SEASONS[request.param])
        asyncio.run(play.fill())
        yield play


@pytest.fixture(scope="module")
def plain(play: Play) -> Plain:
    return Plain(play.truth)


def names_of(grain: str) -> list[str]:
    """What is offered by that grain; lateness has a test of its own, at a finer pace."""
    return [m.name for m in METRICS if Grain(grain) in m.grains and m.name != "late_share"]


def range_of(play: Play) -> tuple[date, date]:
    """From the third day on, up to the last whole one anywhere."""
    end = play.plan.end.date()
    return date.fromordinal(end.toordinal() - 36), date.fromordinal(end.toordinal() - 1)


def assert_same(answer, names, plain, windows, zone):
    found = answer["columns"]
    for row, window in zip(answer["rows"], windows, strict=True):
        values = dict(zip(found, row, strict=True))
        for metric in METRICS:
            if metric.name not in names:
                continue
            was = [values[column] for column in metric.columns]
            wanted = expected(metric.name, plain, window, zone)
            assert was == pytest.approx(wanted, rel=1e-9, abs=1e-9), (metric.name, row[0])


@pytest.mark.parametrize("zone", [*ZONES, "Asia/Kathmandu"])
@pytest.mark.parametrize("grain", [g.value for g in Grain if g is not Grain.QUARTER])
async def test_every_metric_is_the_truth(play: Play, plain: Plain, zone: str, grain: str):
    since, until = range_of(play)
    windows = list(cells(midnight(since, zone), midnight(until, zone), zone, grain))
    names = names_of(grain)
    async with play.asking() as ask:
        for first in range(0, len(names), 12):
            some = names[first : first + 12]
            answer = await ask(",".join(some), since, until, tz=zone, grain=grain)
            assert_same(answer, some, plain, windows, zone)
