"""While numbers are refreshed people ask and events come: nobody waits, nothing goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import text

from tests.analytics.conftest import NOW, Facts
from tests.support.waiting import WAITING, wait_until

LATER = NOW + timedelta(minutes=2)


@asynccontextmanager
async def stopped_by(facts: Facts, lock: str) -> AsyncIterator[None]:
    """A refresh that waits for a lock as long as the block lasts, and then ends."""
    async with facts.database.transaction() as connection:
        await connection.execute(text(lock))
        refresh = asyncio.create_task(facts.refresh(now=LATER))
        try:
            await wait_until(lambda: facts.sql(WAITING))
            yield
        finally:
            await connection.rollback()
            await refresh


async def test_who_asks_does_not_wait_for_it(facts: Facts) -> None:
    """Not in a zone that is in use, nor in one that was never asked for, which becomes right."""
    await facts.active("ada", "2026-11-10T22:30Z")
    await facts.refresh()
    days = ("2026-11-10", "2026-11-12")
    nairobi = [["2026-11-10", 0], ["2026-11-11", 1]]
    async with stopped_by(facts, "lock table analytics.agg_concurrency_15m in exclusive mode"):
        assert await facts.ask("dau", *days) == [["2026-11-10", 1], ["2026-11-11", 0]]
        assert await facts.ask("dau", *days, tz="Africa/Nairobi") == nairobi
    assert await facts.ask("dau", *days, tz="Africa/Nairobi") == nairobi
    await facts.refresh(now=LATER)
    assert await facts.ask("dau", *days, tz="Africa/Nairobi") == nairobi


async def test_what_is_stored_meanwhile_is_counted_on_its_own_day(facts: Facts) -> None:
    """A late event sets the days that are looked at; a fresh one is none of these."""
    await facts.active("early", "2026-11-05T09:00Z")
    await facts.refresh()
    await facts.sql("insert into analytics.agg_moved values ('00-1', '2026-11-05T09:00Z')")
    await facts.active("late", "2026-11-10T09:00Z", received_at=LATER)
    async with stopped_by(facts, "select from analytics.agg_user_day for update"):
        await facts.active("fresh", "2026-11-20T12:01Z", received_at=LATER)
    await facts.refresh(now=LATER)
    rows = await facts.ask("dau", "2026-11-05", "2026-11-21")
    assert [row[0] for row in rows if row[1]] == ["2026-11-05", "2026-11-10", "2026-11-20"]
