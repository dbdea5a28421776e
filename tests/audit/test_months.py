"""A month is a table: made by whoever needs it first, one run of each chain, exactly once all the same."""

import asyncio
from datetime import UTC, datetime
from random import Random

import pytest
from alembic import command
from alembic.config import Config
from asyncpg import UndefinedTableError

from service.contracts.events import Event, EventType
from service.domain.instants import to_ms
from service.store.audit import AuditRecords, StreamedEvent
from service.store.audit_months import AuditMonths, make_month, read_months
from service.store.migrations.run import migrate
from tests.audit.conftest import Books, some_events
from tests.audit.test_records import old_rows
from tests.store.conftest import Clock
from tests.support.waiting import PATIENCE

OCTOBER = to_ms(datetime(2025, 10, 31, 23, 59, tzinfo=UTC))
NOVEMBER = to_ms(datetime(2025, 11, 1, 0, 1, tzinfo=UTC))
DAY_MS = 86_400_000
TABLES = "select tableoid::regclass::text, count(*) from audit_log group by 1 order by 1"


def records(books: Books, clock: Clock) -> AuditRecords:
    """A worker that has this clock."""
    return AuditRecords(books.database, books.person_keys, clock)


def at(ms: int, *ns: int) -> list[StreamedEvent]:
    """Entries that came to their stream at an instant."""
    return [
        StreamedEvent(f"{ms}-{n}", Event(type=EventType.LOGIN_FAILED, at_ms=ms, request_id=f"{n}"))
        for n in ns
    ]


async def test_an_entry_that_comes_again_after_the_month_has_turned(books: Books) -> None:
    """No constraint spans two months; what is asked for under the head's lock does."""
    clock = Clock(OCTOBER)
    audit = records(books, clock)
    assert await audit.record(3, at(OCTOBER, 1, 2)) == 2
    clock.now_ms = NOVEMBER
    assert await audit.record(3, at(OCTOBER, 1, 2, 3)) == 1
    assert await audit.record(3, at(OCTOBER, 1, 2, 3)) == 0
    assert await books.sql(TABLES) == [("audit_log_2025_10", 2), ("audit_log_2025_11", 1)]
    assert (await books.verify()).flaws == ()


async def test_an_entry_of_a_clock_far_ahead_or_long_ago(books: Books) -> None:
    """Whatever an id says: years ahead of the recorder, weeks old, or not an id of Redis at all."""
    clock = Clock(OCTOBER)
    audit = records(books, clock)
    entries = [at(OCTOBER + 400 * DAY_MS, 1), at(OCTOBER - 40 * DAY_MS, 2)]
    odd = [at(OCTOBER, 3)[0]._replace(stream_id="odd")]
    for batch in (*entries, odd):
        assert await audit.record(3, batch) == 1
    clock.now_ms = NOVEMBER
    for batch in (*entries, odd):
        assert await audit.record(3, batch) == 0


async def test_a_month_that_nobody_made(books: Books) -> None:
    """Whoever misses it makes it, several at once; the job that makes months ahead does no harm."""
    clock = Clock(to_ms(datetime(2024, 2, 29, 12, tzinfo=UTC)))
    ms = clock.now_ms
    stored = await asyncio.gather(
        *(records(books, clock).record(partition, at(ms, 1)) for partition in range(6)),
        AuditMonths(books.database, clock).make_ahead(),
        AuditMonths(books.database, clock).make_ahead(),
    )
    assert stored[:6] == [1] * 6
    assert await books.sql(TABLES) == [("audit_log_2024_02", 6)]
    async with books.database.transaction() as connection:
        names = [month.table for month in await read_months(connection)]
    made = ["audit_log_2024_02", "audit_log_2024_03", "audit_log_2024_04", "audit_log_2024_05"]
    assert [name for name in names if "2024" in name] == made


async def test_a_month_is_made_while_somebody_reads(books: Books) -> None:
    """An auditor who reads for hours keeps no worker waiting."""
    async with books.database.transaction() as reader:
        await reader.exec_driver_sql("select count(*) from audit_log")
        async with asyncio.timeout(PATIENCE):
            await make_month(books.database, datetime(2023, 5, 5, tzinfo=UTC))


async def test_clocks_that_jump(books: Books) -> None:
    """Back: the chain's instants stay. Ahead of the database's: that one counts."""
    clock = Clock(NOVEMBER)
    audit = records(books, clock)
    await audit.record(3, at(NOVEMBER, 1))
    clock.now_ms = OCTOBER - 300 * DAY_MS
    await audit.record(3, at(NOVEMBER, 2))
    clock.now_ms = to_ms(datetime(2099, 1, 1, tzinfo=UTC))
    await audit.record(3, at(NOVEMBER, 3))
    rows = await books.sql("select recorded_at, recorded_at <= now() from audit_log order by seq")
    instants = [instant for instant, _ in rows]
    assert instants == sorted(instants)
    assert all(sane for _, sane in rows)
    assert await books.sql("select count(*) from pg_class where relname like '%2099%'") == [(0,)]


async def test_a_table_that_was_dropped_under_a_worker(books: Books) -> None:
    """It looks again: nothing becomes a dead letter because a month is not there."""
    clock = Clock(to_ms(datetime(2022, 6, 6, tzinfo=UTC)))
    audit = records(books, clock)
    await audit.record(3, at(clock.now_ms, 1))
    await books.sql("drop table audit_log_2022_06")
    with pytest.raises(UndefinedTableError, match="audit_log_2022_06"):
        await audit.record(3, at(clock.now_ms, 2))
    assert await audit.record(3, at(clock.now_ms, 2)) == 1


def alembic(url: str) -> Config:
    """For steps between releases."""
    config = Config(attributes={"url": url})
    config.set_main_option("script_location", "service.store:migrations")
    return config


async def test_from_one_table_to_months_and_back(empty_books: Books, empty_database: str) -> None:
    """Rows of years, chained or not yet, stand where they stood; and again after going back."""
    await asyncio.to_thread(command.upgrade, alembic(empty_database), "0004")
    await old_rows(empty_books, 1, 300)
    await empty_books.sql(
        "update audit_log set recorded_at = now() - (400 - seq) * interval '1 day'"
    )
    for _ in range(2):
        await asyncio.to_thread(migrate, empty_database)
        while await empty_books.audit.adopt(4):
            continue
        verdict = await empty_books.verify()
        assert (verdict.rows, verdict.flaws) == (300, ())
        [(table, count)] = await empty_books.sql(TABLES)
        assert (table, count) == (f"audit_log_{datetime.now(UTC):%Y_%m}", 300)
        await asyncio.to_thread(command.downgrade, alembic(empty_database), "0004")
        assert await empty_books.sql("select count(*), max(seq) from audit_log") == [(300, 300)]
    await asyncio.to_thread(migrate, empty_database)
    again = some_events(0, 5, Random(4))  # noqa: S311 - rows
    assert await empty_books.audit.record(4, again) == 5
    assert await empty_books.audit.record(4, again) == 0
    assert (await empty_books.verify()).flaws == ()


async def test_down_to_nothing_and_up(empty_books: Books, empty_database: str) -> None:
    """Every migration has a way back."""
    await asyncio.to_thread(migrate, empty_database)
    await asyncio.to_thread(command.downgrade, alembic(empty_database), "base")
    await asyncio.to_thread(migrate, empty_database)
    assert await empty_books.audit.record(4, at(OCTOBER, 1)) == 1
