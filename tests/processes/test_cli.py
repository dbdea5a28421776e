"""The command line as an operator meets it: exit codes, and one clear line for what is wrong."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from subprocess import Popen
from typing import Any

import pytest
from sqlalchemy import make_url, text

from config.settings import Settings, read_settings
from service.cli import ELSEWHERE
from service.contracts import keys
from service.domain.secrets import at_rest
from service.domain.signing_key import SigningKey
from service.store.database import Database, open_engine
from service.store.signing_keys import SigningKeyRecords
from tests.processes.stores import Stores
from tests.support.forked import ROOT
from tests.support.people import PASSWORD
from tests.support.processes import python
from tests.support.waiting import PATIENCE, wait_until

CONTRACT = """
    PORT DATA_DIR WEB_CONCURRENCY REDIS_URL REDIS_PASSWORD REDIS_SSL QUEUE_REDIS_URL DATABASE_URL
    SECRET_KEY SECRET_KEY_PREVIOUS PUBLIC_URL JWT_ALGORITHM JWT_AUDIENCE ACCESS_TOKEN_TTL
    SESSION_IDLE_TTL SESSION_MAX_TTL MAX_SESSIONS_PER_USER REFRESH_REPLAY_SECONDS REGISTRATION
    CORS_ORIGINS TRUSTED_PROXIES LOG_LEVEL LOG_FORMAT SMTP_URL AUDIT_RETENTION_DAYS METRICS_TOKEN
    RATE_LIMITS REDIS_DOWN
