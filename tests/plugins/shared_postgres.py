"""One PostgreSQL for all processes of a run: pytest-xdist's controller keeps it, if there is one."""

import signal
from pathlib import Path
from typing import Any

import pytest

from service.embedded import EmbeddedServer, start_postgres
from tests.support.databases import Databases
from tests.support.memory import Directory, make_directory

KEPT = pytest.StashKey[tuple[EmbeddedServer, Directory]]()


def _start(config: pytest.Config) -> dict[str, str]:
    """The address of the run's server, started on first use, as its workers receive it."""
    if KEPT not in config.stash:
        home = make_directory()
        config.stash[KEPT] = start_postgres(home.path / "postgres", durable=False), home
    server, home = config.stash[KEPT]
    return {"server_url": server.url, "locks": str(home.path)}


def pytest_configure(config: pytest.Config) -> None:
    """SIGTERM ends a run as Ctrl-C does."""
    if not hasattr(config, "workerinput"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give each worker the address, unless the run leaves out what needs servers."""
    if "not server" not in node.config.option.markexpr:
        node.workerinput["postgres"] = _start(node.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End it with the run."""
    if KEPT in config.stash:
        server, home = config.stash[KEPT]
        server.stop()
        home.remove()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Databases:
    """The run's PostgreSQL, with a migrated database of this process."""
    given = getattr(request.config, "workerinput", {})
    where = given.get("postgres") or _start(request.config)
    name = f"shared_{given.get('workerid', 'alone')}"
    databases = Databases(where["server_url"], Path(where["locks"]), name)
    databases.create(name)
    return databases
