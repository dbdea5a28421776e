"""How long an account takes no further try after so many failures in a row.

What only the person knows (password, code, recovery code) counts together. SP 800-63B-4 §3.2.2 wants
at most MAX_FAILURES in a row; the delays before make that take almost a day.
"""

from datetime import timedelta

FREE_FAILURES = 5
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15))
MAX_FAILURES = 100
NOTHING_HELPS = timedelta(days=1)
"""What Retry-After says when waiting does not help: ask again tomorrow whether somebody unlocked it."""


def is_shut(failures: int) -> bool:
    """Whether only a reset of the password, or an administrator, lets anybody try again."""
    return failures >= MAX_FAILURES
