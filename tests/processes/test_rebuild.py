"""`analytics rebuild`: aggregates from facts, over a whole database or some days of it."""

from sqlalchemy import text

from tests.processes.stores import Stores
from tests.support.processes import python

COMMAND = ("service", "analytics", "rebuild")
ADD = """
    insert into analytics.fct_auth_events
        (event_id, event_name, occurred_at, received_at, user_key, outcome, schema_version)
    values ('00-1', 'session.used', '2026-03-10', '2026-03-10', gen_random_uuid(), 'success', 1)
"""
ACTIVE = "select sum(dau) from analytics.agg_active_day where day = '2026-03-10' and part_by = ''"


async def test_nothing_to_rebuild(stores: Stores, migrated: dict[str, str]) -> None:
    """It says so, and what to do."""
    done = python(*COMMAND, env=migrated)
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "nothing to work out"), done


async def test_what_there_is_is_worked_out(stores: Stores, migrated: dict[str, str]) -> None:
    """Days outside of those that are named are left alone; without names it is all there is."""
    async with stores.engine.begin() as connection:
        await connection.execute(text(ADD))
    done = python(*COMMAND, "--from", "2026-03-11", "--to", "2026-03-13", env=migrated)
    assert done.stdout.splitlines()[-1].startswith("2 days are worked out again"), done
    assert await stores.value(ACTIVE) is None

    assert python(*COMMAND, env=migrated).returncode == 0
    assert await stores.value(ACTIVE) == 1


async def test_days_that_are_none(migrated: dict[str, str]) -> None:
    """A day is written as one."""
    assert python(*COMMAND, "--from", "yesterday", env=migrated).returncode == 2
