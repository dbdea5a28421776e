"""No sweep ends or deletes a live session: real stores, clocks that jump, several workers.

A session is live by Redis's clock and what Redis knows of its last use; for one that Redis has
lost, by its row. Workers have clocks of their own, years off. Whatever Hypothesis does, what was
live before a sweep is live after it, and what has ended is told once and stays ended.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text

from service.domain.instants import to_datetime
from service.domain.sessions import EndReason, Rotation, Session, SessionPolicy
from service.embedded import EmbeddedServer
from service.store.database import Database, open_engine
from service.store.projection import project
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from service.store.sweeps import Sweeps
from tests.conftest import add_person
from tests.store.conftest import BEGIN_MS, ORIGIN, Clock, World
from tests.support.examples import examples
from tests.support.redis_answers import answer_of
from tests.support.waiting import PATIENCE
from workers.retention import SweepOld
from workers.sweep import SweepExpired

T = TypeVar("T")


HOUR_MS, DAY_MS = 3_600_000, 86_400_000
IDLE_MS, MAX_MS = DAY_MS, 5 * DAY_MS
KEEP = timedelta(days=2)
POLICY = SessionPolicy(
    access_ttl=timedelta(minutes=15),
    idle_ttl=timedelta(milliseconds=IDLE_MS),
    max_ttl=timedelta(milliseconds=MAX_MS),
    replay_window=timedelta(seconds=10),
)
STEPS_MS = st.sampled_from([1, HOUR_MS, HOUR_MS, HOUR_MS, IDLE_MS - 1, IDLE_MS, 3 * DAY_MS])
BACK_MS = st.sampled_from([1, HOUR_MS, DAY_MS, 30 * DAY_MS])
SKEWS_MS = st.sampled_from([0, 1, -HOUR_MS, DAY_MS, -400 * DAY_MS, 400 * DAY_MS])


@dataclass
class Known:
    """A session as the rules see it."""

    session: Session
    last: int
    generation: int = 1
    ended: bool = False
    lost: bool = False
    last_in_sql: int = 0


class SweepsAndUses(RuleBasedStateMachine):
    """One person's sessions, two workers."""

    redis_url = database_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = Clock(BEGIN_MS)
        self.sessions: list[Known] = []

    @initialize()
    def open_stores(self) -> None:
        self.run(self._open())
        for _ in range(2):  # Hypothesis leaves rules out, so that others get their turn
            self.the_person_signs_in()

    async def _open(self) -> None:
        redis = open_redis(self.redis_url, timeout=PATIENCE)
        self.engine = open_engine(self.database_url, connections=4)
        self.database = Database(self.engine)
        await self.sql("truncate sessions, audit_checkpoints, audit_heads")
        person = await add_person(self.database)
        self.world = World(redis, ScriptClient(redis, seconds=PATIENCE), self.clock, person.id)
        self.live = self.world.live(POLICY)
        self.records = SessionRecords(self.database)
        self.skew = [Clock(0), Clock(0)]
        self.sweepers = [
            SweepExpired(self.records, self.live, POLICY, self._worker_clock(n)) for n in (0, 1)
        ]

    def _worker_clock(self, n: int) -> Callable[[], int]:
        return lambda: max(self.clock.now_ms + self.skew[n].now_ms, 0)

    async def sql(self, statement: str, **values: object) -> list[Any]:
        async with self.database.transaction() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.run(self.world.scripts.aclose())
            self.run(self.world.redis.aclose())
            self.run(self.engine.dispose())
        self.runner.close()

    @rule()
    def the_person_signs_in(self) -> None:
        session = self.world.session()
        self.run(self.records.add(session, ORIGIN))
        self.run(self.live.open(session, self.world.account, ORIGIN))
        now = self.clock.now_ms
        self.sessions.append(Known(session, now, last_in_sql=now))

    @rule(step=STEPS_MS)
    def time_passes(self, step: int) -> None:
        self.clock.now_ms += step

    @rule(step=BACK_MS)
    def the_clock_of_redis_jumps_back(self, step: int) -> None:
        self.clock.now_ms -= step

    @rule(n=st.integers(0, 1), days=st.integers(1, 4))
    def the_audit_is_signed(self, n: int, days: int) -> None:
        """On so many days up to what a worker takes for today."""
        self.run(
            self.sql(
                "insert into audit_checkpoints (number, made_at, kid, body, signature) "
                "select coalesce((select max(number) from audit_checkpoints), 0) + 1 + n, "
                "cast(:now as timestamptz) - n * interval '1 day', '', '', '' "
                "from generate_series(0, :days - 1) n",
                now=to_datetime(self._worker_clock(n)()),
                days=days,
            )
        )

    @rule(data=st.data())
    def somebody_refreshes(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.sessions))
        alive = self._alive(known)
        outcome = self.run(self._refresh(known))
        assert (outcome in {Rotation.ROTATED, Rotation.RECOVERED}) is alive, outcome
        if alive:
            known.last, known.lost = self.clock.now_ms, False
            known.generation += 1
        elif not known.lost:
            known.ended = True

    async def _refresh(self, known: Known) -> Rotation:
        """What the use case does: rotate, or restore from the row and rotate."""
        for _ in range(2):
            rotated = await self.live.rotate(
                known.session.id, generation=known.generation, origin=ORIGIN
            )
            record = await self.records.find(known.session.id)
            if rotated.outcome is not Rotation.ABSENT or record is None or record.end_reason:
                break
            old = record.session
            if POLICY.over(
                created_ms=old.created_ms,
                last_used_ms=old.last_used_ms,
                now_ms=self.clock.now_ms,
            ):
                break
            await self.live.restore(old, generation=record.generation, request_id="")
        return rotated.outcome

    @rule(data=st.data())
    def somebody_signs_out(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.sessions))
        if self.run(self.records.end(known.session.id, EndReason.LOGOUT)):
            self.run(
                self.live.end(self.world.user_id, [known.session.id], EndReason.LOGOUT, ORIGIN)
            )
        known.ended = True
        self._set_instants_of_ends()

    @rule()
    def redis_loses_all_that_is_live(self) -> None:
        for known in self.sessions:
            if not known.ended:
                self.run(
                    answer_of(self.world.redis.delete(self.run(self.world.key(known.session))))
                )
                known.lost = True

    @rule()
    def the_worker_catches_up(self) -> None:
        async def catch_up() -> None:
            async with self.database.transaction() as connection:
                await project(connection, await self.world.events())

        self.run(catch_up())
        for known in self.sessions:
            known.last_in_sql = max(known.last_in_sql, known.last)

    @rule(who=st.sampled_from([(0,), (1,), (0, 1)]), skew=SKEWS_MS)
    def limits_are_swept(self, who: tuple[int, ...], skew: int = 0) -> None:
        """By one worker, or by two at once; the first has just had its clock set."""
        self.skew[who[0]].now_ms = skew
        before = {known.session.id for known in self.sessions if self._alive(known)}

        async def sweep() -> None:
            chosen = [self.sweepers[n] for n in who]
            await asyncio.gather(*(sweeper() for sweeper in chosen))

        self.run(sweep())
        self._set_instants_of_ends()
        ended = {
            each
            for (each,) in self.run(self.sql("select id from sessions where ended_at is not null"))
        }
        assert not before & ended
        for known in self.sessions:
            known.ended |= known.session.id in ended

    @rule(n=st.integers(0, 1))
    def old_rows_are_swept(self, n: int) -> None:
        before = {known.session.id for known in self.sessions if self._alive(known)}
        self.run(SweepOld(Sweeps(self.database, self._worker_clock(n)), None, KEEP)())
        left = {each for (each,) in self.run(self.sql("select id from sessions"))}
        assert before <= left
        unended = {known.session.id for known in self.sessions if not known.ended}
        assert unended <= left

    @invariant()
    def each_end_is_told_once(self) -> None:
        ends = {"session.expired", "session.ended"}
        told = Counter(
            event.session_id for event in self.run(self.world.events()) if event.type.value in ends
        )
        assert all(number == 1 for number in told.values()), told

    @invariant()
    def what_is_live_is_live_everywhere(self) -> None:
        for known in self.sessions:
            if self._alive(known):
                record = self.run(self.records.find(known.session.id))
                assert record is not None
                assert record.end_reason is None

    def _alive(self, known: Known) -> bool:
        last = known.last_in_sql if known.lost else known.last
        return not known.ended and not POLICY.over(
            created_ms=known.session.created_ms,
            last_used_ms=last,
            now_ms=self.clock.now_ms,
        )

    def _set_instants_of_ends(self) -> None:
        """SQL notes an end by the database's clock, which a test can't move: as if it could."""
        self.run(
            self.sql(
                "update sessions set ended_at = :now where ended_at > now() - interval '1 minute'",
                now=to_datetime(self.clock.now_ms),
            )
        )


