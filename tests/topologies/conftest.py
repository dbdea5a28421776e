"""Every kind of Redis that REDIS_URL can name, started from the embedded binary."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from service.embedded import (
    EmbeddedCluster,
    EmbeddedSentinels,
    EmbeddedServer,
    start_cluster,
    start_sentinels,
    start_valkey,
)
from service.store.redis_pool import open_redis
from tests.support.acl import documented_rule
from tests.support.tls import HOST, Authority, tls_proxy
from tests.support.waiting import PATIENCE

TOPOLOGIES = ["acl", "unix", "tls", "sentinel", "cluster", "redis7", "redis7-cluster"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them need servers."""
    for item in items:
        if "topologies" in item.path.parts:
            item.add_marker(pytest.mark.server)


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[EmbeddedSentinels]:
    """A primary, two replicas and three Sentinels, to do anything with."""
    with start_sentinels(tmp_path / "sentinels") as started:
        yield started


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[EmbeddedCluster]:
    """Three primaries, to do anything with."""
    with start_cluster(tmp_path / "cluster") as started:
        yield started


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """Three primaries for the whole run: do not empty, stop or move them."""
    with start_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture(params=TOPOLOGIES)
async def redis_settings(
    request: pytest.FixtureRequest, tmp_path: Path, valkey: EmbeddedServer
) -> AsyncIterator[dict[str, Any]]:
    """The settings that lead to one topology."""
    async with AsyncExitStack() as stack:
        kind = request.param
        binary = request.getfixturevalue("redis7") if kind.startswith("redis7") else None
        home = tmp_path / "redis"
        if kind == "cluster":
            server = request.getfixturevalue("shared_cluster")
            yield {"redis_url": server.url, "queue_redis_url": valkey.url}
        elif kind == "redis7-cluster":
            server = stack.enter_context(start_cluster(home, binary=binary))
            yield {"redis_url": server.url, "queue_redis_url": valkey.url}
        elif kind == "sentinel":
            yield {"redis_url": stack.enter_context(start_sentinels(home)).url}
        elif kind == "unix":
            socket = tmp_path / "redis.sock"
            server = stack.enter_context(start_valkey(home, lines=[f"unixsocket {socket}"]))
            yield {"redis_url": f"unix://{socket}", "redis_password": _password(server)}
        elif kind == "tls":
            server = stack.enter_context(start_valkey(home))
            authority = Authority(tmp_path, "authority")
            port = await stack.enter_async_context(tls_proxy(server.port, authority.issue(HOST)))
            yield {
                "redis_url": f"redis://{HOST}:{port}",
                "redis_ssl": True,
                "redis_ca_file": authority.file,
                "redis_password": _password(server),
            }
        elif kind == "acl":
            server = stack.enter_context(start_valkey(home))
            yield {"redis_url": await add_user(server, "inphora-sessions")}
        else:
            yield {"redis_url": stack.enter_context(start_valkey(home, binary=binary)).url}


def _password(server: EmbeddedServer) -> str:
    return server.url.removeprefix("redis://:").partition("@")[0]


async def add_user(server: EmbeddedServer, user: str) -> str:
    """Add a user by the rule in docs/redis.md; its URL."""
    redis = open_redis(server.url, timeout=PATIENCE)
    await redis.execute_command("ACL", "SETUSER", *documented_rule(user), ">secret")
    await redis.aclose()
    return f"redis://{user}:secret@{HOST}:{server.port}"
