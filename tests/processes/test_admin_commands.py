"""Administration from a terminal: what the API does, with who and why."""

import json

from service.contracts import keys
from tests.support.people import PASSWORD
from tests.support.processes import python, web_process

DEED = ("--reason", "ticket 4711", "--by", "Ada of IT")


async def test_an_operator_s_day(stores, visit, tmp_path):
    """Find, give a role, lock, look why somebody was signed out, unlock, end what is open."""

    def users(*arguments):
        done = python("service", "users", *arguments, env={**stores.env, "NEW_PASSWORD": PASSWORD})
        assert done.returncode == 0, done.stderr
        return done.stdout

    person = await stores.add_person()
    with web_process({**stores.env, "LOG_LEVEL": "error"}, tmp_path / "web.log") as base:
        browser = visit(base)
        tokens = await browser.login(person)
        token = tokens["access_token"]
        roles = json.loads(users("roles", person.email, "--role", "auditor", *DEED, "--json"))
        assert roles["roles"] == ["auditor"]
        assert (await browser.send("GET", "/api/audit", token=token)).status == 200

        locked = users("lock", person.id, "--until", "2999-01-01", *DEED, "--json")
        assert json.loads(locked)["status"] == "locked"
        me = await browser.me(token)
        assert me.body["reason"] == "account_disabled"
        found = users("list", "--q", person.email[:6].upper(), "--status", "locked")
        assert person.id in found
        assert json.loads(users("show", person.email, "--json"))["sessions"] == 0
        listed = [json.loads(line) for line in users("sessions", person.id, "--json").splitlines()]
        assert [s["end_reason"] for s in listed] == ["account_disabled"]
        asked = python(
            "service", "sessions", "timeline", tokens["session_id"], "--by", "Ada", env=stores.env
        )
        assert "administrator locked or disabled" in asked.stdout.splitlines()[-1]

        users("unlock", person.id, *DEED)
        await browser.login(person)
        assert users("revoke-sessions", "--everybody", *DEED) == "1 sessions ended\n"
        await browser.login(person)
        assert users("revoke-sessions", person.id, *DEED) == "1 sessions ended\n"
    entries = await stores.redis.xrange(keys.events(keys.partition_of(person.id)))
    deeds = [f for _, f in entries if f.get(b"actor_id") == b"Ada of IT"]
    told = [f[b"type"] for f in deeds if b"data" in f]
    assert told[:3] == [b"user.roles_changed", b"user.locked", b"user.unlocked"]
    assert all(b"ticket 4711" in f[b"data"] for f in deeds if b"data" in f)


async def test_what_an_operator_is_refused(stores):
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
        done = python("service", "users", *arguments, env=stores.env)
        assert (done.returncode, why in done.stderr) == (code, True), done.stderr
