"""The clocks of a process; whatever needs the time is given one of them."""

import time


def now_ms() -> int:
    """This machine's clock."""
    return time.time_ns() // 1_000_000


def ticks_ms() -> int:
    """This process's clock, which no correction moves."""
    return time.monotonic_ns() // 1_000_000
