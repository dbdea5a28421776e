"""Servers that an earlier run left behind, and what stale pid files say of them."""

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, Signals

from service.embedded.errors import EmbeddedError

POLL_SECONDS = 0.02
PROC = Path("/proc/self/cmdline")


def end_orphan(
    pid_file: Path, *, marks: Sequence[str], stop_signal: Signals, seconds: float
) -> None:
    """Stop the process in `pid_file` if its command line has every mark; remove the file.

    A process id is used again after a crash, and most of all in a container: whatever bears it now
    is left alone unless it is this very server on these very data.
    """
    pid = _read_pid(pid_file)
    if pid is not None and _runs(pid, marks):
        _signal(pid, stop_signal)
        if not _wait_gone(pid, marks, seconds):
            _signal(pid, SIGKILL)
            _wait_gone(pid, marks, seconds)
    pid_file.unlink(missing_ok=True)


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split(maxsplit=1)[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _runs(pid: int, marks: Sequence[str]) -> bool:
    """A zombie has no command line and does not run."""
    arguments = _command_line(pid)
    return all(mark in arguments for mark in marks)


def _command_line(pid: int) -> Sequence[str] | str:
    if PROC.exists():
        try:
            return os.fsdecode(PROC.parents[1].joinpath(str(pid), "cmdline").read_bytes()).split(
                "\0"
            )
        except OSError:
            return []
    ps = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603


def _signal(pid: int, number: int) -> None:
    try:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    except PermissionError as error:
        reason = f"process {pid} of another user still serves these data: stop it first"
        raise EmbeddedError(reason) from error


def _wait_gone(pid: int, marks: Sequence[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _runs(pid, marks):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
