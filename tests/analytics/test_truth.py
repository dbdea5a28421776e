"""The plain recomputation, on cases that fit on a napkin."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from service.simulation.agents import MONITOR
from service.simulation.truth import Failure, Flow, Person, Session, Truth
from tests.analytics.clocks import Cell, cells, local_days
from tests.analytics.truth import Plain, Rate, quantile

HOUR = 3_600_000
DAY = 24 * HOUR


def at(text: str) -> int:
    """Epoch milliseconds of an instant in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


MONDAY = at("2026-03-02")
ANN, BEN, TEST = (
    Person("ann", "KE", "Africa/Nairobi", enrolled_ms=MONDAY + DAY),
    Person("ben", "DE", "Europe/Berlin"),
    Person("test", "DE", "Europe/Berlin", is_test=True),
)


def session(
    person: Person,
    *activity: int,
    ended: int | None = None,
    reason: str | None = None,
    agent: str = "Firefox",
    **more: Any,
) -> Session:
    """A session that begins with its first activity, in milliseconds since Monday."""
    times = [MONDAY + each for each in activity]
    ended_ms = None if ended is None else MONDAY + ended
    method = more.pop("method", "pwd")
    return Session(
        f"{person.id}{activity[0]}",
        person,
        agent,
        "KE",
        method,
        times[0],
        times,
        ended_ms=ended_ms,
        end_reason=reason,
        **more,
    )


def plain(*sessions: Session, flows: Sequence[Flow] = ()) -> Plain:
    return Plain(Truth([ANN, BEN, TEST], list(sessions), list(flows)))


LENGTHS = [
    ("Europe/Berlin", date(2026, 3, 29), 23.0),
    ("Europe/Berlin", date(2026, 10, 25), 25.0),
    ("America/New_York", date(2026, 11, 1), 25.0),
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
    ("Asia/Kolkata", date(2026, 3, 29), 24.0),
]


@pytest.mark.parametrize(("zone", "day", "hours"), LENGTHS)
def test_a_local_day_is_as_long_as_it_was(zone: str, day: date, hours: float) -> None:
    since, until = local_days(day, zone)

    assert hours * HOUR == until - since


