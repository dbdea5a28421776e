"""An audit of months, written by a clock that a test moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_bytes, token_hex

from service.contracts.events import Event, EventType
from service.domain.instants import to_ms
from service.domain.secrets import at_rest
from service.domain.stub import Stub
from service.store.audit import AuditRecords, StreamedEvent
from service.store.audit_retention import AuditRetention
from service.store.checkpoints import Checkpoints
from service.store.stubs import Stubs
from tests.audit.conftest import PARTITIONS, Books
from tests.conftest import SECRET_KEY
from tests.store.conftest import Clock

KEEP = timedelta(days=60)
PEOPLE = ("ada", "bob", "")


@dataclass(frozen=True)
class Archive:
    """The books, and who writes, signs and drops by one clock."""

    books: Books
    clock: Clock
    audit: AuditRecords
    checkpoints: Checkpoints
    stubs: Stubs
    retention: AuditRetention

    async def write(self, month: int, day: int, *, partitions: Sequence[int] = PARTITIONS) -> None:
        """Two events of each of three people a partition, and a checkpoint."""
        self.clock.now_ms = to_ms(datetime(2026, month, day, 12, tzinfo=UTC))
        for partition in partitions:
            await self.audit.record(partition, self.events())
        await self.checkpoints.make()

    def events(self) -> list[StreamedEvent]:
        """Now."""
        at_ms = self.clock.now_ms
        return [
            StreamedEvent(
                f"{at_ms}-{n}",
                Event(
                    type=EventType.LOGIN_SUCCEEDED,
                    at_ms=at_ms,
                    user_id=PEOPLE[n % 3],
                    ip="203.0.113.7",
                    request_id=token_hex(4),
                    data={"amr": ["pwd"], "device": "a phone"},
                ),
            )
            for n in range(6)
        ]

    async def write_months(self, last: int) -> None:
        """Three days of each month from January on: 36 rows a month."""
        for month in range(1, last + 1):
            for day in (26, 27, 28):
                await self.write(month, day)

    async def drop(self, keep: timedelta = KEEP) -> Stub | None:
        """What the job does."""
        return await self.retention.drop_oldest(keep=keep)

    async def drop_all(self) -> list[Stub]:
        """All that is due."""
        stubs = []
        while (stub := await self.drop()) is not None:
            stubs.append(stub)
        return stubs

    async def exported(self) -> list[str]:
        """What a sink would have."""
        lines = [each.to_line() async for each in self.checkpoints.all()]
        return lines + [each.to_line() async for each in self.stubs.all()]


def archive_on(books: Books) -> Archive:
    """An empty one."""
    clock = Clock(0)
    checkpoints = Checkpoints(books.database, at_rest([SECRET_KEY], token_bytes), clock)
    stubs = Stubs(books.database)
    return Archive(
        books,
        clock,
        AuditRecords(books.database, books.person_keys, clock),
        checkpoints,
        stubs,
        AuditRetention(books.database, checkpoints, stubs, clock),
    )
