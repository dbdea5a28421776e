"""Processes that begin where imports have ended: forked from one that has imported the service.

A command takes seconds of CPU to import what it needs. What runs after that is the same: a process
of its own with its own environment, output, signals and exit code.
"""

import atexit
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.support.quick_hashes import hash_quickly

ROOT = Path(__file__).parent.parent.parent
PRELOADED = [
    "tests.support.forked",
    "arq.cli",
    "gunicorn.app.wsgiapp",
    "service.app",
    "service.cli",
    "service.commands",
    "service.users_cli",
    "workers.jobs",
    "workers.resources",
]
"""Nothing that reads settings when it is imported, as workers.main does."""

_server = get_context("forkserver")
_server.set_forkserver_preload(PRELOADED)


class Forked:
    """`python -m ARGUMENTS` from a fork; as subprocess.Popen for those who wait for it or end it."""

    def __init__(
        self, arguments: Sequence[str], env: Mapping[str, str], out: Path, err: Path
    ) -> None:
        self.args = list(arguments)
        self._process: ForkServerProcess = _server.Process(
            target=_become, args=(self.args, dict(env), str(out), str(err))
        )
        for path in (out, err):
            path.touch()
        here = Path.cwd()
        os.chdir(ROOT)  # the first one starts the server, which imports from where it is
        try:
            self._process.start()
        finally:
            os.chdir(here)

    @property
    def pid(self) -> int:
        """The process id, also after the end."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, less than 0 for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same, looked at anew."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code at the end. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _become(arguments: Sequence[str], env: Mapping[str, str], out: str, err: str) -> None:
    """In the child: what an interpreter does with `-m`, but for the imports that are done."""
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for path in (out, err)]
    for number, source in enumerate([os.open(os.devnull, os.O_RDONLY), *files]):
        os.dup2(source, number)
    sys.argv = list(arguments)
    hash_quickly()
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
