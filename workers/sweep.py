"""Ends what is over, and applies ends that Redis has not heard of. Due work is read from SQL."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

import structlog

from service.contracts import keys
from service.domain.sessions import MILLISECOND, Origin, Session, SessionPolicy
from service.store.health import RedisHealth
from service.store.live_sessions import LiveSessions
from service.store.script_client import ScriptClient
from service.store.session_records import EndedSession, SessionRecords

SECONDS = 20.0
"""After which a run leaves the rest to the next."""
SETTLING_MS = 15_000
"""An end this young is still on its way from its script through the stream."""
LAGGING_MS = 60_000
"""What is unread for so long may tell of an end whose tombstone is gone: it lives longer than this."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class SweepExpired:
    """End sessions past a limit. Redis has the last word: on when one was last used, and the time.

    A run that takes too long goes on where it was in the next, so that a worker whose clock is
    ahead, to which every session looks overdue, gets to all of them.
    """

    records: SessionRecords
    live: LiveSessions
    policy: SessionPolicy
    now_ms: Callable[[], int]
    seconds: float = SECONDS
    _after: str = ""

    async def __call__(self) -> int:
        """How many sessions it ended."""
        ended, over = 0, monotonic() + self.seconds
        while page := await self.records.overdue(
            policy=self.policy, now_ms=self.now_ms(), after=self._after
        ):
            for session in page:
                ended += await self._sweep_one(session)
            self._after = page[-1].id
            if monotonic() > over:
                break
        else:
            self._after = ""
        if ended:
            log.info("sweep.expired", ended=ended)
        return ended

    async def _sweep_one(self, session: Session) -> bool:
        swept = await self.live.sweep(session)
        if swept.end_reason is None:
            await self.records.note_use(
                session.id, generation=swept.generation, last_used_ms=swept.last_used_ms
            )
            return False
        return await self.records.end(session.id, swept.end_reason) is not None


@dataclass(frozen=True, slots=True)
class SweepConsumers:
    """Forget the names of workers that are gone; each start of one leaves a name on every stream."""

    scripts: ScriptClient
    idle: timedelta

    async def __call__(self) -> int:
        """How many names it dropped."""
        replies = [
            await self.scripts.run(
                "consumers_sweep",
                events=keys.events(partition),
                group=keys.EVENT_GROUP,
                idle_ms=self.idle // MILLISECOND,
            )
            for partition in range(keys.PARTITIONS)
        ]
        swept = sum(int(reply[1]) for reply in replies)
        if swept:
            log.info("sweep.consumers", swept=swept)
        return swept


@dataclass(slots=True)
class ReapplyEnds:
    """Put tombstones back that another Redis than before may have lost; the audit has their ends."""

    health: RedisHealth
    records: SessionRecords
    live: LiveSessions
    reach: timedelta
    now_ms: Callable[[], int]
    _seen: str = ""

    async def __call__(self) -> None:
        """Do it when the server's history of writes is not the one seen last."""
        replication_id = await self.health.replication_id()
        if replication_id == self._seen:
            return
        since_ms = self.now_ms() - self.reach // MILLISECOND
        ends = await self.records.ended_since(since_ms, applied=True)
        for ended in ends:
            await self.live.end(ended.user_id, [ended.id], ended.end_reason, Origin(), silent=True)
        self._seen = replication_id
        log.info("sweep.reapplied_ends", reapplied=len(ends))


@dataclass(frozen=True, slots=True)
class ApplyEnds:
    """Tell Redis of ends that were committed while it was away; the event comes with it.

    An end that Redis knows of and whose event was deleted before it was stored is told once more.
    `oldest_ms` is when the oldest event was written that no table holds yet.
    """

    records: SessionRecords
    live: LiveSessions
    oldest_ms: Callable[[], Awaitable[int | None]]
    now_ms: Callable[[], int]
    settling_ms: int = SETTLING_MS

    async def __call__(self) -> int:
        """How many ends it applied; not those whose event may be among the unread."""
        ends = await self._due()
        gone = [ended for ended in ends if await self._tell(ended)]
        if gone:
            # Stored before it left its stream, or lost: only now does SQL know which.
            unstored = {ended.id for ended in await self._due()}
            for ended in gone:
                if ended.id in unstored:
                    await self._tell(ended, again=True)
                    log.warning("sweep.end_told_again", session_id=ended.id)
        if ends:
            log.info("sweep.applied_ends", applied=len(ends))
        return len(ends)

    async def _due(self) -> list[EndedSession]:
        now_ms, oldest_ms = self.now_ms(), await self.oldest_ms()
        return [
            ended
            for ended in await self.records.unapplied(before_ms=now_ms - self.settling_ms)
            if ended.ended_ms > now_ms - LAGGING_MS
            or oldest_ms is None
            or oldest_ms > ended.ended_ms
        ]

    async def _tell(self, ended: EndedSession, *, again: bool = False) -> bool:
        """Whether Redis knew of the end, and its event is on no stream."""
        return bool(
            await self.live.end(ended.user_id, [ended.id], ended.end_reason, Origin(), again=again)
        )
