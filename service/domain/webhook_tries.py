"""When to try a webhook again, and when to give it or its endpoint up."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After the first try, the second, …: ten tries in three days, as Standard Webhooks proposes."""

JITTER = 0.1
"""A delay grows by up to this share, so that what failed together does not come back together."""

GIVE_UP = timedelta(days=3)
"""An endpoint that has only failed for so long is disabled; the last try comes after 75 hours."""

LONGEST_PAUSE = timedelta(hours=1)
"""What a Retry-After may ask for at most: it is the word of a stranger."""


def next_delay(tries: int, chance: float) -> timedelta | None:
    """How long to wait after so many tries have failed; None: it has failed for good.

    `chance` is random, from 0 to 1.
    """
    if tries > len(DELAYS):
        return None
    return DELAYS[tries - 1] * (1 + JITTER * chance)


def pause(retry_after: str | None, now_ms: int) -> timedelta | None:
    """What Retry-After asks for (RFC 9110 §10.2.3), bounded; None for a text that asks nothing."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        asked = min(float(text[:12]), LONGEST_PAUSE.total_seconds())
    else:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        asked = until.replace(tzinfo=until.tzinfo or UTC).timestamp() - now_ms / 1000
    wait = timedelta(seconds=max(0.0, min(asked, LONGEST_PAUSE.total_seconds())))
    return wait or None


def exhausted(failing_since: datetime, now: datetime) -> bool:
    """Whether an endpoint has failed for too long."""
    return now - failing_since >= GIVE_UP
