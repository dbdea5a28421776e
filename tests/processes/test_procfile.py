"""What a platform runs, run for real: the Procfile by honcho, with a platform's environment."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from typing import Any

import psutil
import pytest
import yaml
from sqlalchemy import text

from config.settings import Settings
from service.contracts import keys
from service.embedded import EmbeddedServer
from tests.processes.stores import Stores, open_stores
from tests.support.forked import ROOT
from tests.support.processes import await_ready, family, free_port, lives
from tests.support.waiting import PATIENCE, REDIS_TIMEOUT_MS, wait_until

NAMES = {name.upper() for name in Settings.model_fields}
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
HONCHO = """
from honcho import command, manager

manager.KILL_WAIT = 30  # as platforms; its own five seconds are for a terminal
command.main()
"""
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")


@pytest.fixture
def platform(empty_database: str, own_valkey: EmbeddedServer, tmp_path: Path) -> dict[str, str]:
    """The environment that a platform gives; the database is still empty."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(free_port()),
        "DATABASE_URL": empty_database.replace("postgresql://", "postgres://"),
        "REDIS_URL": own_valkey.url,
        "SECRET_KEY": "k" * 40,
        "WEB_CONCURRENCY": "2",
        "LOG_LEVEL": "warning",
        "REDIS_TIMEOUT_MS": REDIS_TIMEOUT_MS,
    }


@pytest.fixture
async def stores(platform: dict[str, str], own_valkey: EmbeddedServer) -> AsyncIterator[Stores]:
    """The platform's stores, to look into."""
    async with open_stores(platform, own_valkey) as opened:
        yield opened


@contextmanager
def honcho(*names: str, env: dict[str, str], log: Path) -> Iterator[Popen[bytes]]:
    """`honcho start NAMES`, which reads no file but the Procfile."""
    nothing = log.with_suffix(".env")
    nothing.touch()
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", HONCHO, "-e", nothing, "start", *names],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    everybody = []
    try:
        yield process
        everybody = family(process) if process.poll() is None else []
    finally:
        process.terminate()
        process.wait(PATIENCE)
        for left in everybody:
            if lives(left):
                left.kill()


class Line:
    """One connection that stays open, to one of the web processes."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._http.connect()
        self.port = self._http.sock.getsockname()[1]

    def send(self, method: str, path: str, *, token: str = "", **body: Any) -> tuple[int, Any]:
        """The status and the body of an answer."""
        self.begin(method, path, token=token, **body)
        return self.finish()

    def begin(self, method: str, path: str, *, token: str = "", **body: Any) -> None:
        """Send a request."""
        sent = json.dumps(body).encode() if body else b""
        self._http.putrequest(method, path)
        if token:
            self._http.putheader("Authorization", f"Bearer {token}")
        if sent:
            self._http.putheader("Content-Type", "application/json")
        self._http.putheader("Content-Length", str(len(sent)))
        self._http.endheaders(sent)

    def finish(self) -> tuple[int, Any]:
        """The status and the body of the answer."""
        answer = self._http.getresponse()
        read = answer.read()
        return answer.status, json.loads(read) if read else None

    def close(self) -> None:
        self._http.close()

    def belongs_to(self, process: psutil.Process) -> bool:
        """Whether that process holds the other end."""
        connections = process.net_connections(kind="tcp")
        return any(c.raddr and c.raddr.port == self.port for c in connections)


def web_processes(process: Popen[bytes]) -> list[psutil.Process]:
    """gunicorn's children, which serve; its own parent is a shell."""
    web = [p for p in family(process) if "gunicorn" in " ".join(p.cmdline()[:2])]
    return [p for p in web if p.ppid() in {q.pid for q in web}]


@contextmanager
def lines_to(processes: list[psutil.Process], port: int) -> Iterator[list[Line]]:
    """A connection to each: while the others stand still, only one can take it."""
    with ExitStack() as stack:
        lines = []
        for process in processes:
            others = [other for other in processes if other != process]
            for other in others:
                other.suspend()
            lines.append(stack.enter_context(closing(Line(port))))
            assert lines[-1].send("GET", "/api/health/live")[0] == 200
            for other in others:
                other.resume()
        yield lines


def image_check(env: dict[str, str]) -> int:
    """The exit code of the image's health check in that environment."""
    check = re.search(r"HEALTHCHECK.*?CMD (\[.*\])", DOCKERFILE)
    assert check is not None
    command = json.loads(check[1])
    return subprocess.run(command, env=os.environ | env, check=False).returncode


