"""A child process that cannot outlive its starter, not even one that dies of SIGKILL."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import Signals
from typing import IO

# The shell leaves a watcher behind and then becomes the server, under the process id it wrote down.
# The watcher reads a pipe whose other end only the starter holds: end of file means that the
# starter is gone, a line that the server is. It is nobody's child, lest the server reap a stranger,
# and runs as the server's user, who may always signal the server.
GUARD = """
signal=$1; pid_file=$2; shift 2
exec 3<&0 </dev/null
echo $$ >"$pid_file"
umask 077
(
    trap '' HUP INT TERM
    cd /
    { read -r _ <&3 || kill -s "$signal" $$; } >/dev/null 2>&1 &
)
exec "$@" 3<&-
"""
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


class Leash:
    """A running command, in a session of its own so that Ctrl-C in a terminal does not reach it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        prefix: Sequence[str],
        stop_signal: Signals,
        pid_file: Path,
        log: IO[bytes] | None,
        env: Mapping[str, str] = ENVIRONMENT,
    ) -> None:
        """Start `command` under `prefix`; it is sent `stop_signal` when this process ends.

        Without a `log` it writes where this process writes.
        """
        name = stop_signal.name.removeprefix("SIG")
        self._stop_signal = stop_signal
        self._process = subprocess.Popen(  # noqa: S603
            [*prefix, "/bin/sh", "-c", GUARD, "guard", name, str(pid_file), *command],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=None if log is None else subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The server's own process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        if self._process.poll() is None:
            return True
        self._dismiss_watcher()
        return False

    def stop(self, seconds: float) -> None:
        """Ask the server to end, kill it after `seconds`; return when it is gone."""
        if self.alive:
            self._process.send_signal(self._stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL the server, if it lives; return when it is gone."""
        self._process.kill()
        self._process.wait()
        self._dismiss_watcher()

    def _dismiss_watcher(self) -> None:
        """Only now may the process id be used again, so nobody may signal it from here on."""
        pipe = self._process.stdin
        if pipe is not None and not pipe.closed:
            with suppress(BrokenPipeError):
                pipe.write(b"gone\n")
            pipe.close()
