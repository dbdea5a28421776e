"""Metrics of sign-ins and of misuse."""

from service.metrics.metric import Kind, Metric, of_cube, ratio
from service.metrics.sources import EVENT_COUNTS, EVENTS, FAILED, FLOW_COUNTS, LOGIN_COUNTS, PEOPLE

SIGN_IN_METRICS = (
    of_cube(
        LOGIN_COUNTS,
        name="login_attempt_success",
        unit="share",
        kind=Kind.RATIO,
        definition="Sign-ins that succeeded, divided by them and the steps that failed: a wrong "
        "password, a wrong code.",
        values=ratio("{succeeded}", "{attempts}"),
    ),
    of_cube(
        FLOW_COUNTS,
        name="login_flow_success",
        unit="share",
        kind=Kind.RATIO,
        definition="Sign-in flows with any success, divided by flows that started in the window. A "
        "flow is the steps of one subject; it closes 30 minutes after the last.",
        values=ratio("{session}", "{flows}"),
    ),
    of_cube(
        FLOW_COUNTS,
        name="login_funnel",
        unit="flows",
        kind=Kind.COUNT,
        definition="Sign-in flows that started in the window, and how many of them reached a right "
        "password, a right second factor, a session.",
        values={
            "started": "{flows}",
            "password": "{password}",
            "second_factor": "{second_factor}",
            "session": "{session}",
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
    of_cube(
        EVENT_COUNTS,
        name="late_share",
        unit="share",
        kind=Kind.RATIO,
        definition="Events stored over 1 hour after they happened, divided by all, those of test "
        "accounts and bots among them.",
        values=ratio("{late}", "{events}"),
    ),
)
