"""Every metric, once. The API, "show SQL", `analytics.meta_metric` and docs/metrics.md read it."""

from service.metrics.cohorts import AFTER, cohort_values
from service.metrics.metric import Kind, Metric, Source, ratio
from service.metrics.windows import DAYS, Grain

PLACE = {
    "client": "client.client",
    "device_class": "device.class",
    "browser": "device.browser",
    "os": "device.os",
    "country": "geo.country",
}
METHOD = {"method": "t.auth_method"}
"""Of sessions only: a sign-in that failed has no method yet, and one person uses several a day."""

EVENTS = Source(
    table="analytics.fct_auth_events",
    at="t.occurred_at",
    user="coalesce(t.user_key, t.subject_key)",
    cells={**PLACE, **METHOD, "reason": "t.reason_code"},
)
ARRIVALS = Source(
    table="analytics.fct_auth_events", at="t.occurred_at", user="null", cells={}, everybody=True
)
STARTED = Source(
    table="analytics.fct_sessions",
    at="t.started_at",
    user="t.user_key",
    cells={**PLACE, **METHOD},
)
ENDED = Source(
    table="analytics.fct_sessions",
    at="t.ended_at",
    user="t.user_key",
    cells={**PLACE, **METHOD, "end_reason": "t.end_reason"},
)
FLOWS = Source(table="analytics.agg_flow", at="t.started_at", user="t.subject_key", cells=PLACE)
USER_DAYS = Source(
    table="analytics.agg_user_day", at="t.day", user="t.user_key", cells=PLACE, by_day=True
)
CONCURRENCY = Source(table="analytics.agg_concurrency_15m", at="t.bucket", user="null", cells={})
PEOPLE = frozenset(PLACE)
SESSIONS = frozenset({*PLACE, *METHOD})
FAILED = "t.event_name in ('login.failed', 'mfa.failed')"
DAILY = frozenset({Grain.DAY})
FIRST = (
    "(select first_seen_at from analytics.dim_user as person where person.user_key = t.user_key)"
)
BEGIN = "(cast(:edges_at as timestamptz[]))[width_bucket(t.day, cast(:edges as date[]))]"
QUOTIENT = {"": "quotient", "numerator": "of", "denominator": "two"}


def _session_times(name: str, length: str, definition: str) -> Metric:
    seconds = f"extract(epoch from {length})"
    return Metric(
        name=name,
        unit="seconds",
        kind=Kind.QUANTILE,
        definition=definition,
        source=ENDED,
        where="t.started_at is not null",
        cells=SESSIONS | {"end_reason"},
        values={
            f"p{percent}": f"cast(percentile_cont({percent / 100}) within group "
            f"(order by {seconds}) as float8)"
            for percent in (50, 95)
        },
    )


def _active(name: str, days: int, definition: str) -> Metric:
    return Metric(
        name=name,
        unit="users",
        kind=Kind.DISTINCT,
        definition=definition,
        source=USER_DAYS,
        grains=DAILY,
        cells=PEOPLE,
        values={"": "count(distinct t.user_key)"},
        rolling=days,
        materialised=name,
    )


