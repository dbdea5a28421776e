"""The whole product in one command: embedded stores, a web process, a worker, demo users."""

import os
import secrets
import shlex
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from service.embedded import start_postgres, start_valkey
from service.embedded.leash import Leash
from service.embedded.lock import hold
from service.simulation.country_file import to_mmdb
from service.simulation.places import NETWORKS

HOST = "127.0.0.1"
READY_SECONDS = 60.0
STOP_SECONDS = 25.0
POLL_SECONDS = 0.1

OTHERS = ("REDIS_PASSWORD", "REDIS_SSL", "QUEUE_REDIS_URL", "SECRET_KEY_PREVIOUS")
"""Settings of a shell that speak of other servers than the ones started here."""

DEMO_PEOPLE = 300
DEMO_LOG = "demo.log"
"""What filling the demo said; while it is there, the demo is not filled again."""

DEMO_PASSWORD = "demo-only-not-secret-42"  # noqa: S105 - published in API.md
DEMO_TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105


class DevError(Exception):
    """Why `dev` cannot run, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """Somebody to sign in as."""

    email: str
    roles: Sequence[str] = ()
    totp_secret: str | None = None


DEMO_USERS = (
    DemoUser(email="admin@inphora.example", roles=("admin",)),
    DemoUser(email="analyst@inphora.example", roles=("analyst",)),
    DemoUser(email="auditor@inphora.example", roles=("auditor",)),
    DemoUser(email="borrower@inphora.example"),
    DemoUser(email="mfa@inphora.example", totp_secret=DEMO_TOTP_SECRET),
)


def run_dev(
    data_dir: Path,
    port: int,
    *,
    prepare: Callable[[Mapping[str, str]], None],
    say: Callable[[str], None],
    demo_days: int = 0,
) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code. Raises DevError, EmbeddedError.

    `prepare` is given the environment of the processes, to migrate and to make the demo users.
    A data directory gets a past of `demo_days`, once, in the background.
    """
    port = port or _free_port()
    _refuse_taken(port)
    with ExitStack() as stack:
        stack.enter_context(hold(data_dir))
        stopping = stack.enter_context(_told_to_stop())
        say("Starting PostgreSQL and Valkey …")
        postgres = stack.enter_context(start_postgres(data_dir / "postgres"))
        valkey = stack.enter_context(start_valkey(data_dir / "valkey"))
        own = {
            "BASE_URL": f"http://{HOST}:{port}",
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "SECRET_KEY": _keep_secret(data_dir / "secret_key"),
            "MAIL_DIR": os.environ.get("MAIL_DIR") or str((data_dir / "mail").resolve()),
            "WEBHOOK_PRIVATE_ADDRESSES": os.environ.get("WEBHOOK_PRIVATE_ADDRESSES", "loopback"),
        }
        countries = data_dir / "countries.mmdb"
        countries.write_bytes(to_mmdb(NETWORKS))
        defaults = {
            "PUBLIC_URL": own["BASE_URL"],
            "LOG_FORMAT": "console",
            "GEOIP_FILE": str(countries.resolve()),
            **({} if "PUBLIC_URL" in os.environ else _for_passkeys(port)),
        }
        env = {**defaults, **os.environ, **own, **dict.fromkeys(OTHERS, ""), "PORT": str(port)}
        say("Migrating the database, making the demo users …")
        prepare(env)
        python = (sys.executable, "-m")
        web = stack.enter_context(
            _running((*python, "service", "serve", "--host", HOST), env, data_dir / "web.pid")
        )
        worker = stack.enter_context(_running((*python, "workers"), env, data_dir / "worker.pid"))
        _write_env(data_dir / "dev.env", {"PUBLIC_URL": env["PUBLIC_URL"], **own})
        stack.callback((data_dir / "dev.env").unlink, missing_ok=True)
        filling: Leash | None = None
        if _wait_ready(own["BASE_URL"], web, stopping):
            say(_banner(own["BASE_URL"], data_dir, own["MAIL_DIR"]))
            if demo_days and not (data_dir / DEMO_LOG).exists():
                say(f"Making up {demo_days} days of traffic in the background …")
                filling = stack.enter_context(_filling(env, data_dir, demo_days))
        while not stopping:
            if filling is not None and not filling.alive:
                say(f"The demo's past: {_last_line(data_dir / DEMO_LOG)}")
                filling = None
            for name, process in (("web process", web), ("worker", worker)):
                if not process.alive:
                    say(f"The {name} has ended; its last lines above say why. Stopping.")
                    return 1
            time.sleep(POLL_SECONDS)
        say("Stopping …")
    return 0


