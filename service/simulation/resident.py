"""Somebody's life with the product: when they come, on which device, what they do there."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from service.contracts.events import EventType
from service.domain.sessions import EndReason
from service.simulation.agents import THIEF
from service.simulation.live import QUARTER_MS, Live
from service.simulation.places import Place, local_day
from service.simulation.sign_in import SignIn
from service.simulation.stage import HOUR, MINUTE, SECOND, Stage
from service.simulation.truth import Person

FLOW_GAP_MS = 45 * MINUTE
"""Two wishes of one person to sign in are so far apart that nobody takes them for one."""
SKEW_MS = 60 * SECOND
"""Clients refresh so long before an access token expires."""
LONGEST_TAIL_MS = 4 * HOUR


@dataclass(slots=True)
class Device:
    """A device of somebody, and the session it holds."""

    sign_in: SignIn
    live: Live | None = None

    @property
    def held(self) -> Live | None:
        """Its session, if that is not over."""
        return None if self.live is None or self.live.ended else self.live


@dataclass(slots=True)
class Resident:
    """A person who comes several times a day or a week. `keenness` is visits on a full day."""

    stage: Stage
    person: Person
    place: Place
    devices: list[Device]
    keenness: float
    joins_ms: int
    leaves_ms: int
    disabled: bool
    wants_factor: bool
    devoted: bool
    busy_ms: int = 0
    next_flow_ms: int = 0

    def live(self, day: date) -> None:
        """Spend one local day; forgotten sessions end in it."""
        today = local_day(self.place.zone, day)
        if today.ends_ms <= self.joins_ms:
            return
        for at_ms in self._visits(day):
            self._expire(at_ms)
            if at_ms >= max(self.busy_ms, self.joins_ms) and self.stage.plays(at_ms):
                self._visit(at_ms)
        self._expire(today.ends_ms)

    def join(self) -> None:
        """An operator makes the account, if that is within the plan."""
        if self.stage.plays(self.joins_ms):
            self.person.created_ms = self.joins_ms
            partition = self.devices[0].sign_in.partition
            self.stage.tell(EventType.USER_CREATED, self.joins_ms, partition, self.person.id)

    def _visits(self, day: date) -> list[int]:
        stage, today = self.stage, local_day(self.place.zone, day)
        often = self.keenness * today.weight
        count = int(often) + stage.chance(often % 1)
        found = []
        for _ in range(count):
            quarter = bisect(today.done, stage.random.random() * today.done[-1])
            found.append(today.quarters_ms[quarter] + stage.between(0, QUARTER_MS))
        return sorted(found)

    def _visit(self, at_ms: int) -> None:
        stage = self.stage
        device = self.devices[stage.random.random() < 0.3 and len(self.devices) > 1]
        gone = at_ms >= self.leaves_ms
        if gone and not (self.disabled and stage.chance(0.05)):
            return
        live = device.held
        if live is None or gone:
            if at_ms < self.next_flow_ms or (gone and live is not None):
                return
            self.next_flow_ms = at_ms + FLOW_GAP_MS
            live = device.live = device.sign_in(at_ms, disabled=gone)
            if live is None:
                return
            now_ms = live.truth.started_ms
        else:
            live.refresh(at_ms)
            now_ms = at_ms
        ends_ms = now_ms + int(stage.random.lognormvariate(2.6, 1.0) * MINUTE)
        self.busy_ms = ends_ms
        if not self._stay(live, now_ms, ends_ms):
            return
        self._enrol(ends_ms)
        self._leave(live, device, ends_ms)

    def _stay(self, live: Live, now_ms: int, ends_ms: int) -> bool:
        """Look around until then; False where the session did not live so long."""
        stage = self.stage
        refresh_ms = now_ms + stage.plan.policy.access_ms - SKEW_MS
        for at_ms, refreshes in _steps(stage, now_ms, ends_ms, refresh_ms):
            over_ms, _ = live.limit
            if at_ms >= over_ms:
                live.expire(at_ms)
                return False
            if not stage.plays(at_ms):
                continue
            if not refreshes:
                until_ms = (at_ms // QUARTER_MS + 1) * QUARTER_MS - 1
                live.request(at_ms, min(until_ms, ends_ms, over_ms - 1))
                continue
            live.refresh(at_ms)
            if self._stolen(live, at_ms, ends_ms):
                return False
            self._replay(live, at_ms, ends_ms)
        return True

    def _stolen(self, live: Live, at_ms: int, ends_ms: int) -> bool:
        stage = self.stage
        theft_ms = at_ms + stage.between(20 * SECOND, 5 * MINUTE)
        if live.generation < 4 or not stage.chance(stage.plan.thefts):
            return False
        if not stage.plays(theft_ms) or theft_ms >= min(ends_ms, live.limit[0]):
            return False
        address = f"10.99.{stage.random.randrange(256)}.{stage.random.randrange(256)}"
        live.reuse(theft_ms, stage.request(address, THIEF.text))
        return True

    def _replay(self, live: Live, at_ms: int, ends_ms: int) -> None:
        stage = self.stage
        if not stage.chance(stage.plan.replays):
            return
        cause = "concurrent" if stage.chance(0.8) else "lost_response"
        least, most = (100, 8 * SECOND) if cause == "concurrent" else (15 * SECOND, 50 * SECOND)
        replay_ms = at_ms + stage.between(least, most)
        if stage.plays(replay_ms) and replay_ms < min(ends_ms, live.limit[0]):
            live.replay(replay_ms, cause)

    def _enrol(self, at_ms: int) -> None:
        stage, person = self.stage, self.person
        if not self.wants_factor or person.enrolled_ms is not None or not stage.chance(0.15):
            return
        enrolled_ms = at_ms + MINUTE
        if not (stage.plays(at_ms) and stage.plays(enrolled_ms)):
            return
        person.enrolled_ms = enrolled_ms
        sign_in = self.devices[0].sign_in
        for when_ms, kind in (
            (at_ms, EventType.MFA_SETUP_STARTED),
            (enrolled_ms, EventType.MFA_ENABLED),
        ):
            origin = stage.request(sign_in.ip, sign_in.agent.text)
            stage.tell(kind, when_ms, sign_in.partition, person.id, origin=origin)
        self.busy_ms = max(self.busy_ms, enrolled_ms)

    def _leave(self, live: Live, device: Device, at_ms: int) -> None:
        """Sign out, here or everywhere; else leave a tab open for a while, or just go."""
        stage = self.stage
        over_ms, _ = live.limit
        if not stage.plan.start_ms <= at_ms < min(over_ms, stage.plan.end_ms):
            return
        origin = stage.request(device.sign_in.ip, device.sign_in.agent.text)
        others = [each.held for each in self.devices if each is not device]
        if not self.devoted and stage.chance(stage.plan.sign_outs):
            live.end(at_ms, EndReason.LOGOUT, origin)
            if not stage.chance(0.05):
                return
        elif not stage.chance(0.01):
            if stage.chance(0.25):
                self._idle(live, at_ms)
            return
        for other in others:
            if other is not None and other.limit[0] > at_ms:
                other.end(at_ms, EndReason.REVOKED_USER, origin)

    def _idle(self, live: Live, at_ms: int) -> None:
        """A tab in the background keeps the session fresh, and nobody looks at it."""
        stage = self.stage
        step_ms = stage.plan.policy.access_ms - SKEW_MS
        ends_ms = at_ms + min(int(stage.random.expovariate(1 / (1.5 * HOUR))), LONGEST_TAIL_MS)
        for when_ms in range(at_ms + step_ms, ends_ms, step_ms):
            if when_ms >= live.limit[0]:
                break
            if stage.plays(when_ms):
                live.refresh(when_ms, background=True)
        self.busy_ms = max(self.busy_ms, ends_ms)

    def _expire(self, at_ms: int) -> None:
        for device in self.devices:
            if device.held is not None:
                device.held.expire(at_ms)


def _steps(stage: Stage, now_ms: int, ends_ms: int, refresh_ms: int) -> Iterator[tuple[int, bool]]:
    """When a visitor's page refreshes (True), and when it first asks in each quarter of an hour."""
    step_ms = stage.plan.policy.access_ms - SKEW_MS
    asks_ms = now_ms + stage.between(SECOND, 20 * SECOND)
    while min(refresh_ms, asks_ms) < ends_ms:
        if refresh_ms <= asks_ms:
            yield refresh_ms, True
            refresh_ms += step_ms
        else:
            yield asks_ms, False
            quarter_ms = (asks_ms // QUARTER_MS + 1) * QUARTER_MS
            asks_ms = quarter_ms + stage.between(0, 2 * MINUTE)
