"""The rotation against a plain model: many clients, lost answers, moving clocks, lost data.

The model is the table of DESIGN.md in Python. Whatever Hypothesis does to both, they must agree on
every outcome, every generation and every event, on a real Valkey.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.domain.sessions import EndReason, Rotation, SessionPolicy
from service.embedded import EmbeddedServer
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from tests.store.conftest import BEGIN_MS, ORIGIN, Clock, World
from tests.support.examples import examples
from tests.support.redis_answers import answer_of
from tests.support.waiting import PATIENCE

T = TypeVar("T")


QUARTER_MS = 900_000
BACKGROUND = '{"tab": "background"}'
WINDOW_MS, IDLE_MS, MAX_MS, CAP = 10_000, 3_600_000, 20_000_000, 10
POLICY = SessionPolicy(
    access_ttl=timedelta(minutes=15),
    idle_ttl=timedelta(milliseconds=IDLE_MS),
    max_ttl=timedelta(milliseconds=MAX_MS),
    replay_window=timedelta(milliseconds=WINDOW_MS),
)
STEPS_MS = st.sampled_from(
    [0, 1, WINDOW_MS, WINDOW_MS, WINDOW_MS + 1, WINDOW_MS + 1, 60_000, IDLE_MS - 1, IDLE_MS]
)


@dataclass(frozen=True)
class Model:
    """A live session as the rules see it."""

    g: int
    seen: int
    rotated: int
    last: int
    created: int
    replays: int = 0
    active: int | None = None
    """The last quarter of an hour with an activity that analysts count."""


class Rotations(RuleBasedStateMachine):
    """Drives one session and its model."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = Clock(BEGIN_MS)
        self.world = self.run(self._world())
        self.live = self.world.live(POLICY)
        self.expected: list[str] = []
        self._sign_in()

    def _sign_in(self) -> None:
        self.session = self.run(self.world.open(POLICY))
        now = self.clock.now_ms
        self.model: Model | None = Model(1, 0, now, now, now, active=now // QUARTER_MS)
        self.ended: EndReason | None = None
        self.in_sql = self.model
        self.minted = {1}
        self.expected.append("login.succeeded")

    async def _world(self) -> World:
        redis = open_redis(self.url, timeout=PATIENCE)
        return World(redis, ScriptClient(redis, seconds=PATIENCE), self.clock, str(uuid4()))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.world.scripts.aclose())
        self.run(self.world.redis.aclose())
        self.runner.close()

    @precondition(lambda self: self.ended is not None)
    @rule()
    def the_owner_signs_in_again(self) -> None:
        self._sign_in()

    @rule(step=STEPS_MS)
    def time_passes(self, step: int) -> None:
        self.clock.now_ms += step

    @rule(data=st.data(), tab=st.sampled_from(["", BACKGROUND]))
    def somebody_refreshes(self, data: st.DataObject, tab: str) -> None:
        """An owner, a second tab or a thief presents any token that was ever minted."""
        generation = self._draw(data)
        expected = self._expect_rotation(generation, seen=tab != BACKGROUND)

        rotated = self.run(
            self.live.rotate(self.session.id, generation=generation, origin=ORIGIN, data=tab)
        )

        assert (rotated.outcome, rotated.end_reason) == (expected, self._told(expected))
        if expected in {Rotation.ROTATED, Rotation.RECOVERED, Rotation.REPLAYED}:
            assert self.model is not None
            assert rotated.generation == self.model.g
            self.minted.add(rotated.generation)

    @rule(data=st.data())
    def somebody_uses_an_access_token(self, data: st.DataObject) -> None:
        generation = self._draw(data)
        m, now = self.model, self.clock.now_ms

        checked = self.run(
            self.live.check(self.session.id, self.world.user_id, generation=generation)
        )

        if self.ended or m is None:
            assert (checked.session, checked.end_reason) == (None, self.ended)
        elif overdue := self._overdue(m):
            assert checked.end_reason is overdue
        else:
            assert checked.session is not None
            last = now if now - m.last >= 60_000 else m.last
            if m.active != (quarter := now // QUARTER_MS):
                self.expected.append("session.used")
            self.model = replace(m, seen=max(m.seen, generation), last=last, active=quarter)

    @rule()
    def the_worker_catches_up(self) -> None:
        """SQL learns the generation and last use."""
        if self.model is not None:
            self.in_sql = self.model

    @precondition(lambda self: self.model is None or self.model.g > 3)
    @rule(reason=st.sampled_from([EndReason.LOGOUT, EndReason.REVOKED_ADMIN]))
    def somebody_ends_it(self, reason: EndReason) -> None:
        self.run(self.live.end(self.world.user_id, [self.session.id], reason, ORIGIN))
        if self.ended is None:
            self.expected.append("session.ended")
            self._end(reason)

    @precondition(lambda self: self.model is not None and self.model.g > 2)
    @rule()
    def redis_loses_the_session(self) -> None:
        self.run(answer_of(self.world.redis.delete(self.run(self.world.key(self.session)))))
        self.model = None

    @precondition(lambda self: self.ended is None)
    @rule()
    def sql_restores_it(self) -> None:
        """What RestoreSession does for a session that SQL calls live."""
        old = self.in_sql
        if self._overdue(old):
            return
        restored = self.run(
            self.live.restore(
                self.session._replace(last_used_ms=old.last), generation=old.g, request_id=""
            )
        )
        assert restored == (self.model is None)
        if restored:
            self.expected.append("session.restored")
            self.model = Model(old.g, old.g - 1, old.last, old.last, old.created)

    @rule()
    def the_sweep_comes(self) -> None:
        """It looks where SQL calls a session overdue, and ends none that Redis saw in use since."""
        row = self.in_sql
        reason = self._overdue(row)
        if reason is None:
            return
        m = self.model
        alive = m is not None and self._overdue(m) is None
        swept = self.run(self.live.sweep(self.session._replace(last_used_ms=row.last)))
        assert (swept.end_reason is None) is alive
        if alive:
            assert m is not None
            assert (swept.last_used_ms, swept.generation) == (m.last, m.g)
            self.in_sql = m
        elif self.ended is None:
            self.expected.append("session.expired")
            ended = reason if m is None else self._overdue(m)
            assert ended is not None
            self._end(ended)
        assert alive or swept.end_reason is self.ended

    @invariant()
    def it_said_exactly_what_happened(self) -> None:
        assert self.run(self.world.said()) == self.expected

    @invariant()
    def what_was_seen_is_never_ahead_of_what_was_made(self) -> None:
        if self.model is not None:
            assert self.model.g <= max(self.minted | {self.in_sql.g})

    def _draw(self, data: st.DataObject) -> int:
        """A minted generation, the newest few more often than the rest."""
        newest_first = sorted(self.minted, reverse=True)
        return data.draw(st.sampled_from([*newest_first[:2] * 4, *newest_first]))

    def _expect_rotation(self, generation: int, *, seen: bool) -> Rotation:
        m, now = self.model, self.clock.now_ms
        if self.ended:
            return Rotation.ENDED
        if m is None:
            return Rotation.ABSENT
        if overdue := self._overdue(m):
            self.expected.append("session.expired")
            self._end(overdue)
            return Rotation.ENDED
        if generation >= m.g:
            active = now // QUARTER_MS if seen else m.active
            self.model = Model(generation + 1, generation, now, now, m.created, active=active)
            recovered = generation > m.g
            self.expected.append("token.recovered" if recovered else "token.refreshed")
            return Rotation.RECOVERED if recovered else Rotation.ROTATED
        if generation == m.g - 1:
            in_window = now - m.rotated <= WINDOW_MS
            lost = m.seen < m.g and m.replays < CAP
            if in_window or lost:
                self.model = replace(
                    m,
                    seen=max(m.seen, generation),
                    last=now,
                    replays=m.replays + (0 if in_window else 1),
                )
                self.expected.append("token.replayed")
                return Rotation.REPLAYED
        self.expected.append("token.reuse_detected")
        self._end(EndReason.TOKEN_REUSE)
        return Rotation.REUSED

    def _told(self, outcome: Rotation) -> EndReason | None:
        return self.ended if outcome is Rotation.ENDED else None

    def _overdue(self, m: Model) -> EndReason | None:
        return POLICY.over(created_ms=m.created, last_used_ms=m.last, now_ms=self.clock.now_ms)

    def _end(self, reason: EndReason) -> None:
        self.ended, self.model = reason, None


@pytest.mark.server
def test_rotation_agrees_with_its_model(valkey: EmbeddedServer) -> None:
    """No sequence of events makes the script and the rules differ."""
    Rotations.url = valkey.url
    Rotations.TestCase.settings = examples(60, 1000, stateful_step_count=60)
    Rotations.TestCase().runTest()
