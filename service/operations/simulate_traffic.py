from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from random import Random

from service.simulation import Plan, simulate
from service.simulation.stage import DAY, Arrival
from service.store.event_feed import EventFeed

CHUNK = 1000
MOST_WAITING = 20_000
"""Entries on the streams: beyond, the workers may catch up first, as Redis has no endless memory."""
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

    Events come in the order of their arrival, or `shuffled`. Raises TimeoutError when no worker
    stores anything, ServiceUnavailableError.
    """

    feed: EventFeed
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
        for chunk in _chunks(arrivals):
            await self.feed.write([(each.partition, each.event) for each in chunk])
            events += len(chunk)
            days_done(max(chunk[-1].event.at_ms - plan.start_ms, 0) // DAY)
            await self._catch_up(MOST_WAITING)
        await self._catch_up(0)
        truth = simulation.truth
        return Made(events, len(truth.people), len(truth.sessions), len(truth.flows))

    async def _catch_up(self, most: int) -> None:
        """Return when so few entries wait, or, of 0, when all that was written here is stored."""
        least = await self.feed.waiting()
        patience = PATIENCE
        while (waiting := await self.feed.waiting()) > most and not (
            most == 0 and await self.feed.stored()
        ):
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
