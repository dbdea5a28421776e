"""Waiting for something to become true, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.02


async def wait_until(
    probe: Callable[[], Awaitable[T | Literal[False] | None]], *, seconds: float = 15.0
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