def test_hours_where_clocks_go_back() -> None:
    """The hour that comes twice is two cells; half an hour that comes twice joins the one before."""
    berlin = local_days(date(2026, 10, 25), "Europe/Berlin")
    lord_howe = local_days(date(2026, 4, 5), "Australia/Lord_Howe")

    assert Counter(b - a for a, b in cells(*berlin, "Europe/Berlin", "hour")) == {HOUR: 25}
    assert Counter({HOUR: 23, 3 * HOUR // 2: 1}) == Counter(
        b - a for a, b in cells(*lord_howe, "Australia/Lord_Howe", "hour")
    )


def test_cells_are_cut_where_the_window_is() -> None:
    window = (MONDAY + 5 * HOUR, MONDAY + 8 * DAY)

    weeks = list(cells(*window, "UTC", "week"))

    assert [Cell(window[0], MONDAY + 7 * DAY), Cell(MONDAY + 7 * DAY, window[1])] == weeks
    assert len(list(cells(*window, "UTC", "day"))) == 8


def test_people() -> None:
    """Ann comes on Monday and Tuesday, Ben on Tuesday; a test account and a monitor are nobody."""
    truth = plain(
        session(ANN, 0, DAY),
        session(BEN, DAY + 60_000),
        session(TEST, 0),
        session(Person("bot", "KE", "Africa/Nairobi"), 0, agent=MONITOR.text),
    )
    monday, tuesday = date(2026, 3, 2), date(2026, 3, 3)

    assert [truth.dau(day, "UTC") for day in (monday, tuesday)] == [1, 2]
    assert [truth.wau(date(2026, 3, 8), "UTC"), truth.mau(date(2026, 3, 29), "UTC")] == [2, 2]
    assert [truth.wau(date(2026, 3, day), "UTC") for day in (9, 2)] == [2, 1]
    assert Rate(1, 1) == truth.stickiness(monday, "UTC")
    assert [truth.new_users(MONDAY + DAY, MONDAY + 2 * DAY), truth.new_users(0, MONDAY)] == [1, 0]
    assert truth.returning_users(MONDAY + DAY, MONDAY + 2 * DAY) == 1
    assert truth.active_concurrent(MONDAY, MONDAY + 2 * DAY) == 2
    assert Rate(0, 1) == truth.mfa_adoption(monday, "UTC")
    assert Rate(1, 2) == truth.mfa_adoption(tuesday, "UTC")


def test_a_day_is_another_one_elsewhere() -> None:
    """Midnight in UTC is Sunday evening in New York."""
    truth = plain(session(ANN, 0))

    assert truth.dau(date(2026, 3, 1), "America/New_York") == 1
    assert truth.dau(date(2026, 3, 2), "America/New_York") == 0


def test_retention() -> None:
    """Of two who came first in week 0, one came in week 1; week 2 is not over."""
    sessions = [session(ANN, 0, 8 * DAY), session(BEN, DAY)]
    truth = Plain(Truth([ANN, BEN], sessions), now_ms=MONDAY + 15 * DAY)

    assert truth.retention("UTC", date(2026, 3, 2), 2) == (2, [1, None])
    assert truth.retention("UTC", date(2026, 3, 9), 1) == (0, [None])


def test_open_sessions() -> None:
    """An end and a start in one instant are never open together."""
    truth = plain(
        session(ANN, 0, ended=2 * HOUR, reason="logout"),
        session(BEN, 2 * HOUR, ended=3 * HOUR, reason="idle_timeout"),
        session(ANN, 5 * HOUR),
    )

    assert truth.open_sessions_peak(MONDAY, MONDAY + 4 * HOUR) == 1
    assert truth.open_sessions_peak(MONDAY + 3 * HOUR, MONDAY + 4 * HOUR) == 0
    assert Rate(4 * 3600, 6 * 3600) == truth.open_sessions_average(MONDAY, MONDAY + 6 * HOUR)
    assert Counter(logout=1) == truth.sessions_ended(MONDAY, MONDAY + 3 * HOUR)
    assert truth.sessions_started(MONDAY, MONDAY + 5 * HOUR) == 2


def test_lengths_and_refreshes() -> None:
    truth = plain(
        session(
            ANN,
            0,
            HOUR,
            ended=2 * HOUR,
            reason="logout",
            foreground_ms=[MONDAY + HOUR],
            background_ms=[MONDAY + 1, MONDAY + 2],
            replays=[(MONDAY + 3, "concurrent")],
        ),
        session(
            BEN, 0, ended=HOUR, reason="token_reuse", reused_ms=MONDAY + HOUR, method="pwd mfa"
        ),
    )
    window = (MONDAY, MONDAY + 3 * HOUR)

    assert sorted(truth.active_span(*window)) == [0, 3600]
    assert sorted(truth.lifetime(*window)) == [3600, 7200]
    assert Rate(1, 2) == truth.refreshes_per_session(*window, background=False)
    assert Rate(2, 3) == truth.refreshes_per_hour(*window, background=True)
    assert Rate(1, 2) == truth.mfa_use(*window)
    assert truth.reuse_detections(*window) == (1, 1, 1)
    assert Counter(concurrent=1) == truth.replays(*window)


def test_sign_ins() -> None:
    """A flow belongs to where it began, a failure and a session to where they were."""
    flows = [
        Flow(ANN, "Firefox", "KE", MONDAY, [Failure(MONDAY, "wrong_password")], MONDAY + 1,
             MONDAY + 2, MONDAY + HOUR),
        Flow(None, "Firefox", "KE", MONDAY + 5, [Failure(MONDAY + 5, "unknown_user")]),
        Flow(TEST, "Firefox", "KE", MONDAY, [Failure(MONDAY, "wrong_password")]),
    ]  # fmt: skip
    truth = plain(flows=flows)

    assert Rate(0, 2) == truth.login_attempt_success(MONDAY, MONDAY + HOUR)
    assert Rate(1, 3) == truth.login_attempt_success(MONDAY, MONDAY + HOUR + 1)
    assert Rate(1, 2) == truth.login_flow_success(MONDAY, MONDAY + HOUR)
    assert truth.login_funnel(MONDAY, MONDAY + HOUR) == (2, 1, 1, 1)
    assert truth.failure_reasons(MONDAY, MONDAY + HOUR) == {
        "wrong_password": (1, 1),
        "unknown_user": (1, 0),
    }


def test_nothing_is_not_a_rate() -> None:
    assert plain().stickiness(date(2026, 3, 2), "UTC").value is None
    assert Plain(Truth(told_ms=[1, 2], late_ms=[2])).late_share(0, 3).value == 0.5


QUANTILES = [([], 0.5, None), ([7], 0.95, 7), ([1, 2, 3, 10], 0.5, 2.5), ([0, 10], 0.95, 9.5)]


@pytest.mark.parametrize(("values", "share", "expected"), QUANTILES)
def test_quantiles(values: list[Any], share: float, expected: float | None) -> None:
    assert expected == quantile(values, share)
