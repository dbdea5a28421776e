"""Rate limits in Redis: windows that all processes share."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from service.contracts import keys
from service.domain.rate_limits import LimitPolicy, Standing
from service.store.live_sessions import STORE_CLOCK
from service.store.script_client import Reply, ScriptClient

MAX_CLOSED = 10_000


class Question(NamedTuple):
    """A request that waits for its window's answer."""

    policy: LimitPolicy
    subject: str
    answer: asyncio.Future[Reply] | Standing


class LimitWindows:
    """Counts in Redis. Raises ServiceUnavailableError while it is away.

    What Redis refused cannot be admitted before `reset_ms`, by any process: until then this one
    remembers it and refuses by itself, so that a flood costs Redis nothing.
    """

    def __init__(
        self,
        scripts: ScriptClient,
        *,
        ticks_ms: Callable[[], int],
        clock: Callable[[], int] = lambda: STORE_CLOCK,
    ) -> None:
        self._scripts = scripts
        self._ticks_ms = ticks_ms
        self._clock = clock
        self._closed: dict[str, int] = {}

    def ask(self, policy: LimitPolicy, subject: str) -> Question:
        """Send one request's question now; what else is sent in this turn travels with it."""
        key = keys.rate_limit(policy.name, subject)
        left = self._closed_for(key)
        if left > 0:
            shut = Standing(policy=policy, admitted=False, remaining=0, reset_ms=left)
            return Question(policy, subject, shut)
        reply = self._scripts.run(
            "rate_limit",
            window=key,
            limit=policy.limit,
            window_ms=policy.window_ms,
            form="exact" if policy.exact else "coarse",
            now_ms=self._clock(),
        )
        return Question(policy, subject, reply)

    async def settle(self, question: Question) -> Standing:
        """The answer. Raises ServiceUnavailableError."""
        if isinstance(question.answer, Standing):
            return question.answer
        outcome, remaining, reset_ms = await question.answer
        standing = Standing(
            policy=question.policy,
            admitted=outcome == b"admitted",
            remaining=remaining,
            reset_ms=reset_ms,
            first_refusal=outcome == b"exceeded",
        )
        if not standing.admitted:
            self._close(keys.rate_limit(question.policy.name, question.subject), reset_ms)
        return standing

    def forget(self) -> None:
        """Ask Redis about everybody again, as when policies have changed."""
        self._closed.clear()

    def _closed_for(self, key: str) -> int:
        until = self._closed.get(key)
        if until is None:
            return 0
        left = until - self._ticks_ms()
        if left <= 0:
            del self._closed[key]
        return left

    def _close(self, key: str, reset_ms: int) -> None:
        if len(self._closed) >= MAX_CLOSED:
            del self._closed[next(iter(self._closed))]
        self._closed[key] = self._ticks_ms() + reset_ms
