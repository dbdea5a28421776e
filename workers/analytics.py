"""Keeps the aggregates of the session analytics fresh."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from service.domain.instants import to_datetime
from service.store.aggregates import Aggregates

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RefreshAnalytics:
    """Take in what arrived since the last time; one worker at a time."""

    aggregates: Aggregates
    now_ms: Callable[[], int]

    async def __call__(self) -> bool:
        """False: another worker is at it."""
        done = await self.aggregates.refresh(to_datetime(self.now_ms()))
        if not done:
            log.info("analytics.under_way")
        return done
