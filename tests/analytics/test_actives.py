"""Daily, weekly and monthly actives: tiny cases with known answers, in several zones, over HTTP."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.analytics.conftest import NOW, Facts

HOUR = timedelta(hours=1)


async def test_a_day_is_the_zones_own(facts: Facts) -> None:
    """22:30 in London is the next day in Nairobi, and still the same one in New York."""
    await facts.active("ada", "2026-11-10T22:30+00:00")
    await facts.refresh("UTC", "Africa/Nairobi", "America/New_York", "Asia/Kathmandu")

    async def dau(tz: str) -> list[Any]:
        return await facts.ask("dau", "2026-11-10", "2026-11-12", tz=tz)

    assert await dau("UTC") == [["2026-11-10", 1], ["2026-11-11", 0]]
    assert await dau("Africa/Nairobi") == [["2026-11-10", 0], ["2026-11-11", 1]]
    assert await dau("America/New_York") == [["2026-11-10", 1], ["2026-11-11", 0]]
    assert await dau("Asia/Kathmandu") == [["2026-11-10", 0], ["2026-11-11", 1]]


async def test_a_day_of_25_hours_and_one_of_23(facts: Facts) -> None:
    """Berlin, 25 October 2026 and 29 March 2026: both ends belong to their day, and no more."""
    zone = ZoneInfo("Europe/Berlin")
    for day, hours in (
        (datetime(2026, 10, 25, tzinfo=zone), 25),
        (datetime(2026, 3, 29, tzinfo=zone), 23),
    ):
        begin = day.astimezone(UTC)
        await facts.active(f"before {hours}", begin - timedelta(milliseconds=1))
        await facts.active(f"first {hours}", begin)
        await facts.active(f"last {hours}", begin + hours * HOUR - timedelta(milliseconds=1))
        await facts.active(f"after {hours}", begin + hours * HOUR)
    await facts.refresh("Europe/Berlin")

    autumn = await facts.ask("dau", "2026-10-24", "2026-10-27", tz="Europe/Berlin")
    assert autumn == [["2026-10-24", 1], ["2026-10-25", 2], ["2026-10-26", 1]]
    spring = await facts.ask("dau", "2026-03-28", "2026-03-31", tz="Europe/Berlin")
    assert spring == [["2026-03-28", 1], ["2026-03-29", 2], ["2026-03-30", 1]]
    in_autumn = await facts.ask(
        "sessions_started", "2026-10-25", "2026-10-26", tz="Europe/Berlin", grain="hour"
    )
    assert len(in_autumn) == 25
    in_spring = await facts.ask(
        "sessions_started", "2026-03-29", "2026-03-30", tz="Europe/Berlin", grain="hour"
    )
    assert len(in_spring) == 23


async def test_a_week_is_7_days_and_a_month_28(facts: Facts) -> None:
    """Somebody active on the 1st counts until the 7th, and the 28th; nobody counts twice."""
    await facts.active("ada", "2026-10-01T09:00Z", "2026-10-03T09:00Z")
    await facts.refresh()
    rows = await facts.ask("dau,wau,mau,stickiness", "2026-10-01", "2026-11-01")

    found = {row[0]: row[1:4] for row in rows}
    assert found["2026-10-01"] == [1, 1, 1]
    assert found["2026-10-02"] == [0, 1, 1]
    assert found["2026-10-09"] == [0, 1, 1]
    assert found["2026-10-10"] == [0, 0, 1]
    assert found["2026-10-30"] == [0, 0, 1]
    assert found["2026-10-31"] == [0, 0, 0]
    assert rows[0][4:] == [1.0, 1, 1]
    assert rows[-1][4:] == [None, 0, 0]


@pytest.mark.parametrize(
    ("name", "more", "counts"),
    [
        ("login.succeeded", {}, True),
        ("session.used", {}, True),
        ("token.refreshed", {"is_foreground": True}, True),
        ("token.refreshed", {"is_foreground": None}, True),
        ("token.refreshed", {"is_foreground": False}, False),
        ("token.replayed", {}, False),
        ("login.failed", {}, False),
        ("session.used", {"is_test": True}, False),
        ("session.used", {"device_key": 2}, False),
    ],
    ids=str,
)
async def test_who_is_active(facts: Facts, name: str, more: dict[str, Any], counts: bool) -> None:
    """A sign-in, a refresh that no background tab made, a request; no test accounts, no bots."""
    await facts.event(name, "2026-11-10T09:00Z", "ada", **more)
    await facts.refresh()

    assert await facts.ask("dau,mau", "2026-11-10", "2026-11-11") == [
        ["2026-11-10", int(counts), int(counts)]
    ]
    with_all = {"include_test": "true", "include_bots": "true"}
    [row] = await facts.ask("dau,mau", "2026-11-10", "2026-11-11", **with_all)
    assert row[1:] == [int(counts or "is_test" in more or "device_key" in more)] * 2


async def plain(seen: set[tuple[datetime, str]], zone: ZoneInfo, day: date, days: int) -> int:
    local = {(at.astimezone(zone).date(), who) for at, who in seen}
    return len({who for d, who in local if day - timedelta(days=days) < d <= day})


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kathmandu", "America/Santiago", "Pacific/Apia"])
async def test_as_a_plain_recount_has_it(facts: Facts, tz: str) -> None:
    """Random activity, facts in any order and late; for zones in use and for one just asked for."""
    chance = Random(tz)  # noqa: S311 - activity, not secrets
    begin = datetime(2026, 8, 20, tzinfo=UTC)
    seen = {
        (begin + timedelta(minutes=chance.randrange(80 * 1440)), f"p{chance.randrange(40)}")
        for _ in range(300)
    }
    order = sorted(seen, key=lambda _: chance.random())
    for at, who in order[:200]:
        await facts.active(who, at)
    await facts.refresh(tz, now=NOW - timedelta(days=9))
    late = NOW - timedelta(days=8)
    for at, who in order[200:]:
        await facts.event("session.used", at, who, received_at=late)
    zone = ZoneInfo(tz)
    expected = [
        [str(day), *[await plain(seen, zone, day, n) for n in (1, 7, 28)]]
        for day in (datetime(2026, 8, 25).date() + timedelta(days=i) for i in range(60))  # noqa: DTZ001
    ]

    assert await facts.ask("dau,wau,mau", "2026-08-25", "2026-10-24", tz=tz) != expected
    await facts.refresh(tz, now=NOW - timedelta(days=7))
    assert await facts.ask("dau,wau,mau", "2026-08-25", "2026-10-24", tz=tz) == expected
    slow = await facts.ask("dau,wau,mau", "2026-08-25", "2026-10-24", tz=tz, include_test="true")
    assert slow == expected
    await facts.sql("delete from analytics.agg_zone")
    assert await facts.ask("dau,wau,mau", "2026-08-25", "2026-10-24", tz=tz) == expected
    assert await facts.sql("select built_at from analytics.agg_zone where tz = :tz", tz=tz) == [
        (None,)
    ]


async def test_new_and_returning(facts: Facts) -> None:
    """By the first activity ever, against the window's beginning."""
    await facts.active("old", "2026-10-01T09:00Z", "2026-11-10T09:00Z")
    await facts.active("new", "2026-11-10T09:00Z", "2026-11-11T09:00Z")
    await facts.refresh()

    rows = await facts.ask("active_users,new_users,returning_users", "2026-11-10", "2026-11-12")
    assert rows == [["2026-11-10", 2, 1, 1], ["2026-11-11", 1, 0, 1]]
    week = await facts.ask(
        "active_users,new_users,returning_users", "2026-11-09", "2026-11-16", grain="week"
    )
    assert week == [["2026-11-09", 2, 1, 1]]


