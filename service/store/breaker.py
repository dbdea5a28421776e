"""Knows whether Redis answers, so that nobody waits to find out again.

Closed: calls go through. The first that fails opens it: from then on calls are refused at once,
while a probe asks in the background, at first often, then once a second. The probe that is answered
closes it. No caller's request is ever the probe.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from time import monotonic

import structlog

FIRST_PAUSE, LAST_PAUSE = 0.05, 1.0

log = structlog.get_logger(__name__)


class BreakerState(StrEnum):
    """HALF_OPEN: a probe is under way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """`probe` raises while the store is away, and makes everything ready for its return."""

    def __init__(self, probe: Callable[[], Awaitable[None]]) -> None:
        self._probe = probe
        self._task: asyncio.Task[None] | None = None
        self._since = monotonic()
        self.state = BreakerState.CLOSED
        self.trips = 0
        """How often it has opened."""

    @property
    def closed(self) -> bool:
        """Whether calls may go through."""
        return self.state is BreakerState.CLOSED

    @property
    def open_seconds(self) -> float:
        """How long it has been open; 0 while it is closed."""
        return 0.0 if self.closed else monotonic() - self._since

    def trip(self, error: BaseException) -> None:
        """A call found the store away. Must be called on the event loop."""
        if not self.closed:
            return
        self.state, self._since = BreakerState.OPEN, monotonic()
        self.trips += 1
        log.warning("redis.away", error=f"{type(error).__name__}: {error}")
        self._task = asyncio.get_running_loop().create_task(self._heal())

    async def aclose(self) -> None:
        """Stop probing."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _heal(self) -> None:
        pause = FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE)
            self.state = BreakerState.HALF_OPEN
            try:
                await self._probe()
            except Exception as error:  # noqa: BLE001 - whatever it is, the store is not ready
                self.state = BreakerState.OPEN
                log.debug("redis.still_away", error=type(error).__name__)
            else:
                self.state = BreakerState.CLOSED
                log.info("redis.back", away_seconds=round(monotonic() - self._since, 2))
                return
