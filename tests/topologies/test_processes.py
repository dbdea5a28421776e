"""Real processes: a web process and a worker whose arq finds its queue."""

from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from service.embedded import EmbeddedCluster, EmbeddedSentinels, EmbeddedServer
from service.store.database import Database
from service.store.redis_pool import open_redis
from tests.support.failover import know_each_other
from tests.support.people import Browser, Person
from tests.support.processes import running, web_process
from tests.support.story import SAID, audited, sign_in_refresh_sign_out
from tests.support.waiting import PATIENCE, wait_until
from tests.topologies.conftest import add_user


async def lives(
    environment: dict[str, str], person: Person, database: Database, tmp_path: Path
) -> None:
    """The main job, its audit, and a heartbeat that came through arq and Redis."""
    log = tmp_path / "log"
    with web_process(environment, log) as base, running("workers", env=environment, log=log):
        async with ClientSession() as http:
            browser = Browser(http, base)
            await sign_in_refresh_sign_out(browser, person)
            await audited(database, person, SAID)

            async def beats() -> Any:
                health = (await browser.send("GET", "/api/health")).body
                workers = health["checks"]["workers"]
                return workers["status"] == "ok" and workers["backlog"] == 0

            await wait_until(beats)
    assert '"level": "error"' not in log.read_text()


async def test_sentinel(
    environment: dict[str, str],
    sentinels: EmbeddedSentinels,
    person: Person,
    database: Database,
    tmp_path: Path,
) -> None:
    """Sessions and queue behind Sentinels that have a password."""
    await know_each_other(sentinels)
    url, _, password = sentinels.url.partition("?sentinel_password=")
    redis = {"REDIS_URL": url, "REDIS_SENTINEL_PASSWORD": password}
    await lives({**environment, **redis}, person, database, tmp_path)


async def test_cluster(
    environment: dict[str, str],
    shared_cluster: EmbeddedCluster,
    valkey: EmbeddedServer,
    person: Person,
    database: Database,
    tmp_path: Path,
) -> None:
    """Sessions on a cluster, the queue on a small server, each as a user with few rights."""
    queue = await add_user(valkey, "inphora-queue")
    redis = {"REDIS_URL": shared_cluster.url, "QUEUE_REDIS_URL": queue}
    await lives({**environment, **redis}, person, database, tmp_path)


async def test_acl_user(
    environment: dict[str, str],
    own_valkey: EmbeddedServer,
    person: Person,
    database: Database,
    tmp_path: Path,
) -> None:
    """All of it as the user that docs/redis.md tells to make: nothing is refused."""
    url = await add_user(own_valkey, "inphora")
    await lives({**environment, "REDIS_URL": url}, person, database, tmp_path)

    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    assert await redis.acl_log() == []
    await redis.aclose()
