"""The main job on Redis 7 with the recommended configuration."""

from pathlib import Path

from service.embedded import EmbeddedServer
from tests.world.service import do_main_job, service, settings


async def test_main_job(
    postgres: EmbeddedServer, system_redis: EmbeddedServer, tmp_path: Path
) -> None:
    """Sign in, second factor, refresh, sign out; one audit row each."""
    with service(settings(postgres.url, system_redis), tmp_path) as base:
        await do_main_job(base, postgres.url, system_redis)
