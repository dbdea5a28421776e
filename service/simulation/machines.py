"""Traffic that nobody sits behind: monitors that sign in, and guessers of passwords."""

from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.sessions import EndReason
from service.simulation.agents import STUFFER
from service.simulation.sign_in import SignIn
from service.simulation.stage import DAY, HOUR, MINUTE, SECOND, Stage, partition_of
from service.simulation.truth import Failure, Flow

LIMIT: dict[str, object] = {
    "policy": "login-ip",
    "counted_by": "ip",
    "limit": 600,
    "window_seconds": 60,
    "enforced": True,
}


@dataclass(slots=True)
class Monitor:
    """A script that proves every hour that people can sign in."""

    stage: Stage
    sign_in: SignIn
    minute: int

    def live(self, from_ms: int) -> None:
        """Spend a day of UTC."""
        for at_ms in range(from_ms + self.minute * MINUTE, from_ms + DAY, HOUR):
            if not self.stage.plays(at_ms):
                continue
            live = self.sign_in(at_ms, practised=True)
            if live is not None and self.stage.plays(at_ms + 10 * SECOND):
                origin = self.stage.request(self.sign_in.ip, self.sign_in.agent.text)
                live.end(at_ms + 10 * SECOND, EndReason.LOGOUT, origin)


@dataclass(slots=True)
class Stuffers:
    """Lists of stolen passwords, tried from rented machines."""

    stage: Stage
    bursts: int = 0

    def live(self, from_ms: int) -> None:
        """Spend a day of UTC."""
        often = self.stage.plan.stuffing
        for _ in range(int(often) + self.stage.chance(often % 1)):
            self._burst(from_ms + self.stage.between(0, DAY))

    def _burst(self, at_ms: int) -> None:
        stage, number = self.stage, self.bursts
        if not stage.plays(at_ms):
            return
        self.bursts += 1
        ip = f"10.90.{number // 256 % 256}.{number % 256}"
        flow = Flow(None, STUFFER.text, "", at_ms)
        stage.truth.flows.append(flow)
        for _ in range(stage.random.randrange(5, 60)):
            origin = stage.request(ip, STUFFER.text)
            flow.failures.append(Failure(at_ms, "unknown_user"))
            stage.tell(
                EventType.LOGIN_FAILED,
                at_ms,
                partition_of("", origin),
                origin=origin,
                reason="unknown_user",
            )
            at_ms += stage.between(100, 2 * SECOND)
            if not stage.plays(at_ms):
                return
        origin = stage.request(ip, STUFFER.text)
        stage.tell(
            EventType.LIMIT_EXCEEDED,
            at_ms,
            partition_of("", origin),
            origin=origin,
            reason=str(LIMIT["policy"]),
            data=LIMIT,
        )
