"""One PostgreSQL for all processes of a run: pytest-xdist's controller keeps it, if there is one."""

import fcntl
import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any, TextIO

import psutil
import pytest

from service.embedded import EmbeddedServer, start_postgres
from tests.support.databases import Databases

PREFIX = "inphora-suite-"
LOCK = "in-use.lock"
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made there
ROOM = 3 * 2**30
"""Bytes. A run was seen to take 0.4 GiB; PostgreSQL keeps up to 1 GiB of WAL."""
A_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Kept:
    """The run's server, its directory, and the lock that says that the directory is in use."""

    server: EmbeddedServer
    home: Path
    lock: TextIO

    def end(self) -> None:
        """Stop the server and remove all of it."""
        self.server.stop()
        shutil.rmtree(self.home)
        self.lock.close()


KEPT = pytest.StashKey[Kept]()


def _place() -> Path:
    """A file system in memory, where a clone takes half the CPU; the usual one if there is no room."""
    has_room = (
        os.access(MEMORY, os.W_OK)
        and shutil.disk_usage(MEMORY).free >= ROOM
        and psutil.virtual_memory().available >= 2 * ROOM
    )
    return MEMORY if has_room else Path(gettempdir())


def _lock(home: Path) -> TextIO | None:
    """The directory's lock, unless another process has it."""
    file = (home / LOCK).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _remove_left(place: Path) -> None:
    """Remove what runs that were killed have left; one that begins now has no lock for a moment."""
    for home in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, or one that another run removes
            if time.time() - home.stat().st_mtime > A_MINUTE_S and (lock := _lock(home)):
                shutil.rmtree(home)
                lock.close()


def _start(config: pytest.Config) -> dict[str, str]:
    """The address of the run's server, started on first use, as its workers receive it."""
    if KEPT not in config.stash:
        place = _place()
        _remove_left(place)
        home = Path(mkdtemp(prefix=PREFIX, dir=place))
        lock = _lock(home)
        assert lock is not None
        server = start_postgres(home / "postgres", durable=False)
        config.stash[KEPT] = Kept(server, home, lock)
    kept = config.stash[KEPT]
    return {"server_url": kept.server.url, "locks": str(kept.home)}


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
        config.stash[KEPT].end()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Databases:
    """The run's PostgreSQL, with a migrated database of this process."""
    given = getattr(request.config, "workerinput", {})
    where = given.get("postgres") or _start(request.config)
    name = f"shared_{given.get('workerid', 'alone')}"
    databases = Databases(where["server_url"], Path(where["locks"]), name)
    databases.create(name)
    return databases
