"""A session that goes by the rules of the store's scripts, and says what it does as they would."""

from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.sessions import EndReason, Origin
from service.simulation.stage import MINUTE, NOWHERE, SECOND, Stage
from service.simulation.truth import Session

QUARTER_MS = 15 * MINUTE
SWEEP_MS = 30 * SECOND
"""How often the workers end what is over."""

TABS: dict[str, dict[str, object]] = {
    tab: {"tab": tab} if tab else {} for tab in ("", "foreground", "background")
}


@dataclass(slots=True)
class Live:
    """What Redis holds of a session, and the truth of it. Callers ask `stage.plays` first."""

    stage: Stage
    truth: Session
    partition: int
    ip: str
    tells_tab: bool
    last_ms: int
    quarter: int
    epoch: int
    generation: int = 1

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.truth.ended_ms is not None

    @property
    def limit(self) -> tuple[int, EndReason]:
        """When it is over if nobody uses it any more, and why."""
        policy = self.stage.plan.policy
        oldest, idle = self.truth.started_ms + policy.max_ms, self.last_ms + policy.idle_ms
        if oldest <= idle:
            return oldest, EndReason.ABSOLUTE_TIMEOUT
        return idle, EndReason.IDLE_TIMEOUT

    def refresh(self, at_ms: int, *, background: bool = False) -> None:
        """Trade the refresh token, which restores a session that Redis lost."""
        recovered = self._restore(at_ms, by_refresh=True)
        tab = "background" if background else "foreground"
        self.generation += 1
        self.last_ms = at_ms
        if background and self.tells_tab:
            self.truth.background_ms.append(at_ms)
        else:
            self.quarter = at_ms // QUARTER_MS
            self.truth.foreground_ms.append(at_ms)
            self.truth.activity_ms.append(at_ms)
        kind = EventType.TOKEN_RECOVERED if recovered else EventType.TOKEN_REFRESHED
        self._say(kind, at_ms, tab=tab)

    def replay(self, at_ms: int, cause: str) -> None:
        """The generation of just now once more: another tab's, or one whose answer was lost."""
        self.last_ms = at_ms
        self.truth.replays.append((at_ms, cause))
        self._say(EventType.TOKEN_REPLAYED, at_ms, reason=cause, tab="foreground")

    def request(self, at_ms: int, until_ms: int) -> None:
        """Requests from now on, the last of them at `until_ms`, all in a quarter of an hour."""
        self._restore(at_ms)
        self.last_ms = max(self.last_ms, until_ms)
        if self.quarter != at_ms // QUARTER_MS:
            self.quarter = at_ms // QUARTER_MS
            self.truth.activity_ms.append(at_ms)
            self.stage.tell(
                EventType.SESSION_USED,
                at_ms,
                self.partition,
                self.truth.person.id,
                self.truth.id,
                self.generation,
            )

    def reuse(self, at_ms: int, thief: Origin) -> None:
        """Somebody presents a token that was traded long ago."""
        self._end(at_ms, EndReason.TOKEN_REUSE)
        self.truth.reused_ms = at_ms
        self.stage.tell(
            EventType.TOKEN_REUSE_DETECTED,
            at_ms,
            self.partition,
            self.truth.person.id,
            self.truth.id,
            self.generation - 2,
            thief,
            EndReason.TOKEN_REUSE.value,
            TABS["foreground"],
        )

    def end(self, at_ms: int, reason: EndReason, origin: Origin) -> None:
        """Somebody ends it. While Redis is away SQL keeps that; the workers tell it later."""
        told_ms = self.stage.back_ms(at_ms)
        if told_ms >= self.stage.plan.end_ms:
            return
        self._end(told_ms, reason)
        self.stage.tell(
            EventType.SESSION_ENDED,
            told_ms,
            self.partition,
            self.truth.person.id,
            self.truth.id,
            None,
            origin if told_ms == at_ms else NOWHERE,
            reason.value,
        )

    def expire(self, at_ms: int) -> None:
        """End it if it was over by then: by the sweep, or by a refresh that came just before."""
        over_ms, reason = self.limit
        if self.ended or over_ms > at_ms:
            return
        told_ms = self.stage.back_ms(over_ms + self.stage.between(0, SWEEP_MS))
        if not self.stage.plays(told_ms):
            return
        self._end(told_ms, reason)
        if self.epoch != self.stage.epoch(told_ms) or not self.stage.chance(0.05):
            self.stage.tell(
                EventType.SESSION_EXPIRED,
                told_ms,
                self.partition,
                self.truth.person.id,
                self.truth.id,
                reason=reason.value,
            )
        else:
            self._say(EventType.SESSION_EXPIRED, told_ms, reason=reason.value, tab="background")

    def _end(self, at_ms: int, reason: EndReason) -> None:
        self.truth.ended_ms, self.truth.end_reason = at_ms, reason.value

    def _restore(self, at_ms: int, *, by_refresh: bool = False) -> bool:
        """Come back from SQL, which in some cases knows one generation less than the browser."""
        epoch = self.stage.epoch(at_ms)
        if epoch == self.epoch:
            return False
        self.epoch, self.quarter = epoch, -1
        behind = by_refresh and self.generation > 1 and self.stage.chance(0.2)
        self.stage.tell(
            EventType.SESSION_RESTORED,
            at_ms,
            self.partition,
            self.truth.person.id,
            self.truth.id,
            self.generation - behind,
            Origin(request_id=self.stage.text()),
        )
        return behind

    def _say(self, kind: EventType, at_ms: int, *, tab: str, reason: str = "") -> None:
        self.stage.tell(
            kind,
            at_ms,
            self.partition,
            self.truth.person.id,
            self.truth.id,
            self.generation,
            self.stage.request(self.ip, self.truth.user_agent),
            reason,
            TABS[tab if self.tells_tab else ""],
        )
