"""A directory of one run's own, in memory where there is room: file systems there take half the CPU."""

import fcntl
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import TextIO

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made there
PREFIX = "inphora-suite-"
LOCK = "in-use.lock"
ROOM = 3 * 2**30
"""Bytes. A run was seen to take 0.4 GiB; PostgreSQL keeps up to 1 GiB of WAL."""
YOUNG_S = 60
"""A directory may have no lock yet."""


@dataclass(frozen=True, slots=True)
class Directory:
    """It is in use as long as its lock is held; a process that is killed lets go of that."""

    path: Path
    lock: TextIO

    def remove(self) -> None:
        """Remove all that is in it, and it."""
        shutil.rmtree(self.path)
        self.lock.close()


def make_directory() -> Directory:
    """Return an empty directory; what runs that were killed have left beside it is removed."""
    place = MEMORY if _has_room() else Path(gettempdir())
    for left in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, in use, or gone by now
            if time.time() - left.stat().st_mtime > YOUNG_S:
                _locked(left).remove()
    return _locked(Path(mkdtemp(prefix=PREFIX, dir=place)))


def _has_room() -> bool:
    return (
        os.access(MEMORY, os.W_OK)
        and shutil.disk_usage(MEMORY).free >= ROOM
        and psutil.virtual_memory().available >= 2 * ROOM
    )


def _locked(path: Path) -> Directory:
    """Take its lock. Raises BlockingIOError while another process has it."""
    lock = (path / LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise
    return Directory(path, lock)