"""
GOOD = {
    "DATABASE_URL": "postgres://me:hunter2@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0",
    "SECRET_KEY": "hunter2" * 5,
}
BAD = [
    ("PORT", "http"),
    ("PORT", "65536"),
    ("WEB_CONCURRENCY", "0"),
    ("REDIS_URL", "http://:hunter2@localhost"),
    ("REDIS_URL", "hunter2"),
    ("REDIS_SSL", "hunter2"),
    ("QUEUE_REDIS_URL", "amqp://:hunter2@localhost"),
    ("DATABASE_URL", "mysql://me:hunter2@localhost/auth"),
    ("DATABASE_URL", "hunter2"),
    ("SECRET_KEY", "hunter2"),
    ("SECRET_KEY_PREVIOUS", "hunter2"),
    ("PUBLIC_URL", "auth.example.com"),
    ("PUBLIC_URL", "ftp://auth.example.com"),
    ("JWT_ALGORITHM", "none"),
    ("JWT_ALGORITHM", "HS256"),
    ("ACCESS_TOKEN_TTL", "15m"),
    ("ACCESS_TOKEN_TTL", "0"),
    ("ACCESS_TOKEN_TTL", "-900"),
    ("SESSION_IDLE_TTL", "1.5"),
    ("SESSION_MAX_TTL", "1"),
    ("MAX_SESSIONS_PER_USER", "-1"),
    ("REFRESH_REPLAY_SECONDS", "301"),
    ("REGISTRATION", "yes"),
    ("TRUSTED_PROXIES", "all"),
    ("AUDIT_CHECKPOINT_SECONDS", "9"),
    ("AUDIT_CHECKPOINT_SINK", "relative/path"),
    ("AUDIT_CHECKPOINT_SINK", "http://elsewhere.example/hunter2"),
    ("AUDIT_CHECKPOINT_SINK", "file://host/path"),
    ("AUDIT_UNKNOWN_DAYS", "0"),
    ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
    ("AUDIT_RETENTION_DAYS", "0"),
    ("RATE_LIMITS", "on"),
    ("REDIS_DOWN", "maybe"),
]


def test_every_setting_of_the_contract_exists() -> None:
    """No name that operators were promised is missing."""
    assert {name.upper() for name in Settings.model_fields} >= set(CONTRACT.split())


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda text: text)
def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """One line that names the setting and holds no secret."""
    for setting, good in {**GOOD, name: value}.items():
        monkeypatch.setenv(setting, good)
    with pytest.raises(SystemExit) as ended:
        read_settings()
    message = str(ended.value)
    assert message.startswith(f"inphora-auth: {name}: ")
    assert "\n" not in message
    assert "hunter2" not in message


@pytest.mark.server
def test_nothing_is_there_before_anybody_is_made(empty_database: str) -> None:
    """ASVS 6.3.2: after `migrate` no account is there, nor a way to sign in."""
    env = {**GOOD, "DATABASE_URL": empty_database}
    assert python("service", "migrate", env=env).returncode == 0
    listed = python("service", "users", "list", "--json", env=env)

    assert (listed.returncode, listed.stdout) == (0, "")


@pytest.mark.parametrize(
    "command",
    [("service", "serve"), ("service", "users", "list"), ("service", "migrate"), ("workers",)],
    ids=" ".join,
)
def test_nothing_starts_without_a_secret(command: tuple[str, ...]) -> None:
    """One line names SECRET_KEY; exit code 1."""
    env = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    refused = python(*command, env=env)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "inphora-auth: SECRET_KEY: is not set\n"


def test_no_worker_starts_without_its_countries(tmp_path: Path) -> None:
    """A file that cannot be read is named, with what to do; exit code 1."""
    path = tmp_path / "countries.mmdb"
    path.write_text("<html>moved</html>")
    refused = python("workers", env={**GOOD, "GEOIP_FILE": str(path), "LOG_LEVEL": "error"})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"inphora-auth: GEOIP_FILE: {path} is no MaxMind DB file")
    assert "\n" not in refused.stderr.rstrip()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("nonsense",), 2),
        (("users", "create"), 2),
        (("users", "create", "a@b.example", "--role", "king"), 2),
        (("users", "lock", "a", "--until", "2020-01-01", "--reason", "b", "--by", "c"), 2),
        (("dev", "--port", "65536"), 2),
        (("users", "list"), 1),
        (("migrate",), 1),
        (("doctor",), 1),
        (("serve", "--port", "0"), 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_exit_codes(arguments: tuple[str, ...], code: int) -> None:
    """0 done, 1 failed (here: no store is there), 2 wrong usage; a failure says why in a line."""
    env = {**GOOD, "LOG_LEVEL": "error", "NEW_PASSWORD": PASSWORD}
    done = python("service", *arguments, env=env)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    if code == 1 and arguments != ("doctor",):
        [line] = done.stderr.splitlines()
        assert line.startswith("inphora-auth: ")


@pytest.mark.parametrize("command", sorted(set(ELSEWHERE) | {"migrate", "serve"}))
def test_every_command_starts_by_itself(command: str) -> None:
    """A new interpreter imports what a command needs; the other tests fork from one that has."""
    done = python("service", command, "--help", env={}, fresh=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: python -m service {command}")


REFUSED = [
    ("new@people.example", {"NEW_PASSWORD": "too short"}, "password:"),
    ("nobody", {}, "email:"),
    ("TAKEN@People.Example", {}, "taken"),
    ("new@people.example", {"REDIS_URL": GOOD["REDIS_URL"]}, "does not answer"),
]


@pytest.fixture
async def somebody(stores: Stores) -> dict[str, str]:
    """The environment of a database in which one person was made by the command line."""
    env = {**stores.env, "NEW_PASSWORD": PASSWORD}
    made = python("service", "users", "create", "taken@people.example", env=env)
    assert made.returncode == 0, made.stderr
    return env


async def test_refused_people(stores: Stores, somebody: dict[str, str]) -> None:
    """One line says why; nobody was added, and no event says so."""
    for email, change, why in REFUSED:
        refused = python("service", "users", "create", email, env={**somebody, **change})
        assert (refused.returncode, refused.stdout) == (1, "")
        [line] = refused.stderr.splitlines()
        assert why in line
        assert PASSWORD not in line
    assert await stores.rows("select email from users") == [("taken@people.example",)]
    assert await stores.unread() == 1


async def test_users(stores: Stores, somebody: dict[str, str]) -> None:
    """Who was created is listed, as JSON a line or for people, and announced in the stream."""
    arguments = ("users", "create", "chief@people.example", "--name", "A Chief", "--role", "admin")
    made = python("service", *arguments, env=somebody)
    listed = python("service", "users", "list", "--json", env=somebody).stdout.splitlines()
    assert made.stdout.strip() == listed[0]
    assert len(listed) == 2
    plain = python("service", "users", "list", env=somebody).stdout.splitlines()
    assert [line.split()[:2] for line in plain] == [
        ["chief@people.example", "admin"],
        ["taken@people.example", "-"],
    ]
    assert await stores.unread() == 2


async def test_two_migrations_at_once(empty_database: str) -> None:
    """Two releases at the same time, and one after them, leave one schema."""
    env = {**os.environ, **GOOD, "DATABASE_URL": empty_database}
    engine = open_engine(empty_database, connections=2)
    blocked = text(
        "select count(*) = 2 from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )

    async def both_wait() -> bool:
        async with engine.connect() as watching:
            return bool(await watching.scalar(blocked))

    async with engine.connect() as first:
        await first.exec_driver_sql("create table alembic_version (version_num text)")
        both = [migration(env), migration(env)]
        await wait_until(both_wait)
        await first.rollback()
    assert [process.wait(PATIENCE) for process in both] == [0, 0]
    assert python("service", "migrate", env=env).returncode == 0
    await engine.dispose()


def migration(env: dict[str, str]) -> Popen[bytes]:
    """`migrate`, just started."""
    return subprocess.Popen([sys.executable, "-m", "service", "migrate"], cwd=ROOT, env=env)


@pytest.fixture
async def well(stores: Stores) -> Stores:
    """Stores on which a worker has just shown itself."""
    await stores.redis.set(keys.HEARTBEAT, time.time_ns() // 1_000_000)
    return stores


async def evict(stores: Stores, _: object) -> None:
    await stores.redis.config_set("maxmemory-policy", "allkeys-lru")


async def forget_the_worker(stores: Stores, _: object) -> None:
    await stores.redis.delete(keys.HEARTBEAT)


async def kill_valkey(stores: Stores, _: object) -> None:
    stores.valkey.kill()


async def leave_unmigrated(stores: Stores, env: dict[str, str]) -> None:
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("drop table audit_log")


async def lose_postgres(_: object, env: dict[str, str]) -> None:
    env["DATABASE_URL"] = GOOD["DATABASE_URL"]


async def be_public(_: object, env: dict[str, str]) -> None:
    env["PUBLIC_URL"] = "http://auth.example.com"


BROKEN = [
    (evict, "maxmemory-policy is allkeys-lru", "config set maxmemory-policy noeviction"),
    (forget_the_worker, "a worker drains the streams", "python -m workers"),
    (kill_valkey, "Redis does not answer", "REDIS_URL"),
    (leave_unmigrated, "the database has its schema", "inphora-auth migrate"),
    (lose_postgres, "PostgreSQL does not answer", "DATABASE_URL"),
    (be_public, "PUBLIC_URL is http://auth.example.com", "https://"),
]


async def test_doctor_finds_nothing(well: Stores) -> None:
    """Exit code 0 when all is well."""
    found = python("service", "doctor", env=well.env)
    assert (found.returncode, found.stderr) == (0, "")
    assert "FAIL" not in found.stdout


@pytest.mark.parametrize(("damage", "what", "mend"), BROKEN, ids=[b[0].__name__ for b in BROKEN])
async def test_doctor_says_how_to_mend(
    well: Stores, damage: Callable[..., Any], what: str, mend: str
) -> None:
    """Each damage is the one failure it reports, with what to do about it; exit code 1."""
    env = dict(well.env)
    await damage(well, env)
    found = python("service", "doctor", env=env)
    assert found.returncode == 1
    lines = found.stdout.splitlines()
    [failure] = [n for n, line in enumerate(lines) if line.startswith("FAIL")]
    assert what in lines[failure]
    assert mend in lines[failure + 1]


async def test_a_refusing_database(stores: Stores) -> None:
    """A wrong password is one line that says so, from any command."""
    url = make_url(stores.env["DATABASE_URL"]).set(password="wrong")
    env = {**stores.env, "DATABASE_URL": url.render_as_string(hide_password=False)}
    for command in ("doctor", "migrate"):
        refused = python("service", command, env=env)
        assert refused.returncode == 1
        [line] = refused.stderr.splitlines()
        assert line.startswith("inphora-auth: PostgreSQL refuses: password authentication failed")


async def test_serve_refuses_in_a_line(stores: Stores) -> None:
    """Another SECRET_KEY than the data's, or a taken port: one line says which; exit code 1."""
    given: dict[str, Any] = {name.lower(): value for name, value in stores.env.items()}
    settings = Settings(**given)
    records = SigningKeyRecords(Database(stores.engine), at_rest(settings.secrets, token_bytes))
    async with records.database.transaction() as connection:
        await records.add(connection, SigningKey.generate("ES256"), datetime.now(UTC))
    refused = python("service", "serve", "--port", "0", env={**stores.env, "SECRET_KEY": "x" * 40})
    assert refused.returncode == 1
    assert "SECRET_KEY_PREVIOUS" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1

    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        where = ("--host", "127.0.0.1", "--port", str(port))
        refused = python("service", "serve", *where, env=stores.env)
    assert refused.returncode == 1
    assert str(port) in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
