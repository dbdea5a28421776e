"""Fixtures: servers of this system, for every test. Without the package a test is skipped."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.embedded import EmbeddedServer
from tests.support.servers.installed import find_program, want
from tests.support.servers.nginx import proxy_block, start_nginx
from tests.support.servers.pgbouncer import start_pgbouncer
from tests.support.servers.postgresql import add_owner, find_binaries, start_system_postgres
from tests.support.servers.redis import start_redis


@pytest.fixture(scope="session")
def system_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """PostgreSQL 15, or the oldest later one that is installed; do not stop it."""
    binaries = want(find_binaries(), "postgresql")
    home = tmp_path_factory.mktemp("system") / "postgres"
    with start_system_postgres(home, binaries) as server:
        yield server


@pytest.fixture
def system_database(system_postgres: EmbeddedServer) -> str:
    """An empty database of an ordinary role there."""
    return add_owner(system_postgres)


@pytest.fixture(scope="session")
def redis7() -> Path:
    """The system's redis-server."""
    return want(find_program("redis-server"), "redis-server")


@pytest.fixture
def system_redis(redis7: Path, tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A Redis 7 of a test's own, to do anything with."""
    with start_redis(tmp_path / "redis", redis7) as server:
        yield server


@pytest.fixture
def pgbouncer(tmp_path: Path) -> Iterator[Callable[[str], EmbeddedServer]]:
    """Start PgBouncer in transaction mode in front of a database URL."""
    program = want(find_program("pgbouncer"), "pgbouncer")
    with ExitStack() as started:
        yield lambda url: started.enter_context(
            start_pgbouncer(tmp_path / "pgbouncer", program, url)
        )


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[str], EmbeddedServer]]:
    """Start nginx with a server block."""
    program = want(find_program("nginx"), "nginx")
    with ExitStack() as started:
        yield lambda block: started.enter_context(start_nginx(tmp_path / "nginx", program, block))


@pytest.fixture
def reverse_proxy(nginx: Callable[[str], EmbeddedServer]) -> Callable[[str], EmbeddedServer]:
    """Start nginx in front of a base URL."""
    return lambda base: nginx(proxy_block(base))


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus's checker of rules and metrics."""
    return want(find_program("promtool"), "prometheus")