async def test_adoption_of_a_second_factor(facts: Facts) -> None:
    """Enrolled by the end of the day, of those active in 28 days."""
    await facts.active("ada", "2026-11-01T09:00Z")
    await facts.active("bob", "2026-11-02T09:00Z")
    await facts.enrol("ada", "2026-11-03T23:59Z")
    await facts.refresh()

    rows = await facts.ask("mfa_adoption", "2026-11-01", "2026-11-05")
    assert [row[1:] for row in rows] == [[0, 0, 1], [0, 0, 2], [0.5, 1, 2], [0.5, 1, 2]]


async def test_who_was_there_earlier_is_not_new(facts: Facts) -> None:
    """An event that comes late makes somebody new on an earlier day, and on the later one no more."""
    await facts.active("ada", "2026-11-10T09:00Z")
    await facts.refresh(now=NOW)
    question = ("new_users,returning_users", "2026-11-01", "2026-11-11")
    assert (await facts.ask(*question))[-1] == ["2026-11-10", 1, 0]

    await facts.active("ada", "2026-11-01T09:00Z", received_at=NOW)
    await facts.refresh(now=NOW + timedelta(minutes=2))
    rows = await facts.ask(*question)
    assert (rows[0], rows[-1]) == (["2026-11-01", 1, 0], ["2026-11-10", 0, 1])
