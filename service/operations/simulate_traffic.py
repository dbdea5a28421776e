from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from service.simulation import Plan, simulate
from service.simulation.stage import DAY, Arrival
from service.store.event_feed import EventFeed
from service.store.simulated_arrivals import SimulatedArrivals

CHUNK = 1000
MOST_WAITING = 20_000
"""Events written: beyond, the workers catch up first, as Redis has no endless memory."""
PATIENCE = 600
"""Pauses without anything stored after which nobody seems to read."""


@dataclass(frozen=True, slots=True)
class Made:
    """How much there is now that was not there before."""

    events: int
    people: int
    sessions: int
    flows: int


@dataclass(frozen=True, slots=True)
class SimulateTraffic:
    """Make traffic up and have the workers store it. `pause` lets a moment pass.

    Events come in the order of their arrival, or `shuffled`; the facts say that they came when the
    simulation has it. Raises TimeoutError when no worker stores anything, ServiceUnavailableError.
    """

    feed: EventFeed
    arrivals: SimulatedArrivals
    now: Callable[[], datetime]
    pause: Callable[[], Awaitable[None]]

    async def __call__(
        self, plan: Plan, seed: int, *, shuffled: bool, days_done: Callable[[int], None]
    ) -> Made:
        simulation = simulate(plan, seed)
        arrivals: Iterable[Arrival] = simulation
        if shuffled:
            arrivals = list(simulation)
            Random(seed).shuffle(arrivals)  # noqa: S311 - an order
        events = 0
        came: list[tuple[str, int]] = []
        for chunk in _chunks(arrivals):
            ids = await self.feed.write([(each.partition, each.event) for each in chunk])
            came += zip(ids, (each.at_ms for each in chunk), strict=True)
            events += len(chunk)
            if len(came) > MOST_WAITING:
                await self._catch_up()
                await self.arrivals.tell(came)
                came.clear()
            days_done(max(chunk[-1].event.at_ms - plan.start_ms, 0) // DAY)
        await self._catch_up()
        await self.arrivals.tell(came)
        await self.arrivals.finish(self.now())
        truth = simulation.truth
        return Made(events, len(truth.people), len(truth.sessions), len(truth.flows))

    async def _catch_up(self) -> None:
        """Return when all that was written here is stored."""
        least = await self.feed.waiting()
        patience = PATIENCE
        while (waiting := await self.feed.waiting()) and not await self.feed.stored():
            patience = PATIENCE if waiting < least else patience - 1
            least = min(least, waiting)
            if not patience:
                message = "no worker stores events: start one with `python -m workers`"
                raise TimeoutError(message)
            await self.pause()


def _chunks(arrivals: Iterable[Arrival]) -> Iterable[list[Arrival]]:
    chunk = []
    for arrival in arrivals:
        chunk.append(arrival)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
