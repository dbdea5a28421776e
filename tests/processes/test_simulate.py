"""`analytics simulate`: days that never were, in a database that is for tests."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.processes.stores import Stores
from tests.support.processes import python, running

COMMAND = ("service", "analytics", "simulate", "--days", "3", "--people", "8", "--seed", "7")
SURE = "--yes-this-database-is-for-tests"
MADE = re.compile(
    r"^(\d+) events of 9 people, (\d+) sessions and \d+ sign-ins over 3 days", re.MULTILINE
)

LATE = """
    select avg(cast(received_at > occurred_at + interval '1 hour' as int))
    from analytics.fct_auth_events
"""
"""Made-up events came when the simulation has it, not when they were made up."""


async def counts(stores: Stores) -> tuple[Any, Any]:
    """Rows of the audit and of analysts' sessions."""
    return (
        await stores.value("select count(*) from audit_log"),
        await stores.value("select count(*) from analytics.fct_sessions"),
    )


async def test_only_where_it_may(stores: Stores, migrated: dict[str, str]) -> None:
    """Anywhere but in a running `dev` it wants to be told so; nothing was written."""
    refused = python(*COMMAND, env=migrated)

    assert refused.returncode == 1
    assert SURE in refused.stderr
    assert await counts(stores) == (0, 0)


@pytest.mark.parametrize("more", [(), ("--shuffled",)], ids=["in order", "shuffled"])
async def test_days_are_stored_when_it_ends(
    stores: Stores, migrated: dict[str, str], tmp_path: Path, more: tuple[str, ...]
) -> None:
    """It waits for the worker, and says how much there is: just so much is in the tables."""
    with running("workers", env=migrated, log=tmp_path / "worker.log"):
        done = python(*COMMAND, SURE, "--end", "2026-03-30", *more, env=migrated)

    assert done.returncode == 0, done.stderr
    made = MADE.search(done.stdout)
    assert made is not None
    assert tuple(map(int, made.groups())) == await counts(stores)
    assert 0 < float(await stores.value(LATE)) < 0.2
    assert await stores.value("select max(mau) from analytics.agg_active_day") >= 5


async def test_the_database_of_a_dev(
    stores: Stores, migrated: dict[str, str], tmp_path: Path
) -> None:
    """The file that a running `dev` wrote is enough; that of another `dev` is not."""
    file = tmp_path / "dev.env"
    where = ("--data-dir", str(tmp_path))
    own = {name: migrated[name] for name in ("DATABASE_URL", "REDIS_URL")}
    file.write_text("".join(f"{name}={value}\n" for name, value in own.items()))
    with running("workers", env=migrated, log=tmp_path / "worker.log"):
        assert python(*COMMAND, *where, env=migrated).returncode == 0
    before = await counts(stores)
    file.write_text("DATABASE_URL=postgres://another\nREDIS_URL=redis://another\n")

    assert python(*COMMAND, *where, env=migrated).returncode == 1
    assert before == await counts(stores)
    assert before > (0, 0)
