"""The job: months ahead, months gone, each told and given to the sink."""

import json
from datetime import timedelta
from pathlib import Path

from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.events import Event, EventType
from service.domain.stub import Stub
from service.outbound.checkpoint_sinks import FileSink
from service.store.audit_months import AuditMonths, read_months
from service.store.event_log import EventLog
from service.store.script_client import ScriptClient
from tests.audit.archive import KEEP, Archive, archive_on
from tests.audit.conftest import Books
from workers.retention import KeepMonths


def job(archive: Archive, scripts: ScriptClient, keep: timedelta | None, sink: Path) -> KeepMonths:
    months = AuditMonths(archive.books.database, archive.clock)
    return KeepMonths(months, archive.retention, keep, EventLog(scripts), FileSink(sink))


async def told(redis: Redis) -> list[Event]:
    """Of months that were dropped, by whichever test."""
    found = [
        Event.read(fields)
        for p in range(keys.PARTITIONS)
        for _, fields in await redis.xrange(keys.events(p))
    ]
    return [event for event in found if event.type is EventType.AUDIT_MONTH_DROPPED]


async def test_every_month_that_is_due(
    books: Books, scripts: ScriptClient, redis: Redis, tmp_path: Path
) -> None:
    """Dropped, told and delivered once, however often it runs; none without a retention."""
    archive = archive_on(books)
    await archive.write_months(5)
    sink = tmp_path / "sink"
    before = await told(redis)
    assert await job(archive, scripts, None, sink)() == 0
    assert not sink.exists()
    assert await job(archive, scripts, KEEP, sink)() == 2
    assert await job(archive, scripts, KEEP, sink)() == 0
    lines = [Stub.from_line(line) for line in sink.read_text().splitlines()]
    assert [(stub.number, stub.month) for stub in lines] == [(1, "2026-01"), (2, "2026-02")]
    new = [event for event in await told(redis) if event not in before]
    assert sorted((event.data["month"], event.data["rows"]) for event in new) == [
        ("2026-01", 36),
        ("2026-02", 36),
    ]
    assert {event.reason for event in new} == {"retention"}
    async with books.database.transaction() as connection:
        names = [month.table for month in await read_months(connection)]
    assert names == [f"audit_log_2026_{month:02d}" for month in range(3, 9)]
    assert (await books.verify(exported=sink.read_text().splitlines())).flaws == ()


async def test_what_was_not_told_is_told_later(
    books: Books, scripts: ScriptClient, redis: Redis, tmp_path: Path
) -> None:
    """A worker that died after the drop: another tells, and delivers to a sink that was away."""
    archive = archive_on(books)
    await archive.write_months(5)
    assert await archive.drop()
    before = len(await told(redis))
    away = job(archive, scripts, None, tmp_path / "nowhere" / "sink")
    assert await away() == 0
    assert len(await told(redis)) == before + 1
    assert len(await archive.stubs.undelivered()) == 1
    assert await job(archive, scripts, None, tmp_path / "sink")() == 0
    assert len(await told(redis)) == before + 1
    [line] = (tmp_path / "sink").read_text().splitlines()
    assert json.loads(json.loads(line)["body"])["format"] == "inphora-stub-1"


async def test_a_month_that_must_stay_stops_nothing_else(
    books: Books, scripts: ScriptClient, redis: Redis, tmp_path: Path
) -> None:
    """It is said in the log; the rest of the job is done."""
    archive = archive_on(books)
    await archive.write_months(5)
    await books.sql("delete from audit_log where partition = 3 and seq = 5")
    assert await job(archive, scripts, KEEP, tmp_path / "sink")() == 0
    assert await archive.stubs.latest() is None