async def test_release_then_web_and_worker(
    platform: dict[str, str], stores: Stores, tmp_path: Path
) -> None:
    """Signed in and refreshed by one process, signed out by the other, dead in both; all audited."""
    with honcho("release", env=platform, log=tmp_path / "release.log") as release:
        assert release.wait(PATIENCE) == 0, (tmp_path / "release.log").read_text()
    log, port = tmp_path / "honcho.log", int(platform["PORT"])
    with ExitStack() as stack:
        process = stack.enter_context(honcho("web", "worker", env=platform, log=log))
        await_ready(f"http://127.0.0.1:{port}", [process], log)
        servers = web_processes(process)
        assert len(servers) == 2
        one, other = stack.enter_context(lines_to(servers, port))
        assert [line.belongs_to(p) for line in (one, other) for p in servers] == [
            True,
            False,
            False,
            True,
        ]
        person = await stores.add_person()
        _, first = one.send("POST", "/api/auth/login", email=person.email, password=person.password)
        assert other.send("GET", "/api/auth/me", token=first["access_token"])[0] == 200
        _, second = one.send("POST", "/api/auth/refresh", refresh_token=first["refresh_token"])
        token = second["access_token"]
        assert other.send("POST", "/api/auth/logout", token=token, scope="local")[0] == 204
        for line in (one, other):
            assert line.send("GET", "/api/auth/me", token=token)[1]["code"] == "token_revoked"

        async def audited() -> bool:
            return await stores.audit(person.id) == [
                "login.succeeded",
                "token.refreshed",
                "session.ended",
            ]

        await wait_until(audited)
        assert image_check(platform) == 0


async def test_sigterm_loses_nothing_in_flight(
    platform: dict[str, str], stores: Stores, tmp_path: Path
) -> None:
    """Who was being served is answered, the rest refused; all end in time, every event is kept."""
    log, port = tmp_path / "honcho.log", int(platform["PORT"])

    async def waiting() -> object:
        blocked = "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
        query = f"{blocked} where not l.granted and d.datname = current_database()"
        return await stores.value(query) == 2

    async def refuses() -> bool:
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", port)) != 0

    with honcho("release", env=platform, log=log) as release:
        assert release.wait(PATIENCE) == 0, log.read_text()
    with ExitStack() as stack:
        process = stack.enter_context(honcho("web", "worker", env=platform, log=log))
        await_ready(f"http://127.0.0.1:{port}", [process], log)
        lines = stack.enter_context(lines_to(web_processes(process), port))
        person = await stores.add_person()
        everybody = family(process)
        async with stores.engine.begin() as connection:
            await connection.execute(text("lock table users in access exclusive mode"))
            for line in lines:
                line.begin("POST", "/api/auth/login", email=person.email, password=person.password)
            await wait_until(waiting)
            process.send_signal(signal.SIGTERM)
            await wait_until(refuses)
        assert [line.finish()[0] for line in lines] == [200, 200]
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM

        async def ended() -> bool:
            return not any(lives(member) for member in everybody)

        await wait_until(ended)
        assert "SIGKILL" not in log.read_text()

    unread = await stores.redis.xrange(keys.events(keys.partition_of(person.id)))
    told = [fields[b"type"].decode() for _, fields in unread]
    assert told + await stores.audit(person.id) == ["login.succeeded"] * 2


def test_a_buildpack_finds_what_it_reads() -> None:
    """A Python version, and a lock in which every package has its hash."""
    assert re.fullmatch(r"3\.\d+(\.\d+)?", (ROOT / ".python-version").read_text().strip())
    lock = (ROOT / "requirements.txt").read_text().replace("\\\n", "")
    packages = [line for line in lock.splitlines() if line and not line.lstrip().startswith("#")]
    assert packages
    assert [line for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


def test_compose_runs_what_the_procfile_runs() -> None:
    """The same commands: release as `migrate`, web as the image's own, worker."""
    assert set(COMPOSE["services"]) == {"web", "worker", "migrate", "redis", "postgres"}
    commands = {
        "release": COMPOSE["services"]["migrate"]["command"],
        "web": json.loads(re.findall(r"^CMD (\[.*\])", DOCKERFILE, re.MULTILINE)[-1]),
        "worker": COMPOSE["services"]["worker"]["command"],
    }
    assert {name: shlex.split(line) for name, line in PROCFILE.items()} == commands


def test_compose_waits_for_what_is_checked() -> None:
    """Whoever is waited for to be healthy has a health check; web has the image's."""
    services = COMPOSE["services"]
    waits = [
        (name, on, how["condition"])
        for name, service in services.items()
        for on, how in service.get("depends_on", {}).items()
    ]
    assert {on for _, on, how in waits if how == "service_healthy"} == {"redis", "postgres"}
    assert {name for name, on, _ in waits if on == "migrate"} == {"web", "worker"}
    checked = {
        name for name, service in services.items() if "test" in service.get("healthcheck", {})
    }
    assert checked == {"redis", "postgres", "worker"}
    assert "HEALTHCHECK" in DOCKERFILE


def test_every_environment_name_is_a_setting() -> None:
    """Compose, its example and the settings speak of the same names."""
    stores = {"POSTGRES_PASSWORD"}
    example = (ROOT / "config" / "env.example").read_text()
    assert set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE)) == NAMES | stores
    services = COMPOSE["services"]
    given = {
        name for kind in ("web", "worker", "migrate") for name in services[kind]["environment"]
    }
    assert given <= NAMES
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} <= given
    wanted = re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text())
    assert set(wanted) <= NAMES | stores