def _for_passkeys(port: int) -> dict[str, str]:
    """They belong to a name, never to an address: browsers let `localhost` have them without TLS."""
    return {"WEBAUTHN_RP_ID": "localhost", "WEBAUTHN_ORIGINS": f"http://localhost:{port}"}


@contextmanager
def _told_to_stop() -> Iterator[list[int]]:
    """A list that is no longer empty once SIGTERM or SIGINT has come."""
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)

    before = {n: signal.signal(n, note) for n in (signal.SIGTERM, signal.SIGINT)}
    yield came
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def _running(
    command: Sequence[str],
    env: Mapping[str, str],
    pid_file: Path,
    log: IO[bytes] | None = None,
) -> Iterator[Leash]:
    process = Leash(
        command,
        prefix=(),
        stop_signal=signal.SIGTERM,
        pid_file=pid_file,
        log=log,
        env=env,
    )
    try:
        yield process
    finally:
        process.stop(STOP_SECONDS)


@contextmanager
def _filling(env: Mapping[str, str], data_dir: Path, days: int) -> Iterator[Leash]:
    """A process that makes the demo's past up, which the worker stores as it stores the present."""
    command = (
        *(sys.executable, "-m", "service", "analytics", "simulate"),
        *("--days", str(days), "--people", str(DEMO_PEOPLE), "--data-dir", str(data_dir)),
    )
    with (
        (data_dir / DEMO_LOG).open("wb") as log,
        _running(command, env, data_dir / "demo.pid", log) as process,
    ):
        yield process


def _last_line(path: Path) -> str:
    lines = path.read_text().split("\n")
    return next((line for line in reversed(lines) if line), "it said nothing")


def _wait_ready(base_url: str, web: Leash, stopping: Sequence[int]) -> bool:
    """Whether the service answered before it ended or was told to."""
    deadline = time.monotonic() + READY_SECONDS
    while web.alive and not stopping and time.monotonic() < deadline:
        try:
            with urlopen(f"{base_url}/api/health/ready", timeout=2):  # noqa: S310 - our own
                return True
        except (URLError, OSError):
            time.sleep(POLL_SECONDS)
    return False


def _keep_secret(path: Path) -> str:
    """SECRET_KEY of this data directory; made on the first start."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


def _write_env(path: Path, values: Mapping[str, str]) -> None:
    """What any other command needs to work on the running `dev`; for its owner's eyes only."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))


def _refuse_taken(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            message = f"port {port} is taken: stop what uses it, or choose another with --port"
            raise DevError(message) from error


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


def _banner(base_url: str, data_dir: Path, mail_dir: str) -> str:
    people = "\n".join(
        f"    {user.email:<28}{', '.join(user.roles) or ('second factor' if user.totp_secret else '')}"
        for user in DEMO_USERS
    )
    body = f'{{"email": "{DEMO_USERS[3].email}", "password": "{DEMO_PASSWORD}"}}'
    return f"""
Inphora Auth runs at  {base_url}

  Demo users, all with the password {DEMO_PASSWORD}
{people}
    (second factor: an authenticator with the secret {DEMO_TOTP_SECRET})

  Try it:
    curl -s {base_url}/api/auth/login -H 'Content-Type: application/json' -d '{body}'

  Passkeys work at {base_url.replace(HOST, "localhost")}

  Mails: {mail_dir}, and their links here
  Database and Redis: {data_dir / "dev.env"}      Stop: Ctrl-C
"""
