"""Months ahead, months that go, and rows that nobody needs any more (docs/operations.md#retention).

What is due is read from SQL, so a missed tick costs nothing; several workers share the work.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic

import structlog

from service.contracts.events import EventType
from service.domain.sessions import Origin
from service.domain.stub import Stub
from service.outbound.checkpoint_sinks import CheckpointSink
from service.store.audit_months import AuditMonths
from service.store.audit_retention import AuditRetention, MonthKeptError
from service.store.event_log import EventLog
from service.store.retention_clock import ClockDoubtfulError
from service.store.sweeps import BATCH, LINK_TABLES, Sweeps
from workers.checkpoints import deliver

SECONDS = 20.0
"""After which a sweep leaves the rest for its next run."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeepMonths:
    """Make the audit's months ahead, drop those that are over for long enough, tell of it."""

    months: AuditMonths
    retention: AuditRetention
    keep: timedelta | None
    events: EventLog
    sink: CheckpointSink | None

    async def __call__(self) -> int:
        """How many months it dropped."""
        await self.months.make_ahead()
        dropped = 0 if self.keep is None else await self._drop(self.keep)
        for stub in await self.retention.stubs.untold():
            await self._tell(stub)
            await self.retention.stubs.note_told(stub.number)
        if self.sink is not None:
            await deliver(self.retention.stubs, self.sink)
        return dropped

    async def _drop(self, keep: timedelta) -> int:
        dropped = 0
        try:
            while (stub := await self.retention.drop_oldest(keep=keep)) is not None:
                log.info("retention.month_dropped", month=stub.month, rows=stub.rows)
                dropped += 1
        except (MonthKeptError, ClockDoubtfulError) as kept:
            log.error("retention.month_kept", why=str(kept))  # noqa: TRY400 - one line says it
        return dropped

    async def _tell(self, stub: Stub) -> None:
        data = {
            "month": stub.month,
            "rows": stub.rows,
            "stub": stub.number,
            "held": sum(held.rows for held in stub.held.values()),
        }
        origin = Origin(request_id=f"stub-{stub.number}")
        await self.events.append(
            EventType.AUDIT_MONTH_DROPPED, origin, reason="retention", data=data
        )


@dataclass(frozen=True, slots=True)
class SweepOld:
    """Delete what is past its time, a batch a statement, for some seconds a run; `audit` None: never."""

    sweeps: Sweeps
    audit: timedelta | None
    sessions: timedelta
    seconds: float = SECONDS

    async def __call__(self) -> Mapping[str, int]:
        """How many rows of each kind it deleted."""
        over = monotonic() + self.seconds
        kinds: dict[str, Callable[[], Awaitable[int]]] = {
            **{t.name: partial(self.sweeps.expired_links, t) for t in LINK_TABLES},
            "sessions": partial(self.sweeps.ended_sessions, keep=self.sessions),
            "letters": self.sweeps.replayed_letters,
            "held": self.sweeps.released_rows,
            "failures": self.sweeps.old_failures,
            "devices": self.sweeps.expired_devices,
        }
        if self.audit is not None:
            kinds["holds"] = partial(self.sweeps.released_holds, keep=self.audit)
        swept = {}
        try:
            for name, sweep in kinds.items():
                if rows := await _until(over, sweep):
                    swept[name] = rows
        except ClockDoubtfulError as doubt:
            log.warning("retention.nothing_swept", why=str(doubt))
        if swept:
            log.info("retention.swept", **swept)
        return swept


async def _until(over: float, sweep: Callable[[], Awaitable[int]]) -> int:
    """Sweep until there is little left, or the time is over; each kind has one turn at least."""
    swept = rows = await sweep()
    while rows == BATCH and monotonic() < over:
        rows = await sweep()
        swept += rows
    return swept
