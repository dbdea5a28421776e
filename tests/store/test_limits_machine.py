"""Rate limits against a plain model: a list of when each admitted request came.

The exact form must decide as the model does. The coarse forms, in Redis and in memory, must refuse
whatever a true sliding window refuses, and admit whatever a window an eighth longer admits.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from service.domain.rate_limits import EXACT_UP_TO, LimitPolicy, Standing
from service.embedded import EmbeddedServer
from service.store.limit_windows import LimitWindows
from service.store.local_windows import LocalWindows
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from tests.store.conftest import BEGIN_MS, Clock
from tests.support.examples import examples
from tests.support.waiting import PATIENCE

BUCKET_MS = 100_000
WINDOW_MS, WIDE_MS = 8 * BUCKET_MS, 9 * BUCKET_MS
"""The store forgets by its own clock: a window is longer than any example."""
STEPS_MS = st.sampled_from(
    [0, 1, 1000, BUCKET_MS // 2, 20 * BUCKET_MS, WIDE_MS]
    + [edge + off for edge in (BUCKET_MS, 4 * BUCKET_MS, WINDOW_MS) for off in (-1, 0, 1)]
)
CALLERS = st.sampled_from(["x", "y"])


@dataclass
class Model:
    """One caller's admitted requests, and when a refusal was last told."""

    admitted: list[int] = field(default_factory=list)
    told: int | None = None

    def within(self, now: int, window_ms: int) -> list[int]:
        return [at for at in self.admitted if now - at < window_ms]


class Windows(RuleBasedStateMachine):
    """Drives one policy and its model."""

    limit = 3

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(BEGIN_MS)
        self.models = {"x": Model(), "y": Model()}
        self.policy = LimitPolicy(
            name=f"t-{token_hex(6)}",
            routes=(),
            key=("ip",),
            limit=self.limit,
            window=timedelta(milliseconds=WINDOW_MS),
        )

    def take(self, caller: str) -> Standing:
        raise NotImplementedError

    def check(self, model: Model, standing: Standing) -> None:
        raise NotImplementedError

    @rule(step=STEPS_MS)
    def time_passes(self, step: int) -> None:
        self.clock.now_ms += step

    @rule(caller=CALLERS)
    def somebody_asks(self, caller: str) -> None:
        self.ask(caller)

    def ask(self, caller: str) -> Standing:
        model, now, standing = self.models[caller], self.clock.now_ms, self.take(caller)
        self.check(model, standing)
        if standing.admitted:
            assert not standing.first_refusal
            model.admitted.append(now)
        elif standing.first_refusal:
            assert model.told is None or now - model.told >= WINDOW_MS
            model.told = now
        else:
            assert model.told is not None
        assert len(model.within(now, WINDOW_MS)) <= self.limit
        return standing

    @rule(caller=CALLERS, times=st.integers(1, 6))
    def somebody_asks_often(self, caller: str, times: int) -> None:
        for _ in range(max(times * self.limit // 4, 1)):
            self.ask(caller)

    @rule(caller=CALLERS)
    def somebody_waits_as_told(self, caller: str) -> None:
        standing = self.ask(caller)
        if not standing.admitted:
            self.clock.now_ms += standing.reset_ms - 1
            assert not self.ask(caller).admitted
            self.clock.now_ms += 1
            assert self.ask(caller).admitted

    def check_exact(self, model: Model, standing: Standing) -> None:
        now = self.clock.now_ms
        counted = model.within(now, WINDOW_MS)
        assert standing.admitted == (len(counted) < self.limit)
        if standing.admitted:
            assert standing.remaining == self.limit - len(counted) - 1
            counted = [*counted, now]
        assert standing.reset_ms == WINDOW_MS - (now - counted[0])

    def check_coarse(self, model: Model, standing: Standing) -> None:
        now = self.clock.now_ms
        counted, wide = model.within(now, WINDOW_MS), model.within(now, WIDE_MS)
        if len(counted) >= self.limit:
            assert not standing.admitted
        if len(wide) < self.limit:
            assert standing.admitted
        if standing.admitted:
            fewest, most = self.limit - len(wide) - 1, self.limit - len(counted) - 1
            assert fewest <= standing.remaining <= most
        assert 0 < standing.reset_ms <= WIDE_MS


class InRedis(Windows):
    """Windows in a real Valkey."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.redis = open_redis(self.url, timeout=PATIENCE)
        self.scripts = ScriptClient(self.redis, seconds=PATIENCE)
        self.windows = LimitWindows(self.scripts, ticks_ms=self.clock, clock=self.clock)

    def teardown(self) -> None:
        self.runner.run(self.scripts.aclose())
        self.runner.run(self.redis.aclose())
        self.runner.close()

    def take(self, caller: str) -> Standing:
        async def take() -> Standing:
            return await self.windows.settle(self.windows.ask(self.policy, caller))

        return self.runner.run(take())

    @rule()
    def the_process_is_replaced(self) -> None:
        self.windows.forget()


class Exact(InRedis):
    check = Windows.check_exact


class Coarse(InRedis):
    limit = EXACT_UP_TO + 2
    check = Windows.check_coarse


class InMemory(Windows):
    """Windows of a process by itself."""

    limit = 5
    check = Windows.check_coarse

    def __init__(self) -> None:
        super().__init__()
        self.windows = LocalWindows(ticks_ms=self.clock)

    def take(self, caller: str) -> Standing:
        return self.windows.take(self.policy, caller)


def run(machine: type[Windows], *, few: int, many: int, steps: int) -> None:
    machine.TestCase.settings = examples(few, many, stateful_step_count=steps)
    machine.TestCase().runTest()


@pytest.mark.server
@pytest.mark.parametrize(
    ("machine", "few", "many", "steps"),
    [
        pytest.param(Exact, 60, 500, 40, id="the exact form decides as the model"),
        pytest.param(Coarse, 15, 100, 15, id="the coarse form within its bound"),
    ],
)
def test_redis_agrees_with_the_model(
    valkey: EmbeddedServer, machine: type[Any], few: int, many: int, steps: int
) -> None:
    """No sequence of requests and waits makes them differ."""
    machine.url = valkey.url
    run(machine, few=few, many=many, steps=steps)


def test_memory_agrees_with_the_model() -> None:
    """The form of a process by itself keeps the same bound."""
    run(InMemory, few=60, many=1000, steps=50)
