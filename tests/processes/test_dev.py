"""`dev`: the whole product in one command, which leaves nothing behind but its data."""

import json
import re
import shlex
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Process, family, lives, python, running
from tests.support.waiting import PATIENCE, wait_until

PEOPLE = ("admin", "analyst", "auditor", "borrower", "mfa")


ELSEWHERE = {
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1",
    "QUEUE_REDIS_URL": "redis://127.0.0.1:1",
    "REDIS_SSL": "true",
    "SECRET_KEY_PREVIOUS": "short",
}


@contextmanager
def dev(data_dir: Path, log: Path, demo: str = "--no-demo-data", **env: str) -> Iterator[Process]:
    """A `dev` of its own, on a free port."""
    arguments = ("service", "dev", "--port", "0", "--data-dir", str(data_dir), demo)
    env = {"LOG_LEVEL": "warning", **env}
    with running(*arguments, env=env, log=log, fresh=True) as process:
        yield process


async def said(process: Process, log: Path, pattern: str = "Stop: Ctrl-C") -> str:
    """Everything it has said, once that is a part of it."""

    async def says() -> str | None:
        assert process.poll() is None, log.read_text()
        return log.read_text() if pattern in log.read_text() else None

    return await wait_until(says, seconds=2 * PATIENCE)


def dev_env(data_dir: Path) -> dict[str, str]:
    """What any other command needs, read as a shell would."""
    words = shlex.split((data_dir / "dev.env").read_text())
    return dict(word.split("=", 1) for word in words)


def run_line(line: str) -> Any:
    """The JSON that a printed command line answers with."""
    return json.loads(subprocess.run(shlex.split(line), capture_output=True, check=True).stdout)


def emails(env: dict[str, str]) -> list[str]:
    """Who is known to the running `dev`."""
    listed = python("service", "users", "list", "--json", env=env)
    assert listed.returncode == 0, listed.stderr
    return [json.loads(line)["email"] for line in listed.stdout.splitlines()]


@pytest.mark.server
async def test_a_day_with_dev(tmp_path: Path) -> None:
    """It says what to do, and that works; a second one is refused; it ends when told, cleanly."""
    data_dir, log = tmp_path / "data", tmp_path / "dev.log"
    with dev(data_dir, log) as process:
        text = await said(process, log)
        env = dev_env(data_dir)
        told = {"BASE_URL", "DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
        assert set(env) == told | {"MAIL_DIR", "PUBLIC_URL", "WEBHOOK_PRIVATE_ADDRESSES"}
        assert stat.S_IMODE((data_dir / "dev.env").stat().st_mode) == 0o600
        assert f"runs at  {env['BASE_URL']}\n" in text
        assert [n for n in PEOPLE if f"{n}@inphora.example" not in text] == []

        [line] = re.findall(r"^ *(curl .*)$", text, re.MULTILINE)
        assert run_line(line)["user"]["email"] == "borrower@inphora.example"
        assert sorted(emails(env)) == [f"{name}@inphora.example" for name in PEOPLE]

        async def well() -> bool:
            return python("service", "doctor", env=env).returncode == 0

        await wait_until(well)

        second = python("service", "dev", "--port", "0", "--data-dir", str(data_dir), env={})
        assert (second.returncode, second.stdout) == (1, "")
        [refusal] = second.stderr.splitlines()
        assert f"is in use by process {process.pid}" in refusal

        everybody = family(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert [str(member) for member in everybody if lives(member)] == []
        assert not (data_dir / "dev.env").exists()


@pytest.mark.server
async def test_a_killed_dev(tmp_path: Path) -> None:
    """SIGKILL takes all its processes along; the next start goes on with the same data.

    It does so in a shell that is set up for other stores, too, and does not make the demo again.
    """
    data_dir, log, again = tmp_path / "data", tmp_path / "dev.log", tmp_path / "again.log"
    with dev(data_dir, log, "--demo-days=5") as process:
        assert "Stop: Ctrl-C" in await said(process, log, "Making up 5 days"), "in the background"
        text = await said(process, log, "The demo's past:")
        assert re.search(
            r"^The demo's past: \d+ events of 3\d\d people, .* are stored", text, re.MULTILINE
        )
        before = dev_env(data_dir)
        someone = {**before, "NEW_PASSWORD": "a password of many words"}
        made = python("service", "users", "create", "new@people.example", env=someone)
        assert made.returncode == 0, made.stderr
        everybody = family(process)
        names = {member.name() for member in everybody}
        assert {"postgres", "valkey-server"} <= names
        process.kill()
        process.wait()

        async def gone() -> bool:
            return not any(lives(member) for member in everybody)

        await wait_until(gone)

    with dev(data_dir, again, "--demo-days=5", **ELSEWHERE) as process:
        await said(process, again)
        after = dev_env(data_dir)
        assert "new@people.example" in emails(after)
        assert after["SECRET_KEY"] == before["SECRET_KEY"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert "Making up" not in again.read_text()


async def test_a_taken_port(tmp_path: Path) -> None:
    """One line says which port is taken; nothing was started or written."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        data_dir = tmp_path / "data"
        refused = python("service", "dev", "--port", str(port), "--data-dir", str(data_dir), env={})
    assert (refused.returncode, refused.stdout) == (1, "")
    [line] = refused.stderr.splitlines()
    assert f"port {port} is taken" in line
    assert not data_dir.exists()


@pytest.mark.server
async def test_ended_while_it_starts(tmp_path: Path) -> None:
    """SIGTERM in the middle of a start ends it as well, and leaves nothing running."""
    log = tmp_path / "dev.log"
    with dev(tmp_path / "data", log) as process:
        await said(process, log, "Migrating")
        everybody = family(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert [str(member) for member in everybody if lives(member)] == []
