import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import Popen

import psutil
import pytest

from tests.support.waiting import PATIENCE

Started = tuple[Popen[str], psutil.Process, str]
Starter = Callable[..., AbstractContextManager[Started]]
WaitGone = Callable[..., None]


ROOT = Path(__file__).parents[2]
STARTER = """
import signal, sys
from pathlib import Path
from service.embedded import start_postgres, start_valkey

start = {"postgres": start_postgres, "valkey": start_valkey}[sys.argv[1]]
with start(Path(sys.argv[2]), durable=sys.argv[3] == "durable") as server:
    print(server.pid, server.url, flush=True)
    signal.pause()
"""


@pytest.fixture(scope="session")
def starter() -> Starter:
    """Start a server from a process of its own; yield that process, the server and its address."""

    @contextmanager
    def start(
        kind: str, data_dir: Path, *, durable: bool = False, prefix: Sequence[str] = ()
    ) -> Iterator[Started]:
        wish = "durable" if durable else "hasty"
        command = [*prefix, sys.executable, "-B", "-c", STARTER, kind, str(data_dir), wish]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                pid, url = process.stdout.readline().split()
                yield process, psutil.Process(int(pid)), url
            finally:
                process.kill()

    return start


@pytest.fixture(scope="session")
def wait_gone() -> WaitGone:
    """Wait until a process has ended, be it that init leaves it a zombie for a while."""

    def wait(process: psutil.Process) -> None:
        deadline = time.monotonic() + PATIENCE
        try:
            while process.status() != psutil.STATUS_ZOMBIE:
                assert time.monotonic() < deadline, f"{process} lives on"
                time.sleep(0.01)
        except psutil.NoSuchProcess:
            pass

    return wait


@pytest.fixture
def private_dir(tmp_path: Path) -> Path:
    """A directory below one that only its owner may enter."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    return closed / 'it\'s a "data" dir'


@pytest.fixture
def stranger() -> Iterator[Popen[bytes]]:
    """A process that has nothing to do with any server."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()
