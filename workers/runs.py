"""How a worker runs its jobs: each once at a time, in its own time, and counted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

import structlog
from redis.exceptions import RedisError

from service.contracts.vitals import JobTally, Vitals
from service.domain.errors import ServiceUnavailableError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobRuns:
    """The jobs of one worker. A failure is logged and counted; the next tick does what it left."""

    vitals: Vitals
    now_ms: Callable[[], int]
    _under_way: set[str] = field(default_factory=set)

    async def __call__(
        self, name: str, work: Callable[[], Awaitable[object]], *, seconds: float
    ) -> None:
        """Do it, unless its last run is still under way here: a slow job would fill the worker."""
        tally = self.vitals.jobs.setdefault(name, JobTally())
        if name in self._under_way:
            tally.skipped += 1
            return
        self._under_way.add(name)
        began = monotonic()
        try:
            async with asyncio.timeout(seconds):
                await work()
        except (ServiceUnavailableError, RedisError, ConnectionError) as error:
            tally.failed += 1
            log.warning("job.store_away", job=name, error=type(error).__name__)
        except Exception:
            tally.failed += 1
            log.exception("job.failed", job=name)
        else:
            tally.done += 1
            tally.done_ms = self.now_ms()
        finally:
            tally.seconds += monotonic() - began
            self._under_way.discard(name)
