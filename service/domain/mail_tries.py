"""When to try a mail again, and when to give it up."""

from datetime import timedelta

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=6)
JITTER = 0.2
"""A delay grows by up to this share, so that what failed together does not come back together."""

MOST = 21
"""Tries that a mail server may put off with a 4xx: after these three days have passed."""

AWAY = timedelta(seconds=30)
"""While no server can be reached it is soon again, as links in mails do not live long."""

EXPIRES = timedelta(days=30)
"""A mail that nobody took for so long is of no use any more, and is about a person."""


def next_delay(tries: int, chance: float) -> timedelta | None:
    """How long to wait after so many tries were put off; None: it has failed for good.

    `chance` is random, from 0 to 1.
    """
    if tries >= MOST:
        return None
    return min(FIRST * (1 << tries - 1), LONGEST) * (1 + JITTER * chance)


def away_delay(chance: float) -> timedelta:
    """How long to wait for a server that is away: 30 to 60 s, however often that was."""
    return AWAY * (1 + chance)
