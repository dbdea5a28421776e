"""The main job on the embedded PostgreSQL and Valkey: what fails here is no matter of versions."""

from pathlib import Path

from service.embedded import EmbeddedServer
from tests.world.service import do_main_job, service, settings


async def test_main_job(
    postgres: EmbeddedServer, own_valkey: EmbeddedServer, tmp_path: Path
) -> None:
    """Sign in, second factor, refresh, sign out; one audit row each."""
    with service(settings(postgres.url, own_valkey), tmp_path) as base:
        await do_main_job(base, postgres.url, own_valkey)
