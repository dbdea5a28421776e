from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.device_proof import DeviceProofs
from service.domain.errors import AccountLockedError, ServiceUnavailableError
from service.domain.instants import to_ms, to_rfc3339
from service.domain.lockout import FREE_FAILURES
from service.domain.sessions import Origin
from service.store.event_log import EventLog
from service.store.failures import Attempt, Locked, SignInFailures


@dataclass(frozen=True, slots=True)
class Throttle:
    """Bounds how often anybody guesses what only a person knows: docs/brute-force.md.

    Every try is counted before it is looked at. Whoever looked then clears it, takes it back, or
    leaves it: a failure.
    """

    failures: SignInFailures
    proofs: DeviceProofs
    events: EventLog
    now_ms: Callable[[], int]

    @asynccontextmanager
    async def trying(
        self, email: str, origin: Origin, *, failed: EventType
    ) -> AsyncIterator[Attempt]:
        """One try, looked at within the block; one that could not be looked at does not count.

        Raises AccountLockedError, which the audit has as an event `failed`.
        """
        attempt = await self.failures.count(email, self._device(email, origin))
        if isinstance(attempt, Locked):
            await self.events.append(failed, origin, user_id=attempt.user_id or "", reason="locked")
            raise AccountLockedError(attempt.retry_after)
        try:
            yield attempt
        except ServiceUnavailableError:
            with suppress(ServiceUnavailableError):
                await self.failures.take_back(attempt)
            raise

    async def passed(self, attempt: Attempt, *, whole: bool) -> None:
        """It was right. `whole`: they have shown all that signing in takes, so nothing counts."""
        await (self.failures.clear if whole else self.failures.take_back)(attempt)

    def told(self, attempt: Attempt) -> Mapping[str, str]:
        """What a failure's event says besides: `locked_until`, of the one that begins a lock."""
        if attempt.number != FREE_FAILURES + 1 or attempt.locked_until is None:
            return {}
        return {"locked_until": to_rfc3339(to_ms(attempt.locked_until))}

    def _device(self, email: str, origin: Origin) -> bytes | None:
        nonce = self.proofs.read(origin.device_proof, email, now_ms=self.now_ms())
        if nonce is not None:
            return b"browser" + nonce
        return b"session" + origin.session_id.encode() if origin.session_id else None
