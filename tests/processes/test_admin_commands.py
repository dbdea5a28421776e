"""Administration from a terminal: what the API does, with who and why."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from service.cli import main
from service.contracts import keys
from tests.processes.stores import Stores
from tests.support.people import Browser
from tests.support.processes import web_process

DEED = ("--reason", "ticket 4711", "--by", "Ada of IT")


@pytest.fixture
def command(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Awaitable[Result]]]:
    """Runs a command in this process, which says less of the machine and more in less time."""
    for name, value in stores.env.items():
        monkeypatch.setenv(name, value)
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, main, arguments)

    yield run
    structlog.configure(**before)
    logging.getLogger().handlers = handlers


@pytest.fixture
def users(command: Callable[..., Awaitable[Result]]) -> Callable[..., Awaitable[str]]:
    """What `users …` says, which must succeed."""

    async def run(*arguments: str) -> str:
        done = await command("users", *arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


async def test_an_operator_s_day(
    stores: Stores,
    visit: Callable[[str], Browser],
    tmp_path: Path,
    command: Callable[..., Awaitable[Result]],
    users: Callable[..., Awaitable[str]],
) -> None:
    """Find, give a role, lock, look why somebody was signed out, unlock, end what is open."""
    person = await stores.add_person()
    with web_process({**stores.env, "LOG_LEVEL": "error"}, tmp_path / "web.log") as base:
        browser = visit(base)
        tokens = await browser.login(person)
        token = tokens["access_token"]
        roles = json.loads(await users("roles", person.email, "--role", "auditor", *DEED, "--json"))
        assert roles["roles"] == ["auditor"]
        assert (await browser.send("GET", "/api/audit", token=token)).status == 200

        locked = await users("lock", person.id, "--until", "2999-01-01", *DEED, "--json")
        assert json.loads(locked)["status"] == "locked"
        me = await browser.me(token)
        assert me.body["reason"] == "account_disabled"
        found = await users("list", "--q", person.email[:6].upper(), "--status", "locked")
        assert person.id in found
        assert json.loads(await users("show", person.email, "--json"))["sessions"] == 0
        listed = (await users("sessions", person.id, "--json")).splitlines()
        assert [json.loads(line)["end_reason"] for line in listed] == ["account_disabled"]
        asked = await command("sessions", "timeline", tokens["session_id"], "--by", "Ada")
        assert "administrator locked or disabled" in asked.stdout.splitlines()[-1]

        await users("unlock", person.id, *DEED)
        await browser.login(person)
        assert await users("revoke-sessions", "--everybody", *DEED) == "1 sessions ended\n"
        await browser.login(person)
        assert await users("revoke-sessions", person.id, *DEED) == "1 sessions ended\n"
    entries = await stores.redis.xrange(keys.events(keys.partition_of(person.id)))
    deeds = [f for _, f in entries if f.get(b"actor_id") == b"Ada of IT" and b"data" in f]
    assert [f[b"type"] for f in deeds][:3] == [
        b"user.roles_changed",
        b"user.locked",
        b"user.unlocked",
    ]
    assert all(b"ticket 4711" in f[b"data"] for f in deeds)


async def test_what_an_operator_is_refused(
    stores: Stores, command: Callable[..., Awaitable[Result]]
) -> None:
    """A deed without a reason or a name, the last administrator, nobody; one line says it."""
    person = await stores.add_person()
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("update users set roles = '{admin}'")
    for arguments, code, why in [
        (("disable", person.email, "--by", "Ada"), 2, "--reason"),
        (("disable", person.email, "--reason", "x"), 2, "--by"),
        (("revoke-sessions", *DEED), 2, "--everybody"),
        (("disable", person.email, *DEED), 1, "nobody else is an admin"),
        (("show", "nobody@people.example"), 1, "no such account"),
    ]:
        done = await command("users", *arguments)
        assert (done.exit_code, why in done.stderr) == (code, True), done.output
