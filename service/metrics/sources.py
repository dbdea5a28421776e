"""What metrics are made of: rows, where they stand in time, and what they can be parted by."""

from service.contracts.analytics_tables import NO_STEP_UP
from service.metrics.metric import Cube, Source

PLACE = {
    "client": "client.client",
    "device_class": "device.class",
    "browser": "device.browser",
    "os": "device.os",
    "country": "geo.country",
}
METHOD = {"method": "t.auth_method"}
"""Of sessions only: a sign-in that failed has no method yet, and one person uses several a day."""

PEOPLE = frozenset(PLACE)
SESSIONS = frozenset({*PLACE, *METHOD})

EVENTS = Source(
    table="analytics.fct_auth_events",
    at="t.occurred_at",
    user="coalesce(t.user_key, t.subject_key)",
    cells={**PLACE, **METHOD, "reason": "t.reason_code"},
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

ARRIVALS = Source(
    table="analytics.fct_auth_events", at="t.occurred_at", user="null", cells={}, everybody=True
)

FAILED = "t.event_name in ('login.failed', 'mfa.failed')"
STORED = "t.received_at < :settled"
UNTOUCHED = (
    "t.session_id not in (select session_id from analytics.fct_auth_events "
    "where received_at >= :settled and session_id is not null)"
)
REFRESHES = {
    "foreground": "coalesce(sum(t.refresh_count - t.refresh_background_count), 0)",
    "background": "coalesce(sum(t.refresh_background_count), 0)",
}
STARTED_COUNTS = Cube(
    name="sessions_started",
    source=STARTED,
    settled=UNTOUCHED,
    cells=SESSIONS,
    sums={"sessions": "count(*)", "with_mfa": "count(*) filter (where t.mfa_used)"},
)
ENDED_COUNTS = Cube(
    name="sessions_ended",
    source=ENDED,
    settled=UNTOUCHED,
    cells=SESSIONS | {"end_reason"},
    sums={"sessions": "count(*)", **REFRESHES},
)
TIMED_COUNTS = Cube(
    name="sessions_timed",
    source=ENDED,
    settled=UNTOUCHED,
    where="t.started_at is not null",
    cells=SESSIONS | {"end_reason"},
    sums={
        **REFRESHES,
        "microseconds": "coalesce(sum(cast(extract(epoch from t.ended_at - t.started_at) * 1000000 "
        "as bigint)), 0)",
    },
)
LOGIN_COUNTS = Cube(
    name="logins",
    source=EVENTS,
    settled=STORED,
    where=f"(t.event_name = 'login.succeeded' and t.{NO_STEP_UP} or {FAILED}) "
    "and t.subject_key is not null",
    cells=PEOPLE,
    sums={
        "succeeded": "count(*) filter (where t.event_name = 'login.succeeded')",
        "attempts": "count(*)",
    },
)
FLOW_COUNTS = Cube(
    name="flows",
    source=FLOWS,
    cells=PEOPLE,
    sums={
        "flows": "count(*)",
        "password": "count(*) filter (where t.password)",
        "second_factor": "count(*) filter (where t.second_factor)",
        "session": "count(*) filter (where t.session)",
    },
)
EVENT_COUNTS = Cube(
    name="events",
    source=ARRIVALS,
    settled=STORED,
    cells=frozenset(),
    sums={
        "late": "count(*) filter (where t.received_at > t.occurred_at + interval '1 hour')",
        "events": "count(*)",
    },
)
CUBES = (STARTED_COUNTS, ENDED_COUNTS, TIMED_COUNTS, LOGIN_COUNTS, FLOW_COUNTS, EVENT_COUNTS)
