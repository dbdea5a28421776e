import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from service.contracts.events import EventType
from service.domain.device_proof import DeviceProofs
from service.domain.errors import AccountLockedError, ServiceUnavailableError
from service.domain.instants import to_ms, to_rfc3339
from service.domain.lockout import FREE_FAILURES
from service.domain.sessions import Origin
from service.domain.users import Account, email_key
from service.store.event_log import EventLog
from service.store.failures import Attempt, Locked, SignInFailures

AT_ONCE = 3
"""Tries of one account that a process looks at side by side; others wait here, not in SQL."""
ASKED_EVERY_SECONDS, ASKED_TIMES = 0.1, 30


@dataclass(slots=True)
class Try:
    """One try that is being looked at. Unless it `passed`, it was a failure."""

    attempt: Attempt
    passed: bool = False

    @property
    def account(self) -> Account | None:
        """Whose address it is."""
        return self.attempt.account

    def told(self) -> Mapping[str, str]:
        """What a failure's event says besides: `locked_until`, of the one that begins a lock."""
        attempt = self.attempt
        if attempt.number != FREE_FAILURES + 1 or attempt.locked_until is None:
            return {}
        return {"locked_until": to_rfc3339(to_ms(attempt.locked_until))}


@dataclass(frozen=True, slots=True)
class Throttle:
    """Bounds how often anybody guesses what only a person knows: docs/brute-force.md.

    Every try is counted before it is looked at, and stays a failure unless it `passed`.
    """

    failures: SignInFailures
    proofs: DeviceProofs
    events: EventLog
    now_ms: Callable[[], int]
    _queues: WeakValueDictionary[str, asyncio.Semaphore] = field(
        default_factory=WeakValueDictionary
    )

    @asynccontextmanager
    async def trying(self, email: str, origin: Origin, *, failed: EventType) -> AsyncIterator[Try]:
        """One try, looked at within the block; one that could not be looked at does not count.

        Raises AccountLockedError, which the audit has as an event `failed`.
        """
        queue = self._queues.setdefault(email_key(email), asyncio.Semaphore(AT_ONCE))
        async with queue:
            tried = Try(await self._count(email, origin, failed))
            try:
                yield tried
            except ServiceUnavailableError:
                with suppress(ServiceUnavailableError):
                    await self.failures.take_back(tried.attempt)
                raise
            if not tried.passed:
                await self.failures.leave(tried.attempt)

    async def passed(self, tried: Try, *, whole: bool) -> None:
        """It was right. `whole`: they have shown all that signing in takes, so nothing counts."""
        await (self.failures.clear if whole else self.failures.take_back)(tried.attempt)
        tried.passed = True

    async def proven(self, email: str, origin: Origin) -> None:
        """They have shown all that signing in takes, the last of it where no tries are counted."""
        await self.failures.forget(email, self._device(email, origin))

    async def _count(self, email: str, origin: Origin, failed: EventType) -> Attempt:
        device = self._device(email, origin)
        asked = 1
        while isinstance(attempt := await self.failures.count(email, device), Locked):
            if not attempt.undecided or asked == ASKED_TIMES:
                user_id = attempt.user_id or ""
                await self.events.append(failed, origin, user_id=user_id, reason="locked")
                raise AccountLockedError(attempt.retry_after)
            asked += 1
            await asyncio.sleep(ASKED_EVERY_SECONDS)
        return attempt

    def _device(self, email: str, origin: Origin) -> bytes | None:
        nonce = self.proofs.read(origin.device_proof, email, now_ms=self.now_ms())
        if nonce is not None:
            return b"browser" + nonce
        return b"session" + origin.session_id.encode() if origin.session_id else None
