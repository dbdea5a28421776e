"""The main job through nginx."""

from collections.abc import Callable
from pathlib import Path

from service.embedded import EmbeddedServer
from tests.world.service import do_main_job, service, settings


async def test_main_job(
    postgres: EmbeddedServer,
    own_valkey: EmbeddedServer,
    reverse_proxy: Callable[[str], EmbeddedServer],
    tmp_path: Path,
) -> None:
    """Sign in, second factor, refresh, sign out; one audit row each."""
    env = {**settings(postgres.url, own_valkey), "TRUSTED_PROXIES": "1"}
    with service(env, tmp_path) as base:
        await do_main_job(reverse_proxy(base).url, postgres.url, own_valkey)
