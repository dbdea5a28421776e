"""The main job on PostgreSQL 15, in a database of an ordinary role."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import ProgrammingError

from service.embedded import EmbeddedServer
from service.store.migrations.run import migrate
from tests.support.servers import postgresql
from tests.world.service import do_main_job, service, settings


@pytest.mark.xfail(
    postgresql.major() == 15,
    reason="0011_views.py has a subquery in FROM without an alias, which 15 refuses",
    raises=ProgrammingError,
    strict=True,
)
async def test_main_job(system_database: str, own_valkey: EmbeddedServer, tmp_path: Path) -> None:
    """Migrate; sign in, second factor, refresh, sign out; one audit row each."""
    await asyncio.to_thread(migrate, system_database)
    with service(settings(system_database, own_valkey), tmp_path) as base:
        await do_main_job(base, system_database, own_valkey)