METRICS = (
    _active("dau", 1, "Distinct users active on the local day."),
    _active("wau", 7, "Distinct users active in the 7 local days that end with the day."),
    _active("mau", 28, "Distinct users active in the 28 local days that end with the day."),
    Metric(
        name="stickiness",
        unit="share",
        kind=Kind.RATIO,
        definition="dau divided by mau.",
        source=USER_DAYS,
        grains=DAILY,
        cells=PEOPLE,
        values=QUOTIENT,
        of=("dau", "mau"),
    ),
    Metric(
        name="mfa_enrolled",
        unit="users",
        kind=Kind.DISTINCT,
        definition="Users of mau who had turned a second factor on by the end of the day.",
        source=USER_DAYS,
        grains=DAILY,
        cells=PEOPLE,
        values={"": "count(distinct t.user_key)"},
        rolling=28,
        enrolled=True,
    ),
    Metric(
        name="mfa_adoption",
        unit="share",
        kind=Kind.RATIO,
        definition="Users of mau who had turned a second factor on by the end of the day, divided "
        "by mau.",
        source=USER_DAYS,
        grains=DAILY,
        cells=PEOPLE,
        values=QUOTIENT,
        of=("mfa_enrolled", "mau"),
    ),
    Metric(
        name="active_users",
        unit="users",
        kind=Kind.DISTINCT,
        definition="Distinct users active in the window: a sign-in, a refresh that no background "
        "tab made, or a request of a session.",
        source=USER_DAYS,
        grains=DAYS,
        cells=PEOPLE,
        values={"": "count(distinct t.user_key)"},
    ),
    Metric(
        name="new_users",
        unit="users",
        kind=Kind.DISTINCT,
        definition="Users active in the window whose first activity ever lies inside it.",
        source=USER_DAYS,
        where=f"{FIRST} >= {BEGIN}",
        grains=DAYS,
        cells=PEOPLE,
        values={"": "count(distinct t.user_key)"},
    ),
    Metric(
        name="returning_users",
        unit="users",
        kind=Kind.DISTINCT,
        definition="Users active in the window whose first activity ever lies before it.",
        source=USER_DAYS,
        where=f"{FIRST} < {BEGIN}",
        grains=DAYS,
        cells=PEOPLE,
        values={"": "count(distinct t.user_key)"},
    ),
    Metric(
        name="sessions_started",
        unit="sessions",
        kind=Kind.COUNT,
        definition="Sessions that began in the window.",
        source=STARTED,
        cells=SESSIONS,
        values={"": "count(*)"},
    ),
    Metric(
        name="sessions_ended",
        unit="sessions",
        kind=Kind.COUNT,
        definition="Sessions that ended in the window; break them down by end_reason.",
        source=ENDED,
        cells=SESSIONS | {"end_reason"},
        values={"": "count(*)"},
    ),
    Metric(
        name="open_sessions",
        unit="sessions",
        kind=Kind.GAUGE,
        definition="Sessions open at once: the most, by a sweep over starts and ends, ends first at "
        "a tie; and on average: seconds of overlap divided by those of the window.",
        source=CONCURRENCY,
        values={
            "peak": "max(t.open_peak)",
            "average": "cast(sum(t.open_seconds) as float8) / nullif(extract(epoch from "
            "least(max(w_end), max(t.bucket) + interval '15 minutes') - max(w_start)), 0)",
        },
    ),
    Metric(
        name="active_concurrent",
        unit="users",
        kind=Kind.GAUGE,
        definition="Distinct users active in a quarter of an hour; of the window's the most.",
        source=CONCURRENCY,
        values={"": "max(t.active_users)"},
    ),
    _session_times(
        "active_span",
        "t.last_active_at - t.started_at",
        "From sign-in to last activity, of sessions that ended in the window, interpolated.",
    ),
    _session_times(
        "lifetime",
        "t.ended_at - t.started_at",
        "From sign-in to end, of sessions that ended in the window, interpolated.",
    ),
    Metric(
        name="refreshes_per_session",
        unit="refreshes per session",
        kind=Kind.RATIO,
        definition="Refreshes in the foreground of sessions that ended in the window, divided by "
        "these sessions; those of background tabs apart.",
        source=ENDED,
        cells=SESSIONS | {"end_reason"},
        values={
            **ratio("sum(t.refresh_count - t.refresh_background_count)", "count(*)"),
            "background": "cast(sum(t.refresh_background_count) as float8) / nullif(count(*), 0)",
            "background_numerator": "sum(t.refresh_background_count)",
        },
    ),
    Metric(
        name="refreshes_per_hour",
        unit="refreshes per hour",
        kind=Kind.RATIO,
        definition="Refreshes in the foreground of sessions that ended in the window, divided by "
        "the hours that these sessions lived; those of background tabs apart.",
        source=ENDED,
        where="t.started_at is not null",
        cells=SESSIONS | {"end_reason"},
        values={
            **ratio(
                "sum(t.refresh_count - t.refresh_background_count)",
                "cast(sum(extract(epoch from t.ended_at - t.started_at)) / 3600 as float8)",
            ),
            "background": "cast(sum(t.refresh_background_count) as float8) / nullif(cast(sum("
            "extract(epoch from t.ended_at - t.started_at)) / 3600 as float8), 0)",
            "background_numerator": "sum(t.refresh_background_count)",
        },
    ),
    Metric(
        name="login_attempt_success",
        unit="share",
        kind=Kind.RATIO,
        definition="Sign-ins that succeeded, divided by them and the steps that failed: a wrong "
        "password, a wrong code.",
        source=EVENTS,
        where=f"(t.event_name = 'login.succeeded' or {FAILED}) and t.subject_key is not null",
        cells=PEOPLE,
        values=ratio("count(*) filter (where t.event_name = 'login.succeeded')", "count(*)"),
    ),
    Metric(
        name="login_flow_success",
        unit="share",
        kind=Kind.RATIO,
        definition="Sign-in flows with any success, divided by flows that started in the window. A "
        "flow is the steps of one subject; it closes 30 minutes after the last.",
        source=FLOWS,
        cells=PEOPLE,
        values=ratio("count(*) filter (where t.session)", "count(*)"),
    ),
    Metric(
        name="login_funnel",
        unit="flows",
        kind=Kind.COUNT,
        definition="Sign-in flows that started in the window, and how many of them reached a right "
        "password, a right second factor, a session.",
        source=FLOWS,
        cells=PEOPLE,
        values={
            "started": "count(*)",
            "password": "count(*) filter (where t.password)",
            "second_factor": "count(*) filter (where t.second_factor)",
            "session": "count(*) filter (where t.session)",
        },
    ),
    Metric(
        name="failure_reasons",
        unit="events",
        kind=Kind.COUNT,
        definition="Sign-in steps that failed, and the distinct users they failed for, as far as "
        "they are known; break them down by reason.",
        source=EVENTS,
        where=f"{FAILED} and t.subject_key is not null",
        cells=PEOPLE | {"reason"},
        values={"": "count(*)", "users": "count(distinct t.user_key)"},
    ),
    Metric(
        name="mfa_use",
        unit="share",
        kind=Kind.RATIO,
        definition="Sessions begun with a second factor, divided by sessions begun in the window.",
        source=STARTED,
        cells=SESSIONS,
        values=ratio("count(*) filter (where t.mfa_used)", "count(*)"),
    ),
    Metric(
        name="reuse_detections",
        unit="events",
        kind=Kind.COUNT,
        definition="Refresh tokens that came back too late, which ended their session: events, "
        "sessions and users.",
        source=EVENTS,
        where="t.event_name = 'token.reuse_detected'",
        cells=PEOPLE,
        values={
            "": "count(*)",
            "sessions": "count(distinct t.session_id)",
            "users": "count(distinct t.user_key)",
        },
    ),
    Metric(
        name="replays",
        unit="events",
        kind=Kind.COUNT,
        definition="Refresh tokens that came twice and did no harm: tabs at once, or an answer that "
        "was lost.",
        source=EVENTS,
        where="t.event_name = 'token.replayed'",
        cells=PEOPLE,
        values={
            cause: f"count(*) filter (where t.reason_code = '{cause}')"
            for cause in ("concurrent", "lost_response")
        },
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
    Metric(
        name="late_share",
        unit="share",
        kind=Kind.RATIO,
        definition="Events stored over 1 hour after they happened, divided by all, those of test "
        "accounts and bots among them.",
        source=ARRIVALS,
        values=ratio(
            "count(*) filter (where t.received_at > t.occurred_at + interval '1 hour')", "count(*)"
        ),
    ),
)
BY_NAME = {metric.name: metric for metric in METRICS}
