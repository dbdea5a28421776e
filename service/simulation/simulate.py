"""From a plan and a seed to events, in the order in which they reach the streams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from uuid import UUID

from service.contracts import keys
from service.domain.instants import to_datetime
from service.domain.sessions import MILLISECOND
from service.simulation.agents import DESKTOPS, MONITOR, PHONES, Agent
from service.simulation.machines import Monitor, Stuffers
from service.simulation.places import PLACES, Place
from service.simulation.plan import Plan
from service.simulation.resident import Device, Resident
from service.simulation.sign_in import SignIn
from service.simulation.stage import DAY, HOUR, Arrival, Stage, set_stage
from service.simulation.truth import Person, Truth

EARLIEST_MS = 14 * HOUR
"""No place is further ahead of UTC: a local day begins no earlier before its date's midnight."""
HOUSEHOLDS: Sequence[Sequence[Sequence[Agent]]] = ([PHONES], [DESKTOPS], [PHONES, DESKTOPS])
DEVOTION = 9.0
"""Visits a day of people who never let a session go idle."""
MONITORED_FROM = 60_000
"""Numbers of machines' addresses begin here."""


@dataclass(slots=True)
class Simulation:
    """Traffic and its truth; the truth is whole once the events have been read to their end."""

    stage: Stage
    residents: list[Resident]
    monitors: list[Monitor]
    stuffers: Stuffers

    @property
    def truth(self) -> Truth:
        """What really happened, as far as the events have been read."""
        return self.stage.truth

    def __iter__(self) -> Iterator[Arrival]:
        """Every event once, in the order of arrival."""
        stage = self.stage
        for resident in self.residents:
            resident.join()
        for day in _days(stage.plan):
            midnight_ms = _midnight_ms(day)
            for resident in self.residents:
                resident.live(day)
            for monitor in self.monitors:
                monitor.live(midnight_ms)
            self.stuffers.live(midnight_ms)
            yield from self._arrived(midnight_ms + DAY - EARLIEST_MS)
        yield from self._arrived(None)

    def _arrived(self, until_ms: int | None) -> list[Arrival]:
        """What reached its stream by then; nothing that happens later can come before it."""
        told = self.stage.told
        told.sort(key=attrgetter("at_ms"))
        if until_ms is None:
            ready, self.stage.told = told, []
            return ready
        count = sum(arrival.at_ms < until_ms for arrival in told)
        ready, self.stage.told = told[:count], told[count:]
        return ready


def simulate(plan: Plan, seed: int) -> Simulation:
    """People and machines who are ready to begin; the same for the same plan and seed."""
    stage = set_stage(plan, seed)
    residents = [_resident(stage, number) for number in range(plan.people)]
    monitors = [_monitor(stage, number) for number in range(plan.bots)]
    return Simulation(stage, residents, monitors, Stuffers(stage))


def _resident(stage: Stage, number: int) -> Resident:
    plan, random = stage.plan, stage.random
    [place] = random.choices(PLACES, [each.share for each in PLACES])
    person = _person(stage, place)
    person.is_test = stage.chance(plan.test_accounts)
    joins_ms = plan.start_ms - 1
    if stage.chance(plan.newcomers):
        joins_ms = stage.between(plan.start_ms, plan.end_ms)
    devoted = stage.chance(plan.devoted)
    stay_ms = random.expovariate(1 / (plan.mean_stay / MILLISECOND))
    return Resident(
        stage,
        person,
        place,
        _devices(stage, person, place, number),
        keenness=DEVOTION if devoted else 0.15 + random.gammavariate(1.5, 0.6),
        joins_ms=joins_ms,
        leaves_ms=joins_ms + DAY + int(stay_ms),
        disabled=stage.chance(plan.disabled),
        wants_factor=stage.chance(plan.second_factor),
        devoted=devoted,
    )


def _devices(stage: Stage, person: Person, place: Place, number: int) -> list[Device]:
    """A phone, a computer, or both; at home they share an address."""
    partition = keys.partition_of(person.id)
    found = []
    for kind in stage.random.choice(HOUSEHOLDS):
        [agent] = stage.random.choices(kind, [each.share for each in kind])
        found.append(Device(SignIn(stage, person, partition, agent, place.address(number))))
    return found


def _monitor(stage: Stage, number: int) -> Monitor:
    place = PLACES[number % len(PLACES)]
    person = _person(stage, place)
    agent: Agent = MONITOR
    address = place.address(MONITORED_FROM + number)
    sign_in = SignIn(stage, person, keys.partition_of(person.id), agent, address)
    return Monitor(stage, sign_in, stage.random.randrange(60))


def _person(stage: Stage, place: Place) -> Person:
    person = Person(
        str(UUID(int=stage.random.getrandbits(128), version=4)), place.country, place.zone
    )
    stage.truth.people.append(person)
    return person


def _days(plan: Plan) -> Iterator[date]:
    """Every date that it is anywhere while the plan lasts."""
    day = (to_datetime(plan.start_ms) - timedelta(days=1)).date()
    while day <= (plan.end + timedelta(days=1)).astimezone(UTC).date():
        yield day
        day += timedelta(days=1)


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
