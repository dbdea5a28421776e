"""nginx, with a server block of the test's."""

from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from signal import SIGTERM, Signals

from service.embedded import EmbeddedServer
from service.embedded.password import keep_password
from service.embedded.server import HOST

ANSWER_SECONDS = 2.0
# One process, which the guard of its starter can end; error_log is given on the command line.
SETTINGS = """\
daemon off; master_process off; pid {home}/nginx.pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {home}; proxy_temp_path {home}; fastcgi_temp_path {home};
  uwsgi_temp_path {home}; scgi_temp_path {home};
  server {{
    listen {host}:{port};
    location = {ready} {{ return 204; }}
    {block}
  }}
}}
"""
PROXY = """
    location / {{
      proxy_pass {base};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
"""


def start_nginx(home: Path, program: Path, block: str) -> EmbeddedServer:
    """Return an nginx that answers; `block` is what its server block says besides the port."""
    return EmbeddedServer(Nginx(home.resolve(), program, block))


def proxy_block(base: str) -> str:
    """A server block for a reverse proxy in front of `base`; it sets X-Forwarded-For."""
    return PROXY.format(base=base)


@dataclass(frozen=True, slots=True)
class Nginx:
    """How nginx is configured, started and asked."""

    home: Path
    program: Path
    block: str
    name: str = "nginx"
    stop_signal: Signals = SIGTERM

    @property
    def settings(self) -> Path:
        """The configuration as started."""
        return self.home / "nginx.conf"

    @property
    def marks(self) -> Sequence[str]:
        """Words of its command line."""
        return [str(self.settings)]

    @property
    def pid_files(self) -> Sequence[Path]:
        """A name of its own: the guard writes `home/pid`."""
        return [self.home / "nginx.pid"]

    def prepare(self) -> Sequence[str]:
        """It runs as the user who starts it."""
        return []

    def command(self, port: int) -> Sequence[str]:
        """nginx takes its port from the configuration only."""
        text = SETTINGS.format(
            home=self.home, host=HOST, port=port, ready=self._ready, block=self.block
        )
        self.settings.write_text(text)
        where = ["-p", str(self.home), "-c", str(self.settings)]
        return [str(self.program), "-e", "stderr", *where]

    def url(self, port: int) -> str:
        """Its base URL."""
        return f"http://{HOST}:{port}"

    def answers(self, pid: int, port: int) -> bool:
        """A path that only this configuration has is answered."""
        client = HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
        try:
            client.request("GET", self._ready)
            return client.getresponse().status == 204
        except (OSError, HTTPException):
            return False
        finally:
            client.close()

    @property
    def _ready(self) -> str:
        return f"/ready-{keep_password(self.home / 'password')}"
