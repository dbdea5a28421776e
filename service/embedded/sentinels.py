"""A primary, its replicas and the Sentinels that watch them, for tests of failover."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM, Signals

from service.embedded.password import keep_password, share_password
from service.embedded.server import HOST, EmbeddedServer
from service.embedded.stopping import StopsAtExit
from service.embedded.valkey import answers_ping, find_binary, start_valkey

SERVICE = "inphora"
REPLICAS = 2
SENTINELS = 3
DOWN_AFTER_MS = 1000
FAILOVER_TIMEOUT_MS = 4000


@dataclass(frozen=True, slots=True)
class Sentinel:
    """How one Sentinel is configured, started and asked."""

    home: Path
    primary_port: int
    password: str
    quorum: int
    binary: Path | None = None
    name: str = "Sentinel"
    stop_signal: Signals = SIGTERM

    @property
    def settings(self) -> Path:
        """Sentinel writes what it learns into this file, mode 0600."""
        return self.home / "sentinel.conf"

    @property
    def marks(self) -> Sequence[str]:
        """Its command line names its configuration."""
        return [str(self.settings)]

    @property
    def pid_files(self) -> Sequence[Path]:
        """None of its own."""
        return []

    def prepare(self) -> Sequence[str]:
        """Watch the primary; what an earlier run learnt is of other servers."""
        lines = [
            f"bind {HOST}",
            "protected-mode yes",
            f"requirepass {self.password}",
            f"sentinel sentinel-pass {self.password}",
            f'dir "{self.home}"',
            'logfile ""',
            "daemonize no",
            "set-proc-title no",
            f"sentinel monitor {SERVICE} {HOST} {self.primary_port} {self.quorum}",
            f"sentinel auth-pass {SERVICE} {self.password}",
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {SERVICE} {FAILOVER_TIMEOUT_MS}",
            f"sentinel parallel-syncs {SERVICE} 1",
        ]
        self.settings.touch(mode=0o600)
        self.settings.write_text("\n".join(lines) + "\n")
        return []

    def command(self, port: int) -> Sequence[str]:
        """The server's own binary in another role."""
        binary = str(self.binary or find_binary())
        return [binary, str(self.settings), "--port", str(port), "--sentinel"]

    def url(self, port: int) -> str:
        """Of this Sentinel itself."""
        return f"redis://:{self.password}@{HOST}:{port}"

    def answers(self, pid: int, port: int) -> bool:  # noqa: ARG002 - the password tells it from others
        """It takes the password and answers."""
        return answers_ping(port, self.password)


@dataclass
class EmbeddedSentinels(StopsAtExit):
    """All of them, with one password; `servers` begins with the first primary."""

    password: str
    servers: list[EmbeddedServer] = field(default_factory=list)
    sentinels: list[EmbeddedServer] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        """As the service takes it."""
        hosts = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        return (
            f"redis+sentinel://:{self.password}@{hosts}/{SERVICE}/0"
            f"?sentinel_password={self.password}"
        )

    def stop(self) -> None:
        """End all: the Sentinels first, lest they fail over."""
        self._stack.close()


def start_sentinels(data_dir: Path, *, binary: Path | None = None) -> EmbeddedSentinels:
    """A primary, two replicas and three Sentinels that answer; they may not know each other yet."""
    home = data_dir.resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = keep_password(home / "password")
    with ExitStack() as stack:
        started = EmbeddedSentinels(password, _stack=stack)
        for index in range(1 + REPLICAS):
            lines = [f"masterauth {password}", "shutdown-timeout 0"]
            if started.servers:
                lines.append(f"replicaof {HOST} {started.servers[0].port}")
            place = home / f"server-{index}"
            place.mkdir(mode=0o700, exist_ok=True)
            share_password(place / "password", password)
            started.servers.append(
                stack.enter_context(start_valkey(place, lines=lines, binary=binary))
            )
        for index in range(SENTINELS):
            program = Sentinel(
                home / f"sentinel-{index}",
                started.servers[0].port,
                password,
                quorum=SENTINELS // 2 + 1,
                binary=binary,
            )
            started.sentinels.append(stack.enter_context(EmbeddedServer(program)))
        started._stack = stack.pop_all()  # noqa: SLF001 - what it was made with
    return started