@pytest.mark.server
def test_no_sweep_ends_a_live_session(valkey: EmbeddedServer, fresh_database: str) -> None:
    """Many lives of a few sessions each."""
    SweepsAndUses.redis_url, SweepsAndUses.database_url = valkey.url, fresh_database
    SweepsAndUses.TestCase.settings = examples(10, 200, stateful_step_count=40)
    SweepsAndUses.TestCase().runTest()


@pytest.mark.server
@pytest.mark.parametrize("lost", [True, False])
def test_a_worker_whose_clock_is_ahead(
    valkey: EmbeddedServer, fresh_database: str, lost: bool
) -> None:
    """The one step that matters most, by itself: all look overdue to it, and none is ended."""
    SweepsAndUses.redis_url, SweepsAndUses.database_url = valkey.url, fresh_database
    machine = SweepsAndUses()
    try:
        machine.open_stores()
        if lost:
            machine.redis_loses_all_that_is_live()
        machine.limits_are_swept((0,), skew=400 * DAY_MS)
        machine.what_is_live_is_live_everywhere()
        machine.time_passes(IDLE_MS)
        machine.limits_are_swept((0, 1))
        machine.limits_are_swept((1,))
        machine.each_end_is_told_once()
        assert all(known.ended for known in machine.sessions)
    finally:
        machine.teardown()
