"""The life of an embedded server: found free, started, answering, stopped, started again."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

from service.embedded.errors import EmbeddedError
from service.embedded.leash import Leash
from service.embedded.lock import hold
from service.embedded.orphan import end_orphan
from service.embedded.program import Program
from service.embedded.stopping import StopsAtExit

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
TAIL_LINES = 15
PORT_TAKEN = "ddress already in use"
# The last children of a killed PostgreSQL take a moment to go.
PREDECESSOR = "pre-existing shared memory block"


class EmbeddedServer(StopsAtExit):
    """A server that runs from its creation to `stop`, or to the end of this process."""

    def __init__(self, program: Program) -> None:
        """Start `program`, first stopping what an earlier run left; return when it answers."""
        self._program = program
        self._log = program.home / "server.log"
        self._held = ExitStack()
        with ExitStack() as held:
            held.enter_context(hold(program.home))
            self._clear()
            self._prefix = program.prepare()
            self._start(None)
            self._held = held.pop_all()

    @property
    def url(self) -> str:
        """Where clients connect, with the password."""
        return self._program.url(self.port)

    @property
    def pid(self) -> int:
        """The server's process id, the last one when it does not run."""
        return self._leash.pid

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; a restart keeps it."""
        return self._port

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._leash.alive

    def stop(self) -> None:
        """End the server in good order, kill it after 20 s; a second stop does nothing."""
        self._leash.stop(STOP_SECONDS)
        self._held.close()

    def kill(self) -> None:
        """SIGKILL the server, as a crash would; the data directory stays held for `restart`."""
        self._leash.kill()

    def restart(self) -> None:
        """Start again on the same data and port, after a stop, a crash, or while it runs."""
        self.stop()
        with ExitStack() as held:
            held.enter_context(hold(self._program.home))
            self._clear()
            self._start(self._port)
            self._held = held.pop_all()

    def __repr__(self) -> str:
        return f"<{self._program.name} pid={self.pid} port={self.port}>"

    def _clear(self) -> None:
        program = self._program
        for pid_file in (program.home / "pid", *program.pid_files):
            end_orphan(
                pid_file,
                marks=program.marks,
                stop_signal=program.stop_signal,
                seconds=STOP_SECONDS,
            )
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".log.1"))

    def _start(self, port: int | None) -> None:
        """Try until it answers, or fails in a way that time does not heal."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._port = port or _free_port(self._program.home / "port")
            said = self._launch(deadline)
            if said is None:
                (self._program.home / "port").write_text(str(self._port))
                return
            passing = PORT_TAKEN in said or PREDECESSOR in said
            if not passing or time.monotonic() > deadline:
                lines = "\n".join(said.splitlines()[-TAIL_LINES:])
                reason = f"{self._program.name} did not start; the end of {self._log}:\n{lines}"
                raise EmbeddedError(reason)
            time.sleep(POLL_SECONDS)

    def _launch(self, deadline: float) -> str | None:
        """Start once; return None when it answers, else what it said before it ended."""
        program = self._program
        with self._log.open("ab") as log:
            before = log.tell()
            self._leash = Leash(
                program.command(self._port),
                prefix=self._prefix,
                stop_signal=program.stop_signal,
                pid_file=program.home / "pid",
                log=log,
            )
        try:
            while self._leash.alive and time.monotonic() < deadline:
                if program.answers(self.pid, self._port):
                    return None
                time.sleep(POLL_SECONDS)
        except BaseException:
            self._leash.kill()
            raise
        self._leash.stop(STOP_SECONDS)
        return self._log.read_bytes()[before:].decode(errors="replace")


def _free_port(kept: Path) -> int:
    """Return the port of the last run when it is free, so that clients find it again; else any."""
    last = kept.read_text() if kept.exists() else ""
    for wish in (int(last) if last.isdecimal() else 0, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, wish))
            except OSError:
                continue
            port: int = trial.getsockname()[1]
            return port
    reason = f"no free TCP port on {HOST}"
    raise EmbeddedError(reason)
