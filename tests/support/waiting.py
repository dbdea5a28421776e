"""Waiting for something to become true, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.02
PATIENCE = 180.0
"""Seconds for what must merely happen, however busy the machine is: a failure costs that long, and
nothing else does. A promise about time is checked by a clock that the test moves, or by counting.
"""
WAITING = (
    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
)
"""Statements that wait for a lock in this database; the server has many, of tests at the same time."""
REDIS_TIMEOUT_MS = "5000"
"""Of processes whose test is not about a Redis that is slow: a busy machine is no outage."""


async def wait_until(
    probe: Callable[[], Awaitable[T | Literal[False] | None]], *, seconds: float = PATIENCE
) -> T:
    """Ask until the answer is truthy and return it. Raises TimeoutError with the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            message = f"still {answer!r} after {seconds} s"
            raise TimeoutError(message)
        await asyncio.sleep(POLL_SECONDS)
