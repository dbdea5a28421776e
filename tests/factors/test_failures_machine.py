"""Counting failures in a row, against a plain model, on a real PostgreSQL.

Tries begin and end in any order, as requests do; time passes by moving the rows into the past.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from sqlalchemy import update

from service.contracts.factor_tables import sign_in_failures
from service.domain.lockout import DELAYS, FREE_FAILURES, MAX_FAILURES, NOTHING_HELPS
from service.embedded import EmbeddedServer
from service.store.database import Database, open_engine
from service.store.failures import Attempt, Locked, SignInFailures
from tests.support.examples import examples

WAITS = st.sampled_from([timedelta(seconds=1), *(timedelta(minutes=m) for m in (1, 2, 5, 16))])
COUNTERS = st.sampled_from([None, b"a device", b"another"])


def delay_after(failures: int) -> timedelta:
    """How long nothing is tried after so many failures in a row, as the page says it."""
    if failures <= FREE_FAILURES:
        return timedelta()
    return DELAYS[min(failures - FREE_FAILURES, len(DELAYS)) - 1]


@dataclass
class Counter:
    """What is known of one: failures in a row, and how long it is closed for."""

    failures: int = 0
    closed: timedelta = timedelta()
    under_way: list[Attempt] = field(default_factory=list)


class Counting(RuleBasedStateMachine):
    """An address that nobody has: an account changes nothing in how it is counted."""

    runner: asyncio.Runner
    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.email = f"{token_hex(8)}@nobody.example"
        self.failures = SignInFailures(self.database, b"k" * 32)
        self.models: dict[bytes | None, Counter] = {}

    def model(self, device: bytes | None) -> Counter:
        return self.models.setdefault(device, Counter())

    @rule(device=COUNTERS, times=st.integers(1, 8))
    def somebody_tries(self, device: bytes | None, times: int) -> None:
        for _ in range(times):
            self.begin(device)

    def begin(self, device: bytes | None) -> None:
        model = self.model(device)
        said = self.runner.run(self.failures.count(self.email, device))
        if model.failures >= MAX_FAILURES:
            assert isinstance(said, Locked)
            assert said.retry_after == NOTHING_HELPS
        elif model.closed:
            assert isinstance(said, Locked)
            over = model.closed - said.retry_after
            assert timedelta() <= over < timedelta(seconds=50), "the tests' own time"
        else:
            assert isinstance(said, Attempt)
            model.failures += 1
            model.closed = delay_after(model.failures)
            model.under_way.append(said)
            assert said.number == model.failures
            assert (said.locked_until is not None) == (model.failures > FREE_FAILURES)

    @precondition(lambda self: any(m.under_way for m in self.models.values()))
    @rule(data=st.data(), right=st.booleans())
    def one_was_half_right(self, data: st.DataObject, *, right: bool) -> None:
        """A password beside a second factor: no failure, and no sign-in."""
        model = data.draw(st.sampled_from([m for m in self.models.values() if m.under_way]))
        attempt = data.draw(st.sampled_from(model.under_way))
        model.under_way.remove(attempt)
        if not right:
            self.runner.run(self.failures.leave(attempt))
            return
        self.runner.run(self.failures.take_back(attempt))
        if model.failures == 0:  # it was cleared since
            return
        if attempt.number == model.failures or model.failures - 1 <= FREE_FAILURES:
            model.closed = timedelta()
        model.failures -= 1

    @precondition(lambda self: any(m.under_way for m in self.models.values()))
    @rule(data=st.data())
    def one_signed_in(self, data: st.DataObject) -> None:
        model = data.draw(st.sampled_from([m for m in self.models.values() if m.under_way]))
        self.runner.run(self.failures.clear(model.under_way.pop()))
        model.failures, model.closed = 0, timedelta()

    @rule(wait=WAITS)
    def time_passes(self, wait: timedelta) -> None:
        self.runner.run(self.shift(wait))
        for model in self.models.values():
            model.closed = max(model.closed - wait, timedelta())

    @rule(device=COUNTERS)
    def there_were_many_before(self, device: bytes | None) -> None:
        """As after a night of guessing."""
        self.begin(device)
        model = self.model(device)
        self.runner.run(self.set(device, MAX_FAILURES - 2))
        model.failures, model.closed = MAX_FAILURES - 2, timedelta()
        model.under_way.clear()

    async def set(self, device: bytes | None, failures: int) -> None:
        of = sign_in_failures.c
        async with self.database.transaction() as connection:
            await connection.execute(
                update(sign_in_failures)
                .where(of.subject == self.failures._subject(self.email, device))
                .values(failures=failures, locked_until=None)
            )

    async def shift(self, wait: timedelta) -> None:
        of = sign_in_failures.c
        mine = [self.failures._subject(self.email, device) for device in self.models]
        async with self.database.transaction() as connection:
            await connection.execute(
                update(sign_in_failures)
                .where(of.subject.in_(mine))
                .values(locked_until=of.locked_until - wait)
            )


def test_failures_agree_with_the_model(postgres: EmbeddedServer) -> None:
    """ASVS 6.1.1, SP 800-63B-4 §3.2.2: no order of tries, ends and waits makes them differ."""
    with asyncio.Runner() as runner:
        engine = open_engine(postgres.url, connections=1)
        Counting.runner, Counting.database = runner, Database(engine)
        Counting.TestCase.settings = examples(8, 100, stateful_step_count=20)
        try:
            Counting.TestCase().runTest()
        finally:
            runner.run(engine.dispose())


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 0), (5, 0), (6, 1), (7, 2), (8, 4), (9, 8), (10, 15), (99, 15)]
)
def test_delays_grow(failures: int, minutes: int) -> None:
    """ASVS 6.1.1: five tries are free; then 1, 2, 4, 8 and always 15 minutes."""
    assert delay_after(failures) == timedelta(minutes=minutes)


def test_a_hundred_tries_take_almost_a_day() -> None:
    """SP 800-63B-4 §3.2.2: not more than a hundred in a row, and those slowly: the promise of docs/brute-force.md."""
    assert sum((delay_after(n) for n in range(1, MAX_FAILURES)), timedelta()) > timedelta(hours=22)
