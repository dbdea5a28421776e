"""GET /api/admin/sessions/{id}/timeline: why was I signed out?"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pyotp
import pytest
from redis.asyncio import Redis
from sqlalchemy import delete, text, update

from service.contracts.tables import sessions
from service.domain.users import Role
from service.store.database import Database
from tests.conftest import MakePerson, MakeSettings
from tests.support.people import TOTP_SECRET, Browser, Person, Reply
from tests.support.story import worker
from tests.support.waiting import wait_until

Stored = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Ask:
    """Asks for the timeline of a session, as one administrator."""

    browser: Browser
    token: str

    async def __call__(self, session_id: str) -> Reply:
        path = f"/api/admin/sessions/{session_id}/timeline"
        return await self.browser.send("GET", path, token=self.token)


ENDS = {"session.ended", "session.expired", "token.reuse_detected"}


@pytest.fixture
async def ask(browser: Browser, make_person: MakePerson) -> Ask:
    """An administrator who asks for a session's timeline."""
    admin = await browser.login(await make_person(roles=[Role.ADMIN]))
    return Ask(browser, admin["access_token"])


@pytest.fixture
def stored(database: Database, make_settings: MakeSettings) -> Stored:
    """Runs a worker until the audit has an event of a session."""

    async def until(session_id: str, *types: str) -> None:
        query = text("select type from audit_log where session_id = :id")

        async def there() -> bool:
            async with database.transaction() as connection:
                said = set(await connection.scalars(query, {"id": session_id}))
            return said >= set(types)

        async with worker(make_settings()):
            await wait_until(there)

    return until


async def test_a_session_s_story_from_challenge_to_reuse(
    browser: Browser, make_person: MakePerson, ask: Ask, stored: Stored
) -> None:
    """The second factor before it, its uses as one line, the theft it ended by, oldest first."""
    person = await make_person(totp_secret=TOTP_SECRET)
    challenge = await browser.login(person)
    body = {"mfa_token": challenge["mfa_token"], "code": pyotp.TOTP(TOTP_SECRET).now()}
    first = (await browser.send("POST", "/api/auth/verify-2fa", json=body)).body
    tokens = first
    for _ in range(5):
        tokens = (await browser.refresh(tokens["refresh_token"])).body
    await browser.refresh(first["refresh_token"])
    await stored(first["session_id"], "token.reuse_detected")
    found = (await ask(first["session_id"])).body

    lines = found["events"]
    assert [line["type"] for line in lines] == [
        "mfa.challenged",
        "mfa.succeeded",
        "login.succeeded",
        "token.refreshed",
        "token.reuse_detected",
    ]
    assert lines[3]["times"] == 5
    assert "refreshed 5 times" in lines[3]["says"]
    assert "copy" in lines[-1]["says"]
    assert found["session"]["end_reason"] == "token_reuse"
    assert (found["user_id"], found["complete"]) == (person.id, True)
    assert lines == sorted(lines, key=lambda line: line["at"])
    assert "127.0.0.1" in lines[2]["says"]
    assert lines[2]["says"].startswith("Signed in by pwd, otp, mfa ")


async def test_who_ended_it_and_why(
    browser: Browser, person: Person, ask: Ask, stored: Stored
) -> None:
    """An administrator's deed stands before the end that it brought, with actor and reason."""
    tokens = await browser.login(person)
    other = await browser.login(person)
    path = f"/api/admin/users/{person.id}/disable"
    body = {"reason": "left the company"}
    await browser.send("POST", path, token=ask.token, json=body)
    await stored(tokens["session_id"], "session.ended")
    lines = (await ask(tokens["session_id"])).body["events"]

    assert [line["type"] for line in lines] == ["login.succeeded", "user.disabled", "session.ended"]
    assert "left the company" in lines[1]["says"]
    assert lines[1]["actor_id"] == lines[2]["actor_id"] is not None
    assert lines[2]["reason"] == "account_disabled"
    assert other["session_id"] not in json.dumps(lines)


async def test_what_the_audit_does_not_have_yet_is_told_by_the_row(
    browser: Browser, person: Person, ask: Ask
) -> None:
    """The answer is whole at once, before a worker has stored anything."""
    tokens = await browser.login(person)
    await browser.logout(tokens["access_token"])
    found = (await ask(tokens["session_id"])).body

    assert [line["type"] for line in found["events"]] == ["login.succeeded", "session.ended"]
    assert found["events"][1]["says"] == "They signed out."


async def test_a_session_whose_row_or_rows_are_gone(
    browser: Browser, person: Person, ask: Ask, stored: Stored, database: Database
) -> None:
    """Retention may have dropped either; of what was never there nothing is said."""
    tokens = await browser.login(person)
    await browser.logout(tokens["access_token"])
    await stored(tokens["session_id"], "session.ended")
    async with database.transaction() as connection:
        await connection.execute(delete(sessions).where(sessions.c.id == tokens["session_id"]))
    found = (await ask(tokens["session_id"])).body
    assert (found["session"], found["user_id"]) == (None, person.id)
    assert [line["type"] for line in found["events"]] == ["login.succeeded", "session.ended"]

    for unknown in ("B" + "A" * 22, "nonsense"):
        assert (await ask(unknown)).code == "not_found"


async def test_looking_is_audited(browser: Browser, person: Person, ask: Ask, redis: Redis) -> None:
    """Who looked at which session, before anything is shown."""
    tokens = await browser.login(person)
    await ask(tokens["session_id"])
    found = []
    for partition in range(16):
        for _, fields in await redis.xrange(f"auth:{{{partition:02d}}}:events"):
            if fields[b"type"] == b"audit.searched" and fields.get(b"reason") == b"timeline":
                found.append(fields[b"data"].decode())

    assert any(tokens["session_id"] in data for data in found)


async def test_an_idle_end_says_so(
    browser: Browser, person: Person, ask: Ask, database: Database, redis: Redis, stored: Stored
) -> None:
    """Why was I signed out? It was not used for too long."""
    tokens = await browser.login(person)
    async with database.transaction() as connection:
        await connection.execute(
            update(sessions)
            .where(sessions.c.id == tokens["session_id"])
            .values(last_used_at=sessions.c.last_used_at - timedelta(days=2))
        )
    await redis.delete(*[key async for key in redis.scan_iter(f"*:s:{tokens['session_id']}")])
    assert (await browser.refresh(tokens["refresh_token"])).code == "session_expired"
    await stored(tokens["session_id"], "session.expired")

    last = (await ask(tokens["session_id"])).body["events"][-1]
    assert (last["type"], last["reason"]) == ("session.expired", "idle_timeout")
    assert "not used for too long" in last["says"]


async def test_a_timeline_is_led_by_indexes(database: Database) -> None:
    """By the session's, in the audit and in what a legal hold kept."""
    async with database.transaction() as connection:
        await connection.execute(text("set local enable_seqscan = off"))
        for table, index in [
            ("audit_log", "session_id"),
            ("audit_held", "ix_audit_held_session_id"),
        ]:
            query = f"explain select * from {table} where session_id = 'x' order by occurred_at"  # noqa: S608
            assert index in "\n".join(await connection.scalars(text(query)))
