"""Metrics of people: who is active, who is new, who has a second factor."""

from service.metrics.cohorts import AFTER, cohort_values
from service.metrics.metric import Kind, Metric
from service.metrics.sources import PEOPLE, USER_DAYS
from service.metrics.windows import DAYS, Grain

DAILY = frozenset({Grain.DAY})
DISTINCT = {"": "count(distinct t.user_key)"}
QUOTIENT = {"": "quotient", "numerator": "of", "denominator": "two"}
PERSON = "join analytics.dim_user as person on person.user_key = t.user_key"
BEGIN = "(cast(:edges_at as timestamptz[]))[width_bucket(t.day, cast(:edges as date[]))]"


def _active(name: str, days: int, definition: str, *, enrolled: bool = False) -> Metric:
    return Metric(
        name=name,
        unit="users",
        kind=Kind.DISTINCT,
        definition=definition,
        source=USER_DAYS,
        grains=DAILY,
        cells=PEOPLE,
        values=DISTINCT,
        rolling=days,
        enrolled=enrolled,
        daily=name,
    )


def _quotient(name: str, of: tuple[str, str], definition: str) -> Metric:
    return Metric(
        name=name,
        unit="share",
        kind=Kind.RATIO,
        definition=definition,
        source=USER_DAYS,
        grains=DAILY,
        cells=PEOPLE,
        values=QUOTIENT,
        of=of,
    )


def _in_window(
    name: str, definition: str, *, where: str = "true", joins: str = "", daily: str = ""
) -> Metric:
    return Metric(
        name=name,
        unit="users",
        kind=Kind.DISTINCT,
        definition=definition,
        source=USER_DAYS,
        where=where,
        joins=joins,
        daily=daily,
        grains=DAYS,
        cells=PEOPLE,
        values=DISTINCT,
    )


PEOPLE_METRICS = (
    _active("dau", 1, "Distinct users active on the local day."),
    _active("wau", 7, "Distinct users active in the 7 local days that end with the day."),
    _active("mau", 28, "Distinct users active in the 28 local days that end with the day."),
    _quotient("stickiness", ("dau", "mau"), "dau divided by mau."),
    _active(
        "mfa_enrolled",
        28,
        "Users of mau who had turned a second factor on by the end of the day.",
        enrolled=True,
    ),
    _quotient(
        "mfa_adoption",
        ("mfa_enrolled", "mau"),
        "Users of mau who had turned a second factor on by the end of the day, divided by mau.",
    ),
    _in_window(
        "active_users",
        "Distinct users active in the window: a sign-in, a refresh that no background tab made, or "
        "a request of a session.",
        daily="dau",
    ),
    _in_window(
        "new_users",
        "Users active in the window whose first activity ever lies inside it.",
        where=f"person.first_seen_at >= {BEGIN}",
        joins=PERSON,
        daily="new_users",
    ),
    _in_window(
        "returning_users",
        "Users active in the window whose first activity ever lies before it.",
        where=f"person.first_seen_at < {BEGIN}",
        joins=PERSON,
        daily="dau - new_users",
    ),
    Metric(
        name="retention",
        unit="share",
        kind=Kind.RATIO,
        definition="Of the users whose first activity ever lies in a local week, Monday to Sunday: "
        "how many there are, and the share of them active in each of the 12 weeks after; null of a "
        "week that is not over.",
        source=USER_DAYS,
        grains=frozenset({Grain.WEEK}),
        values=cohort_values(),
        weeks_after=AFTER,
    ),
)
