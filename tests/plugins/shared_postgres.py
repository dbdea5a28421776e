"""One PostgreSQL for all processes of a run: pytest-xdist's controller keeps it, if there is one."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from service.embedded import EmbeddedServer, start_postgres
from tests.support.databases import Databases

KEPT = pytest.StashKey[tuple[EmbeddedServer, TemporaryDirectory[str]]]()


MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made there
ROOM = 4 * 2**30
"""Bytes. A run has at most some dozen databases at a time, of 20 MiB each."""


def _room() -> Path | None:
    """A file system in memory, where a database is cloned for half the CPU; None has to do, too."""
    is_there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if is_there and shutil.disk_usage(MEMORY).free >= ROOM else None


def _start(config: pytest.Config) -> dict[str, str]:
    """The address of the run's server, started on first use, as its workers receive it."""
    if KEPT not in config.stash:
        home = TemporaryDirectory(prefix="inphora-tests-", dir=_room())
        config.stash[KEPT] = start_postgres(Path(home.name) / "postgres", durable=False), home
    server, home = config.stash[KEPT]
    return {"server_url": server.url, "locks": home.name}


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
        home.cleanup()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Databases:
    """The run's PostgreSQL, with a migrated database of this process."""
    given = getattr(request.config, "workerinput", {})
    where = given.get("postgres") or _start(request.config)
    name = f"shared_{given.get('workerid', 'alone')}"
    databases = Databases(where["server_url"], Path(where["locks"]), name)
    databases.create(name)
    return databases
