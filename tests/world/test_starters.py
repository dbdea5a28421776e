"""The servers of this system start as root and as an ordinary user, and end with their starter."""

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.forked import ROOT
from tests.support.ordinary_user import NAME, ORDINARY_USER
from tests.support.processes import lives
from tests.support.servers.installed import find_program, want
from tests.support.servers.postgresql import find_binaries
from tests.support.waiting import wait_until

pytestmark = pytest.mark.server
REFUSE_ROOT = ("postgres", "pgbouncer")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(autouse=True)
def all_installed() -> None:
    """What the starters start."""
    want(find_binaries(), "postgresql")
    for program in ("redis-server", "pgbouncer", "nginx"):
        want(find_program(program), program)


@contextmanager
def start_all(
    home: Path, prefix: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[str], dict[str, psutil.Process]]]:
    """The starter in a process of its own, and the servers by name."""
    command = [*prefix, sys.executable, "-B", "-m", "tests.world.start_all", str(home)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        try:
            assert starter.stdout is not None
            pids: dict[str, int] = json.loads(starter.stdout.readline())
            yield starter, {name: psutil.Process(pid) for name, pid in pids.items()}
        finally:
            starter.kill()


async def all_gone(servers: dict[str, psutil.Process]) -> None:
    """Wait until no server lives."""

    async def gone() -> bool:
        return not any(map(lives, servers.values()))

    await wait_until(gone)


def users(servers: dict[str, psutil.Process]) -> dict[str, int]:
    """The user whom each server runs as."""
    return {name: process.uids().effective for name, process in servers.items()}


async def test_they_start_and_stop_as_this_user(tmp_path: Path) -> None:
    """As root, those that refuse root run as another user; the end of the block ends them."""
    with start_all(tmp_path / "home") as (starter, servers):
        mine, found = os.geteuid(), users(servers)
        assert {name for name, uid in found.items() if uid != mine} == (
            set() if mine else set(REFUSE_ROOT)
        )
        starter.communicate("")
        assert starter.returncode == 0
        await all_gone(servers)


@needs_root
async def test_they_start_and_stop_as_an_ordinary_user(tmp_path: Path) -> None:
    """None of them needs root; when their starter is killed, they end, too."""
    home, owner = tmp_path / "home", pwd.getpwnam(NAME)
    home.mkdir()
    os.chown(home, owner.pw_uid, owner.pw_gid)

    with start_all(home, ORDINARY_USER) as (starter, servers):
        assert users(servers) == dict.fromkeys(servers, owner.pw_uid)
        starter.kill()
        await all_gone(servers)
