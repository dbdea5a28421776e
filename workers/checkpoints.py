"""Keeps the audit provable: chains what an older release stored, signs checkpoints, forgets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from service.outbound.checkpoint_sinks import CheckpointSink
from service.store.audit import AuditRecords
from service.store.checkpoints import Checkpoints
from service.store.ledger import Ledger
from service.store.person_keys import PersonKeys

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeepCheckpoints:
    """Make a checkpoint when one is due, and give the sink what it does not have."""

    audit: AuditRecords
    checkpoints: Checkpoints
    every: timedelta
    sink: CheckpointSink | None

    async def __call__(self) -> int | None:
        """The number of the checkpoint it made, if one was due."""
        for partition in await self.audit.behind():
            while adopted := await self.audit.adopt(partition):
                log.info("audit.adopted", partition=partition, rows=adopted)
        made = await self.checkpoints.make(unless_younger=self.every)
        if self.sink is not None:
            await deliver(self.checkpoints, self.sink)
        return None if made is None else made.number


async def deliver(ledger: Ledger[Any], sink: CheckpointSink) -> None:
    """Give a sink what it does not have; what it refuses, it is given again next time."""
    while waiting := await ledger.undelivered():
        for signed in waiting:
            try:
                await sink.deliver(signed)
            except OSError as error:
                log.error(  # noqa: TRY400 - one line says it
                    "audit.sink_refuses", number=signed.number, error=str(error)
                )
                return
            await ledger.note_delivered(signed.number)


@dataclass(frozen=True, slots=True)
class ForgetUnknown:
    """Destroy the keys of days that are over for long: whom they are about, nobody ever knew."""

    person_keys: PersonKeys
    keep: timedelta
    now_ms: Callable[[], int]

    async def __call__(self) -> int:
        """How many days it made unreadable."""
        forgotten = await self.person_keys.destroy_days(keep=self.keep, now_ms=self.now_ms())
        if forgotten:
            log.info("audit.days_forgotten", days=forgotten)
        return forgotten
