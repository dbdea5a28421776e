"""Nobody can be singled out: small cells are merged, and none is found by subtraction."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random

import pytest

from service.metrics.cells import Part, judge
from tests.analytics.conftest import NOW, Facts

LEAST = 5
COUNTRIES = ("KE", "UG", "TZ", "RW")
DAY = ("2026-11-10", "2026-11-11")


async def crowd(facts: Facts, sizes: dict[tuple[int, int], int], day: int = 10) -> None:
    """So many people by country and device; each with a session, active that day."""
    number = 0
    for (geo, device), size in sizes.items():
        for _ in range(size):
            at = datetime(2026, 11, day, 9, tzinfo=UTC)
            who = f"p{number}"
            await facts.active(who, at, geo_key=geo, device_key=device)
            await facts.session(who, at, geo_key=geo, device_key=device)
            number += 1


async def test_small_cells_are_merged(facts: Facts) -> None:
    """3 and 4 users of two countries are 7 of `other`."""
    await crowd(facts, {(1, 1): 9, (2, 1): 3, (3, 1): 4})
    await facts.refresh()
    for metric in ("dau", "mau", "sessions_started", "active_users"):
        reply = await facts.get(metrics=metric, since=DAY[0], until=DAY[1], by="country")
        assert reply.body["rows"] == [["2026-11-10", "KE", 9], ["2026-11-10", "other", 7]]
        assert reply.body["suppressed"] >= 2


async def test_one_small_cell_takes_another_with_it(facts: Facts) -> None:
    """Else the total without the rest would be it."""
    await crowd(facts, {(1, 1): 9, (2, 1): 6, (3, 1): 1})
    await facts.refresh()
    for metric in ("dau", "mau", "sessions_started"):
        rows = await facts.ask(metric, *DAY, by="country")
        assert rows == [["2026-11-10", "KE", 9], ["2026-11-10", "other", 7]]


async def test_the_smallest_cell_is_taken_with_it(facts: Facts) -> None:
    """Not a large one that is spread thin: one of ninety in a quarter of an hour."""
    begin = datetime(2026, 11, 10, tzinfo=UTC)
    for number in range(90):
        at = begin + number * timedelta(minutes=15)
        await facts.session(f"p{number}", at, geo_key=1, device_key=1)
    for geo, size in ((2, 6), (3, 1)):
        for number in range(size):
            await facts.session(f"few {geo} {number}", begin, geo_key=geo, device_key=1)
    await facts.refresh()
    rows = await facts.ask("sessions_started", *DAY, by="country")
    assert rows == [["2026-11-10", "KE", 90], ["2026-11-10", "other", 7]]


async def test_a_window_of_few_says_nothing(facts: Facts) -> None:
    """Four users in all: not even a merged cell may have them."""
    await crowd(facts, {(1, 1): 2, (2, 1): 2})
    await facts.refresh()
    assert await facts.ask("dau", *DAY, by="country") == [["2026-11-10", "other", None]]


async def test_a_filter_is_a_cell_too(facts: Facts) -> None:
    """Neither a small one, nor all but a small one."""
    await crowd(facts, {(1, 1): 9, (2, 1): 3})
    await facts.refresh()
    assert await facts.ask("dau", *DAY, country="UG") == [["2026-11-10", None]]
    assert await facts.ask("dau", *DAY, country="KE") == [["2026-11-10", None]]
    assert await facts.ask("dau", *DAY) == [["2026-11-10", 12]]


async def test_who_uses_two_devices_counts_once_in_other(facts: Facts) -> None:
    """Distinct users of a merged cell are asked for, not added up."""
    for number in range(4):
        for device in (1, 3):
            await facts.active(f"two {number}", "2026-11-10T09:00Z", device_key=device)
    for number in range(6):
        await facts.active(f"one {number}", "2026-11-10T09:00Z", device_key=0)
    await facts.refresh()
    rows = await facts.ask("dau", *DAY, by="device_class")
    assert rows == [["2026-11-10", "other", 10]]


@pytest.mark.parametrize("metric", ["sessions_started", "active_users"])
@pytest.mark.parametrize("seed", range(6))
async def test_an_attacker_finds_no_small_cell(facts: Facts, seed: int, metric: str) -> None:
    """All that can be asked about a day by country, and every difference of two answers where one
    lies within the other, against who was really there.
    """
    chance = Random(seed)  # noqa: S311 - a crowd, not secrets
    sizes = {geo: chance.choice([0, 1, 2, 4, 5, 6, 9]) for geo in range(1, 5)}
    await crowd(facts, {(geo, 1): size for geo, size in sizes.items()})
    await facts.refresh()
    people = {COUNTRIES[geo - 1]: size for geo, size in sizes.items() if size}
    known = {frozenset(people): sum(people.values())}
    rows = await facts.ask(metric, *DAY, by="country")
    named = {name: value for _, name, value in rows if name != "other" and value is not None}
    known |= {frozenset([name]): value for name, value in named.items()}
    known |= {
        frozenset(people) - frozenset(named): value
        for _, name, value in rows
        if name == "other" and value is not None
    }
    for country in people:
        [[_, value]] = await facts.ask(metric, *DAY, country=country)
        if value is not None:
            known[frozenset([country])] = value

    assert all(value == sum(people[name] for name in names) for names, value in known.items())
    for size in range(1, len(known)):
        for taken in combinations(known, size):
            union = frozenset[str]().union(*taken)
            if len(union) < sum(map(len, taken)):
                continue
            for whole, value in known.items():
                if union < whole:
                    rest = value - sum(known[each] for each in taken)
                    assert not 0 < rest < LEAST, (whole, taken)
    assert not [
        value for names, value in known.items() if 0 < value < LEAST and names < set(people)
    ]


def test_judging_ends_and_leaves_nothing_small() -> None:
    """For random parts: asked again and again, cells only get fewer, and none is small at last."""
    chance = Random(1)  # noqa: S311
    for _ in range(300):
        sizes = {f"c{i}": chance.choice([1, 2, 4, 5, 6, 20]) for i in range(chance.randrange(1, 8))}
        shown = set(sizes)
        for _ in range(12):
            rest = sum(size for name, size in sizes.items() if name not in shown)
            parts = [Part(1, name, sizes[name], sizes[name]) for name in shown]
            verdict = judge([*parts, *([Part(1, "other", rest, rest)] if rest else [])], LEAST)
            if verdict.settled:
                break
            shown = set(verdict.shown[1])
        assert verdict.settled
        assert all(sizes[name] >= LEAST for name in shown)
        assert rest == 0 or rest >= LEAST or (not shown and verdict.hidden == {1})


async def test_windows_are_judged_on_their_own(facts: Facts) -> None:
    """A country with few users one day keeps its name on another."""
    await crowd(facts, {(1, 1): 9, (2, 1): 6})
    for number in range(9):
        at = datetime(2026, 11, 11, 9, tzinfo=UTC) + timedelta(minutes=number)
        await facts.active(f"p{number}", at, geo_key=1)
    await facts.active("p11", "2026-11-11T09:00Z", geo_key=2)
    await facts.refresh()
    assert await facts.ask("dau", "2026-11-10", "2026-11-12", by="country") == [
        ["2026-11-10", "KE", 9],
        ["2026-11-10", "UG", 6],
        ["2026-11-11", "other", 10],
    ]


async def test_one_person_who_is_still_busy_is_no_crowd(facts: Facts) -> None:
    """Five sessions of one user, all of which may have changed since the numbers were counted."""
    await crowd(facts, {(1, 1): 9, (2, 1): 6})
    for hour in range(5):
        session = f"busy-{hour}"
        at = f"2026-11-10T1{hour}:00Z"
        await facts.session("busy", at, session_id=session, geo_key=3, device_key=1)
        await facts.event("token.refreshed", NOW, "busy", session_id=session)
    await facts.refresh()
    assert await facts.ask("sessions_started", *DAY, by="country") == [
        ["2026-11-10", "KE", 9],
        ["2026-11-10", "other", 11],
    ]
    assert await facts.ask("sessions_started", *DAY, country="TZ") == [["2026-11-10", None]]


async def test_what_is_not_counted_yet_is_not_shown_by_name(facts: Facts) -> None:
    """Percentiles are worked out from sessions, of which some are newer than the counts."""
    for number in range(6):
        at, end = "2026-11-10T09:00Z", "2026-11-10T10:00Z"
        await facts.session(f"p{number}", at, end, geo_key=1, device_key=1)
    await facts.refresh()
    await facts.session("new", "2026-11-10T09:00Z", "2026-11-10T09:30Z", geo_key=2, device_key=1)
    assert await facts.ask("lifetime", *DAY, by="country") == [["2026-11-10", "KE", 3600, 3600]]
