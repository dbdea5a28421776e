"""What each metric must answer, by the plain recomputation: its columns, for a stretch of time."""

from collections.abc import Callable, Sequence
from datetime import date
from math import isclose
from typing import Any

from tests.analytics.clocks import Cell, local_date, monday
from tests.analytics.truth import Plain, Rate, quantile

Columns = Sequence[Any]
Expect = Callable[[Plain, Cell, date, str], Columns]


def rate(found: Rate) -> Columns:
    return found.value, *found


def lengths(found: Sequence[float]) -> Columns:
    return quantile(found, 0.5), quantile(found, 0.95)


def pair(kind: str) -> Expect:
    """A rate of foreground refreshes, and the same of background ones."""

    def expect(plain: Plain, cell: Cell, _day: date, _zone: str) -> Columns:
        fore, back = (getattr(plain, kind)(*cell, background=each) for each in (False, True))
        return *rate(fore), back.value, back.numerator

    return expect


def retention(plain: Plain, _cell: Cell, day: date, zone: str) -> Columns:
    """A cohort, and of each week after it the share that came and how many they were."""
    size, came = plain.retention(zone, monday(day), AFTER)
    shares = [None if each is None or not size else each / size for each in came]
    return size, *(value for pair in zip(shares, came, strict=True) for value in pair)


def of_window(name: str, shape: Callable[[Any], Columns] = lambda found: [found]) -> Expect:
    return lambda plain, cell, _day, _zone: shape(getattr(plain, name)(*cell))


def of_day(name: str, shape: Callable[[Any], Columns] = lambda found: [found]) -> Expect:
    return lambda plain, _cell, day, zone: shape(getattr(plain, name)(day, zone))


AFTER = 12

EXPECTED: dict[str, Expect] = {
    **{name: of_day(name) for name in ("dau", "wau", "mau")},
    "stickiness": of_day("stickiness", rate),
    "mfa_enrolled": of_day("mfa_adoption", lambda found: [found.numerator]),
    "mfa_adoption": of_day("mfa_adoption", rate),
    "active_users": of_window("active_users", lambda found: [len(found)]),
    "new_users": of_window("new_users"),
    "returning_users": of_window("returning_users"),
    "sessions_started": of_window("sessions_started"),
    "sessions_ended": of_window("sessions_ended", lambda found: [found.total()]),
    "open_sessions": lambda plain, cell, _day, _zone: (
        plain.open_sessions_peak(*cell),
        plain.open_sessions_average(*cell).value,
    ),
    "active_concurrent": of_window("active_concurrent"),
    "active_span": of_window("active_span", lengths),
    "lifetime": of_window("lifetime", lengths),
    "refreshes_per_session": pair("refreshes_per_session"),
    "refreshes_per_hour": pair("refreshes_per_hour"),
    "login_attempt_success": of_window("login_attempt_success", rate),
    "login_flow_success": of_window("login_flow_success", rate),
    "login_funnel": of_window("login_funnel", tuple),
    "failure_reasons": of_window("failures", tuple),
    "mfa_use": of_window("mfa_use", rate),
    "reuse_detections": of_window("reuse_detections", tuple),
    "replays": of_window("replays", lambda found: (found["concurrent"], found["lost_response"])),
    "retention": retention,
    "late_share": of_window("late_share", rate),
}


def expected(name: str, plain: Plain, window: Cell, zone: str) -> list[Any]:
    """The columns of a metric for a window of that zone."""
    day = local_date(window.since, zone)
    return list(EXPECTED[name](plain, window, day, zone))


def same(found: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Whole numbers to the digit; what was divided or added up of seconds, to the ninth."""
    return [each is None for each in found] == [each is None for each in wanted] and all(
        a == b if isinstance(b, int) else isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
        for a, b in zip(found, wanted, strict=True)
        if b is not None
    )
