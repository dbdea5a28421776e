"""Metrics of sessions: how many, how long, and how often they are refreshed."""

from service.metrics.metric import Kind, Metric, of_cube, ratio
from service.metrics.sources import CONCURRENCY, ENDED_COUNTS, STARTED_COUNTS, TIMED_COUNTS

PERCENTS = (50, 95)
HOURS = "cast({microseconds} as float8) / 3600000000"


def _length(name: str, length: str, definition: str) -> Metric:
    seconds = f"cast(extract(epoch from {length}) as float8)"
    return of_cube(
        TIMED_COUNTS,
        name=name,
        unit="seconds",
        kind=Kind.QUANTILE,
        definition=definition,
        values={
            f"p{percent}": f"percentile_cont({percent / 100}) within group (order by {seconds})"
            for percent in PERCENTS
        },
    )


def _refreshes(over: str) -> dict[str, str]:
    return {
        **ratio("{foreground}", over),
        "background": f"cast({{background}} as float8) / nullif({over}, 0)",
        "background_numerator": "{background}",
    }


SESSION_METRICS = (
    of_cube(
        STARTED_COUNTS,
        name="sessions_started",
        unit="sessions",
        kind=Kind.COUNT,
        definition="Sessions that began in the window.",
        values={"": "{sessions}"},
    ),
    of_cube(
        ENDED_COUNTS,
        name="sessions_ended",
        unit="sessions",
        kind=Kind.COUNT,
        definition="Sessions that ended in the window; break them down by end_reason.",
        values={"": "{sessions}"},
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
    _length(
        "active_span",
        "t.last_active_at - t.started_at",
        "From sign-in to last activity, of sessions that ended in the window, interpolated.",
    ),
    _length(
        "lifetime",
        "t.ended_at - t.started_at",
        "From sign-in to end, of sessions that ended in the window, interpolated.",
    ),
    of_cube(
        ENDED_COUNTS,
        name="refreshes_per_session",
        unit="refreshes per session",
        kind=Kind.RATIO,
        definition="Refreshes in the foreground of sessions that ended in the window, divided by "
        "these sessions; those of background tabs apart.",
        values=_refreshes("{sessions}"),
    ),
    of_cube(
        TIMED_COUNTS,
        name="refreshes_per_hour",
        unit="refreshes per hour",
        kind=Kind.RATIO,
        definition="Refreshes in the foreground of sessions that ended in the window, divided by "
        "the hours that these sessions lived; those of background tabs apart.",
        values=_refreshes(HOURS),
    ),
    of_cube(
        STARTED_COUNTS,
        name="mfa_use",
        unit="share",
        kind=Kind.RATIO,
        definition="Sessions begun with a second factor, divided by sessions begun in the window.",
        values=ratio("{with_mfa}", "{sessions}"),
    ),
)
