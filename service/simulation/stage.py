"""Where all that is made up happens: its randomness, its times of trouble, its events, its truth."""

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from service.contracts import keys
from service.contracts.events import Event, EventType
from service.domain.ids import RANDOM_BYTES, make_id
from service.domain.sessions import MILLISECOND, Origin
from service.simulation.plan import Plan, Spell
from service.simulation.truth import Truth

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LATE_MS = 90 * MINUTE
"""What is late is so late that nobody can take it for prompt, and the other way round."""
NOWHERE = Origin()


class Arrival(NamedTuple):
    """An event and when it reaches the stream of which partition."""

    at_ms: int
    partition: int
    event: Event


@dataclass(slots=True)
class Stage:
    """Shared by everybody in one simulation.

    In an outage Redis is away, and comes back empty. In a stall nobody reads the streams.
    """

    plan: Plan
    random: Random
    outages: list[Spell]
    stalls: list[Spell]
    truth: Truth = field(default_factory=Truth)
    told: list[Arrival] = field(default_factory=list)

    def plays(self, at_ms: int) -> bool:
        """Whether anything can happen now: the plan covers it, and Redis is there."""
        if not self.plan.start_ms <= at_ms < self.plan.end_ms:
            return False
        return not any(outage.covers(at_ms) for outage in self.outages)

    def back_ms(self, at_ms: int) -> int:
        """When Redis can next be told: now, or some seconds after the outage."""
        for outage in self.outages:
            if outage.covers(at_ms):
                return outage.ends + self.random.randrange(2 * SECOND, 20 * SECOND)
        return at_ms

    def epoch(self, at_ms: int) -> int:
        """How often Redis had lost everything by then."""
        return sum(at_ms >= outage.ends for outage in self.outages)

    def tell(
        self,
        kind: EventType,
        at_ms: int,
        partition: int,
        user_id: str = "",
        session_id: str = "",
        generation: int | None = None,
        origin: Origin = NOWHERE,
        reason: str = "",
        data: dict[str, object] | None = None,
    ) -> None:
        """Write an event, in time or late."""
        ip, user_agent, request_id = origin[:3]
        event = Event(
            kind,
            at_ms,
            user_id,
            session_id,
            generation,
            ip,
            user_agent,
            request_id,
            "",
            reason,
            data or {},
        )
        delay = self._delay(at_ms)
        self.truth.told_ms.append(at_ms)
        if delay >= LATE_MS:
            self.truth.late_ms.append(at_ms)
        self.told.append(Arrival(at_ms + delay, partition, event))

    def request(self, ip: str, user_agent: str) -> Origin:
        """Where one more request comes from."""
        return Origin(ip, user_agent, self.text())

    def text(self) -> str:
        """A new identifier of 128 bits in hex."""
        return f"{self.random.getrandbits(128):032x}"

    def session_id(self, partition: int) -> str:
        """The id of a new session."""
        return make_id(partition, self.random.randbytes(RANDOM_BYTES))

    def chance(self, share: float) -> bool:
        """True in so many of all cases."""
        return self.random.random() < share

    def between(self, least: int, most: int) -> int:
        """Some milliseconds."""
        return int(least + self.random.random() * (most - least))

    def _delay(self, at_ms: int) -> int:
        for stall in self.stalls:
            if stall.covers(at_ms):
                return max(stall.ends - at_ms, LATE_MS)
        if self.random.random() < self.plan.late:
            return self.between(LATE_MS, 30 * HOUR)
        return self.between(5, 400)


def spells(random: Random, plan: Plan, count: int, length_ms: int) -> list[Spell]:
    """So many spells, apart from each other, none of them cut off by the plan's end."""
    found: list[Spell] = []
    room = plan.end_ms - plan.start_ms - 2 * length_ms
    if room <= 0:
        return found
    part = room // max(count, 1)
    for number in range(count):
        begins = plan.start_ms + length_ms + number * part + int(random.random() * part * 0.8)
        ends = min(begins + length_ms, plan.end_ms - length_ms)
        found.append(Spell(begins, ends))
    return found


def set_stage(plan: Plan, seed: int) -> Stage:
    """An empty stage; the same for the same seed."""
    random = Random(f"inphora/{seed}")  # noqa: S311 - made up, and to be made up again
    length_ms = plan.spells // MILLISECOND
    return Stage(
        plan,
        random,
        outages=spells(random, plan, plan.outages, length_ms),
        stalls=spells(random, plan, plan.stalls, length_ms),
    )


def partition_of(user_id: str, origin: Origin) -> int:
    """The stream of somebody, or of a request by nobody known."""
    return keys.partition_of(user_id or origin.request_id)
