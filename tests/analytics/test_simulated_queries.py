"""Every metric, asked of made-up traffic, says what the plain recomputation says: in zones of all
kinds, across every change of the clocks, by every grain, with and without tests and bots.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from service.domain.user_agents import read_device
from service.metrics.registry import BY_NAME, METRICS
from service.metrics.windows import Grain
from service.store.aggregates import Aggregates
from tests.analytics.clocks import Cell, cells, local_days, midnight, monday
from tests.analytics.expected import EXPECTED, expected, same
from tests.analytics.played import AUTUMN, ZONES, Play
from tests.analytics.truth import Plain

HALF_HOUR_MS = 1_800_000
CHANGES = (
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
)
KATHMANDU = "Asia/Kathmandu"
CASES = (
    *((zone, "day") for zone in (*ZONES, KATHMANDU)),
    *((zone, "hour") for zone in ("Australia/Lord_Howe", KATHMANDU)),
    *((zone, "week") for zone in ("America/New_York", "Europe/Berlin")),
    *((zone, "month") for zone in ("Africa/Nairobi", "Australia/Lord_Howe")),
    *((zone, "total") for zone in ("UTC", KATHMANDU)),
)
"""Days of every zone, and every other grain of two unlike ones."""
SHORT = replace(AUTUMN, days=5, people=25)


def names_of(grain: str, *, everybody: bool = False) -> list[str]:
    """What is offered by that grain; lateness and retention have tests of their own."""
    return [
        metric.name
        for metric in METRICS
        if Grain(grain) in metric.grains
        and metric.name in EXPECTED
        and metric.name not in {"late_share", "retention"}
        and not (everybody and not metric.source.cells)
    ]


async def assert_true(
    play: Play,
    plain: Plain,
    since: date,
    until: date,
    tz: str,
    grain: str = "day",
    **more: Any,
) -> None:
    """All metrics of the grain, by twelve, against the truth."""
    windows = list(cells(midnight(since, tz), midnight(until, tz), tz, grain))
    names = names_of(grain, everybody=bool(more))
    async with play.asking() as ask:
        for first in range(0, len(names), 12):
            some = names[first : first + 12]
            answer = await ask(",".join(some), since, until, tz=tz, grain=grain, **more)
            for row, window in zip(answer["rows"], windows, strict=True):
                values = dict(zip(answer["columns"], row, strict=True))
                for name in some:
                    found = [values[column] for column in BY_NAME[name].columns]
                    wanted = expected(name, plain, window, tz)
                    assert same(found, wanted), (name, row[0], found, wanted)


@pytest.fixture(scope="module")
def plain(play: Play) -> Plain:
    return Plain(play.truth)


def test_the_oracle_knows_every_metric() -> None:
    assert {metric.name for metric in METRICS} - EXPECTED.keys() == set()


@pytest.mark.parametrize(("zone", "grain"), CASES)
async def test_every_metric_is_the_truth(play: Play, plain: Plain, zone: str, grain: str) -> None:
    """Five weeks of each season, with each change of the clocks in them."""
    await assert_true(play, plain, *play.range, zone, grain)


async def test_quarters_of_an_hour(play: Play, plain: Plain) -> None:
    """Of the days when Lord Howe gains or loses half an hour, and Berlin an hour."""
    first, last = play.range
    for zone, day in CHANGES:
        if first <= day < last:
            await assert_true(play, plain, day, day + timedelta(days=1), zone, "15m")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", KATHMANDU])
async def test_retention(play: Play, zone: str) -> None:
    """By whole local weeks, wherever in a week the range is cut; weeks to come are null."""
    plain = Plain(play.truth, now_ms=play.plan.end_ms)
    since, until = play.range
    async with play.asking() as ask:
        rows = (await ask("retention", since, until, tz=zone, grain="week"))["rows"]
    mondays = [monday(since) + timedelta(weeks=n) for n in range(len(rows))]
    assert mondays[-1] < until <= mondays[-1] + timedelta(weeks=1)
    for day, row in zip(mondays, rows, strict=True):
        wanted = expected("retention", plain, local_days(day, zone), zone)
        assert same(row[1:], wanted), (zone, row, wanted)
        assert row[0] == day.isoformat()
    assert {None} < {value for row in rows for value in row[2:]}


@pytest.mark.parametrize(("tests", "bots"), [(True, False), (False, True), (True, True)])
async def test_with_test_accounts_and_bots(play: Play, tests: bool, bots: bool) -> None:
    """Where they are asked for, they are counted like anybody."""
    everybody = Plain(play.truth, tests=tests, bots=bots)
    for grain in ("day", "week"):
        flags: dict[str, Any] = {"include_test": tests, "include_bots": bots}
        await assert_true(play, everybody, *play.range, "Europe/Berlin", grain, **flags)


async def test_compared_with_the_truth_of_before(play: Play, plain: Plain) -> None:
    """As many local days just before, whatever the clocks did meanwhile."""
    _, until = play.range
    since, zone = until - timedelta(days=14), "America/New_York"
    before = list(
        cells(midnight(since - timedelta(days=14), zone), midnight(since, zone), zone, "day")
    )
    async with play.asking() as ask:
        answer = await ask("dau,mau,lifetime,open_sessions", since, until, tz=zone, compare=True)
    for row, window in zip(answer["rows"], before, strict=True):
        values = dict(zip(answer["columns"], row, strict=True))
        for name in ("dau", "mau", "lifetime", "open_sessions"):
            found = [values[f"{column}_previous"] for column in BY_NAME[name].columns]
            assert same(found, expected(name, plain, window, zone)), (name, row[0])


async def test_a_zone_answers_before_it_is_built_as_after(play: Play) -> None:
    """Slower, and to the digit."""
    names = ",".join(name for name in names_of("day") if BY_NAME[name].source.by_day)
    async with play.asking() as ask, play.database() as database:
        asked = {"by": "device_class", "tz": "Pacific/Chatham"}
        before = await ask(names, *play.range, **asked)
        assert not await ask.query.analytics.use_zone("Pacific/Chatham", play.plan.end)
        assert await Aggregates(database, ZONES).refresh(play.plan.end)
        assert await ask.query.analytics.use_zone("Pacific/Chatham", play.plan.end)
        after = await ask(names, *play.range, **asked)
    assert before["rows"] == after["rows"]
    assert len(before["rows"]) > 35


async def test_doubled_shuffled_and_late(analytics_url: str) -> None:
    """Each event twice, in no order, days late, over several refreshes: the same numbers."""
    play = Play(analytics_url, replace(AUTUMN, people=30))
    await play.fill_badly()
    plain = Plain(play.truth)
    for grain in ("day", "week"):
        await assert_true(play, plain, *play.range, "Europe/Berlin", grain)
    await assert_true(play, plain, *play.range, KATHMANDU, "day")
    mobile = Plain(play.truth, lambda place: read_device(place.user_agent).kind == "mobile")
    asked: dict[str, Any] = {
        "filters": {"device_class": "mobile"},
        "tz": "Europe/Berlin",
        "grain": "total",
    }
    async with play.asking() as ask:
        [[_, users]] = (await ask("active_users", *play.range, **asked))["rows"]
    window = (midnight(day, "Europe/Berlin") for day in play.range)
    assert users == len(mobile.active_users(*window))


async def test_lateness_is_the_truth(analytics_url: str) -> None:
    """What came over an hour after it happened; of everybody, tests and bots among them."""
    play = Play(analytics_url, SHORT)
    await play.fill(every_ms=HALF_HOUR_MS)
    until = play.plan.end.date()
    since = until - timedelta(days=3)
    window = Cell(midnight(since, "UTC"), midnight(until, "UTC"))
    async with play.asking() as ask:
        answer = await ask("late_share", since, until, grain="total")
    [[_, *found]] = answer["rows"]
    assert found == expected("late_share", Plain(play.truth), window, "UTC")
    assert 0 < found[1] < found[2]
