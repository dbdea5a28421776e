"""What a scrape of the metrics finds besides the requests."""

from datetime import timedelta

from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.script_client import ScriptClient
from service.web.metrics import Reading


def readings(scripts: ScriptClient, live: LiveSessions, revocations: Revocations) -> list[Reading]:
    """This process as Redis, revocations and the user cache show it."""
    return [
        Reading(
            name="redis_breaker_open",
            help="1 while this process takes Redis for away",
            read=lambda: not scripts.breaker.closed,
        ),
        Reading(
            name="redis_breaker_trips",
            help="how often Redis was found away",
            read=lambda: scripts.breaker.trips,
            total=True,
        ),
        Reading(
            name="redis_script_calls",
            help="scripts run; divided by batches, how many travelled together",
            read=lambda: scripts.calls,
            total=True,
        ),
        Reading(
            name="redis_script_batches",
            help="round trips to Redis",
            read=lambda: scripts.batches,
            total=True,
        ),
        Reading(
            name="revocations_known",
            help="recent ends of sessions this process holds",
            read=revocations.__len__,
        ),
        Reading(
            name="revocations_staleness_seconds",
            help="how old that copy is",
            read=lambda: revocations.staleness / timedelta(seconds=1),
        ),
        Reading(
            name="user_cache_hits",
            help="session checks that found their user in Redis",
            read=lambda: live.user_hits,
            total=True,
        ),
        Reading(
            name="user_cache_misses",
            help="session checks that had to ask SQL for their user",
            read=lambda: live.user_misses,
            total=True,
        ),
    ]
