"""A wish to sign in: typos, wrong passwords, codes, and in most cases a session."""

from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.devices import device_label
from service.domain.sessions import Origin
from service.simulation.agents import Agent
from service.simulation.live import QUARTER_MS, Live
from service.simulation.stage import SECOND, Stage, partition_of
from service.simulation.truth import Failure, Flow, Person, Session

TRIES = 3


@dataclass(slots=True)
class SignIn:
    """One device's way in for one person."""

    stage: Stage
    person: Person
    partition: int
    agent: Agent
    ip: str

    def __call__(
        self, at_ms: int, *, practised: bool = False, disabled: bool = False
    ) -> Live | None:
        """Try; the session, or None where they gave up. `practised` ones make no mistake."""
        stage, plan = self.stage, self.stage.plan
        if not practised and stage.chance(plan.typos):
            self._mistype(at_ms)
            at_ms += stage.between(5 * SECOND, 30 * SECOND)
        if not stage.plays(at_ms):
            return None
        flow = Flow(self.person, self.agent.text, self._country, at_ms)
        stage.truth.flows.append(flow)
        if disabled:
            self._fail(flow, EventType.LOGIN_FAILED, at_ms, "disabled")
            return None
        wrong = 0
        while not practised and stage.chance(plan.wrong_password):
            self._fail(flow, EventType.LOGIN_FAILED, at_ms, "wrong_password")
            at_ms += stage.between(4 * SECOND, 60 * SECOND)
            wrong += 1
            if wrong == TRIES or not stage.plays(at_ms):
                return None
        return self._password_right(flow, at_ms)

    @property
    def _country(self) -> str:
        return self.person.country

    def _password_right(self, flow: Flow, at_ms: int) -> Live | None:
        flow.password_ms = at_ms
        if self.person.enrolled_ms is None or self.person.enrolled_ms >= at_ms:
            return self._open(flow, at_ms, "pwd", self._origin())
        stage = self.stage
        self._tell(EventType.MFA_CHALLENGED, at_ms)
        for _ in range(TRIES):
            at_ms += stage.between(5 * SECOND, 40 * SECOND)
            if not stage.plays(at_ms) or stage.chance(0.02):
                return None
            if not stage.chance(stage.plan.wrong_codes):
                break
            self._fail(flow, EventType.MFA_FAILED, at_ms, "wrong_code")
        else:
            return None
        flow.factor_ms = at_ms
        method, amr = (
            ("totp", "pwd otp mfa") if stage.chance(0.96) else ("recovery_code", "pwd mfa")
        )
        origin = self._origin()
        self._tell(EventType.MFA_SUCCEEDED, at_ms, method, origin)
        return self._open(flow, at_ms + 3, amr, origin)

    def _open(self, flow: Flow, at_ms: int, amr: str, origin: Origin) -> Live | None:
        stage = self.stage
        if not stage.plays(at_ms):
            return None
        flow.session_ms = at_ms
        session = Session(
            stage.session_id(self.partition),
            self.person,
            self.agent.text,
            self._country,
            amr,
            at_ms,
            [at_ms],
        )
        stage.truth.sessions.append(session)
        data: dict[str, object] = {"amr": amr, "device": device_label(self.agent.text)}
        stage.tell(
            EventType.LOGIN_SUCCEEDED,
            at_ms,
            self.partition,
            self.person.id,
            session.id,
            1,
            origin,
            data=data,
        )
        return Live(
            stage,
            session,
            self.partition,
            self.ip,
            self.agent.tells_tab,
            at_ms,
            at_ms // QUARTER_MS,
            stage.epoch(at_ms),
        )

    def _mistype(self, at_ms: int) -> None:
        """An address that nobody has: a wish of its own, as far as anybody can see."""
        flow = Flow(None, self.agent.text, self._country, at_ms)
        flow.failures.append(Failure(at_ms, "unknown_user"))
        self.stage.truth.flows.append(flow)
        origin = self._origin()
        self.stage.tell(
            EventType.LOGIN_FAILED,
            at_ms,
            partition_of("", origin),
            origin=origin,
            reason="unknown_user",
        )

    def _fail(self, flow: Flow, kind: EventType, at_ms: int, reason: str) -> None:
        flow.failures.append(Failure(at_ms, reason))
        self._tell(kind, at_ms, reason)

    def _tell(
        self, kind: EventType, at_ms: int, reason: str = "", origin: Origin | None = None
    ) -> None:
        self.stage.tell(
            kind,
            at_ms,
            self.partition,
            self.person.id,
            origin=origin or self._origin(),
            reason=reason,
        )

    def _origin(self) -> Origin:
        return self.stage.request(self.ip, self.agent.text)
