"""PgBouncer in transaction mode, as managed PostgreSQL is sold."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, Signals
from urllib.parse import urlsplit

from service.embedded import EmbeddedServer
from service.embedded.nonroot import find_prefix
from service.embedded.postgres import answers_query, find_program
from service.embedded.server import HOST

SETTINGS = """\
[databases]
* = host={host} port={server_port}

[pgbouncer]
listen_addr = {listen}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = 1
reserve_pool_size = 3
reserve_pool_timeout = 1
max_client_conn = 200
"""


def start_pgbouncer(home: Path, program: Path, database_url: str) -> EmbeddedServer:
    """Return a pooler that answers, in front of the server of `database_url`, for its role.

    All clients share one connection to the server; who waits for it for a second gets another.
    """
    return EmbeddedServer(PgBouncer(home.resolve(), program, database_url))


@dataclass(frozen=True, slots=True)
class PgBouncer:
    """How PgBouncer is configured, started and asked."""

    home: Path
    program: Path
    database_url: str
    name: str = "PgBouncer"
    stop_signal: Signals = SIGINT  # lets transactions end; SIGTERM does not

    @property
    def settings(self) -> Path:
        """The configuration as started."""
        return self.home / "pgbouncer.ini"

    @property
    def marks(self) -> Sequence[str]:
        """Words of its command line."""
        return [str(self.settings)]

    @property
    def pid_files(self) -> Sequence[Path]:
        """None of its own."""
        return []

    def prepare(self) -> Sequence[str]:
        """Write the role's password; return how not to be root, which PgBouncer refuses."""
        role = urlsplit(self.database_url)
        self._users.touch(mode=0o600)
        self._users.write_text(f'"{role.username}" "{role.password}"\n')
        (self.home / "own").mkdir(mode=0o700, exist_ok=True)
        return find_prefix(self.home / "own", probe=Path(shutil.which("true") or "/bin/true"))

    def command(self, port: int) -> Sequence[str]:
        """PgBouncer takes its port from the configuration only."""
        server = urlsplit(self.database_url)
        text = SETTINGS.format(
            host=server.hostname,
            server_port=server.port,
            listen=HOST,
            port=port,
            users=self._users,
        )
        self.settings.write_text(text)
        return [str(self.program), str(self.settings)]

    def url(self, port: int) -> str:
        """The same database and role, by way of the pooler."""
        parts = urlsplit(self.database_url)
        return parts._replace(netloc=f"{parts.username}:{parts.password}@{HOST}:{port}").geturl()

    def answers(self, pid: int, port: int) -> bool:
        """The server behind it answers a query of the role."""
        return answers_query(find_program("psql"), self.url(port))

    @property
    def _users(self) -> Path:
        return self.home / "users.txt"
