"""The recipes of docs/analysts.md that need nothing which is not here, as an analyst runs them."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from service.contracts.analytics_views import EXPORTED
from service.store.copies import Copies, Format
from tests.analytics import exports as given
from tests.analytics.conftest import Facts
from tests.analytics.exports import duck
from tests.support.forked import ROOT
from tests.support.waiting import PATIENCE

RECIPES = ROOT / "docs" / "analysts"


async def test_fetch(facts: Facts, tmp_path: Path) -> None:
    """Asks, waits for a worker, and has every row."""
    await given.add_events(facts, 3000)
    base = facts.browser.base
    process = await asyncio.create_subprocess_exec(
        sys.executable, RECIPES / "fetch.py", base, facts.token, "events",
        "2026-11-01", "2026-11-04", tmp_path, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            await given.worker(facts.database)()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 0.1)
    assert process.returncode == 0
    events = EXPORTED["events"]
    assert given.parquet_rows(events, tmp_path) == await given.sql_rows(facts, events)


async def test_sessions_sql(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both questions have their answers."""
    day = "2026-11-02"
    for who, hours in (("ada", 1), ("bob", 3), ("cyd", 8)):
        await facts.session(who, f"{day}T08:00Z", f"{day}T{8 + hours:02}:00Z", device_key=1)
    for who in ("ada", "ada", "bob"):
        await facts.event("login.failed", f"{day}T08:00Z", who, reason_code="wrong_password")
    from datetime import date

    for table in ("sessions", "events"):
        path = tmp_path / table / f"date={day}" / "part.parquet"
        path.parent.mkdir(parents=True)
        copies = Copies(facts.database)
        await copies.write_day(EXPORTED[table], date(2026, 11, 2), Format.PARQUET, path)
    monkeypatch.chdir(tmp_path)
    with duck() as reader:
        lasted, failed = [
            reader.execute(each).fetchall()
            for each in reader.extract_statements((RECIPES / "sessions.sql").read_text())
        ]
    assert lasted == [("mobile", 3, 180, 0)]
    assert [row[1:] for row in failed] == [("wrong_password", 3, 2)]
