"""Real processes of the service, as a platform would run them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from tests.support.forked import ROOT, Forked
from tests.support.waiting import PATIENCE

Process = Forked | subprocess.Popen[bytes]
REPLY_SECONDS = 20.0


class NotReadyError(RuntimeError):
    """The service did not become ready; the message is the end of its log."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def running(
    *arguments: str, env: Mapping[str, str], log: Path, fresh: bool = False
) -> Iterator[Process]:
    """`python -m ARGUMENTS` until the block ends; its output goes to a file.

    It is forked from a process that has done the imports, unless it is to be `fresh`.
    """
    process = _start(arguments, env, log, log, fresh=fresh)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _start(
    arguments: Sequence[str], env: Mapping[str, str], out: Path, err: Path, *, fresh: bool
) -> Process:
    changes_constants = arguments[0].startswith("tests.")  # before the service reads them
    if not fresh and not changes_constants:
        return Forked(arguments, {**os.environ, **env}, out, err)
    with out.open("ab") as stdout, err.open("ab") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=stdout,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
        )


@contextmanager
def web_process(
    env: Mapping[str, str], log: Path, *, module: str = "service", fresh: bool = False
) -> Iterator[str]:
    """One web process; its base URL."""
    port = free_port()
    with running(
        *(module, "serve", "--host", "127.0.0.1"),
        env={**env, "PORT": str(port)},
        log=log,
        fresh=fresh,
    ) as process:
        base = f"http://127.0.0.1:{port}"
        await_ready(base, [process], log)
        yield base


def await_ready(base: str, processes: Sequence[Process], log: Path) -> None:
    """Return when the service answers that it is ready. Raises NotReadyError with its log."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and all(p.poll() is None for p in processes):
        try:
            with urlopen(f"{base}/api/health/ready", timeout=REPLY_SECONDS):  # noqa: S310 - our own
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise NotReadyError(log.read_text()[-4000:])


def python(
    *arguments: str, env: Mapping[str, str], fresh: bool = False
) -> subprocess.CompletedProcess[str]:
    """`python -m ARGUMENTS` to its end; what it said, and its exit code."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _start(arguments, env, out, err, fresh=fresh)
        try:
            code = process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
        return subprocess.CompletedProcess(list(arguments), code, out.read_text(), err.read_text())


def family(process: Process) -> list[psutil.Process]:
    """A process and all that it started, as they are at this moment."""
    root = psutil.Process(process.pid)
    return [root, *root.children(recursive=True)]


def lives(process: psutil.Process) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
