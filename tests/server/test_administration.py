"""The administrators' API: what it does at once, what it leaves in the audit, what it refuses."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import select, text, update

from service.contracts import keys
from service.contracts.tables import recovery_codes, sessions, users
from service.domain.users import Role
from service.store import session_records
from service.store.admin_changes import AdminChanges
from service.store.database import Database
from service.store.erasures import Erasures, RequestedBy
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions
from service.store.script_client import ScriptClient
from service.wiring.policies import session_policy
from tests.conftest import MakePerson, MakeSettings
from tests.support.mails import mails_to
from tests.support.people import PASSWORD, TOTP_SECRET, Browser, Person, Reply
from tests.support.redis_answers import answer_of
from workers.locks import LiftLocks

Told = Callable[..., Awaitable[list[dict[str, str]]]]


@dataclass(frozen=True)
class Admin:
    """Sends requests as one administrator."""

    browser: Browser
    person: Person
    token: str

    async def __call__(self, method: str, path: str, **given: Any) -> Reply:
        return await self.browser.send(method, ADMIN + path, token=self.token, **given)


ADMIN = "/api/admin"
WHY: dict[str, Any] = {"reason": "ticket 4711"}


@pytest.fixture
async def admin(browser: Browser, make_person: MakePerson) -> Admin:
    """An administrator of late: a function that sends as them."""
    person = await make_person(roles=[Role.ADMIN])
    return Admin(browser, person, (await browser.login(person))["access_token"])


@pytest.fixture
def told(redis: Redis) -> Told:
    """What the streams say of somebody, or of everybody."""

    async def find(kind: str, of: str | None = None) -> list[dict[str, str]]:
        partitions = [keys.partition_of(of)] if of else range(keys.PARTITIONS)
        found = []
        for partition in partitions:
            for _, fields in await redis.xrange(keys.events(partition)):
                if fields[b"type"] == kind.encode() and of in (
                    None,
                    fields.get(b"user_id", b"").decode(),
                ):
                    found.append({name.decode(): value.decode() for name, value in fields.items()})
        return found

    return find


async def test_disabling_a_user_ends_all(
    admin: Admin, browser: Browser, person: Person, told: Told, database: Database
) -> None:
    """ASVS 7.4.2: every session at once, with its reason; nobody signs in; the audit knows why."""
    both = [await browser.login(person) for _ in range(2)]
    done = await admin("POST", f"/users/{person.id}/disable", json=WHY)

    assert (done.status, done.body["status"], done.body["sessions"]) == (200, "disabled", 0)
    for tokens in both:
        me = await browser.me(tokens["access_token"])
        assert (me.code, me.body["reason"]) == ("token_revoked", "account_disabled")
        refused = await browser.refresh(tokens["refresh_token"])
        assert (refused.code, refused.body["reason"]) == ("session_revoked", "account_disabled")
    assert (await sign_in(browser, person)).code == "invalid_credentials"
    [event] = await told("user.disabled", person.id)
    assert event["actor_id"] == admin.person.id
    assert json.loads(event["data"]) == {"ended": 2, "why": "ticket 4711"}
    ends = await told("session.ended", person.id)
    assert {(e["reason"], e["actor_id"]) for e in ends} == {("account_disabled", admin.person.id)}

    enabled = await admin("POST", f"/users/{person.id}/enable", json=WHY)
    assert enabled.body["status"] == "active"
    assert (await sign_in(browser, person)).status == 200


@pytest.mark.parametrize("how", ["lock", "disable", "reset-2fa", "revoke-sessions"])
async def test_who_was_shut_out_comes_back_by_no_link(
    admin: Admin, browser: Browser, person: Person, database: Database, how: str
) -> None:
    """A new address that waits to be proven, a password that waits to be reset: both are void."""
    token = (await browser.login(person))["access_token"]
    body = {"email": f"thief-{token_hex(4)}@people.example", "password": person.password}
    asked = await browser.send("POST", "/api/auth/email/change", token=token, json=body)
    assert asked.status == 202
    await browser.send("POST", "/api/auth/password/forgot", json={"email": person.email})

    async def links() -> Any:
        query = """select (select count(*) from email_changes where user_id = :who)
                        + (select count(*) from password_resets where user_id = :who)"""
        async with database.transaction() as connection:
            return await connection.scalar(text(query), {"who": person.id})

    assert await links() == 2
    assert (await admin("POST", f"/users/{person.id}/{how}", json=WHY)).status == 200
    assert await links() == 0


async def test_a_lock_ends_all_and_can_be_taken_off(
    admin: Admin, browser: Browser, person: Person, told: Told
) -> None:
    """Until when is shown and told to its owner; a lock in the past is a mistake."""
    tokens = await browser.login(person)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    body = {**WHY, "until": until.isoformat()}
    locked = await admin("POST", f"/users/{person.id}/lock", json=body)

    assert locked.body["status"] == "locked"
    assert datetime.fromisoformat(locked.body["locked_until"]) == until
    assert (await browser.me(tokens["access_token"])).body["reason"] == "account_disabled"
    assert (await sign_in(browser, person)).code == "invalid_credentials"
    body["until"] = (until - timedelta(hours=2)).isoformat()
    past = await admin("POST", f"/users/{person.id}/lock", json=body)
    assert past.body["errors"][0]["field"] == "until"
    unlocked = await admin("POST", f"/users/{person.id}/unlock", json=WHY)
    assert (unlocked.body["status"], unlocked.body["locked_until"]) == ("active", None)
    assert (await sign_in(browser, person)).status == 200
    assert len(await told("user.unlocked", person.id)) == 1


@pytest.mark.parametrize("how", ["lock", "disable", "reset-2fa", "revoke-sessions"])
async def test_links_that_were_mailed_before_lead_nowhere(
    admin: Admin, browser: Browser, person: Person, database: Database, how: str
) -> None:
    """Whoever had the account may have had a new address on its way: it does not outlast the lock."""
    token = (await browser.login(person))["access_token"]
    body = {"email": f"{token_hex(6)}@theirs.example", "password": PASSWORD}
    await browser.send("POST", "/api/auth/email/change", token=token, json=body)
    (mail,) = await mails_to(database, body["email"])
    await admin("POST", f"/users/{person.id}/{how}", json=WHY)
    for undo in ("unlock", "enable"):
        await admin("POST", f"/users/{person.id}/{undo}", json=WHY)

    reply = await browser.send("POST", "/api/auth/email/verify", json={"token": mail.token})
    assert (reply.status, reply.code) == (400, "link_invalid")


async def test_roles_count_from_the_next_request_on(
    admin: Admin, browser: Browser, person: Person, told: Told
) -> None:
    """For the token that is there already; given in any order, kept in one."""
    token = (await browser.login(person))["access_token"]
    assert (await browser.send("GET", "/api/audit", token=token)).status == 403
    body = {"roles": ["auditor", "analyst", "auditor"], **WHY}
    changed = await admin("PUT", f"/users/{person.id}/roles", json=body)

    assert (changed.status, changed.body["roles"]) == (200, ["analyst", "auditor"])
    assert (await browser.send("GET", "/api/audit", token=token)).status == 200
    [event] = await told("user.roles_changed", person.id)
    assert json.loads(event["data"])["roles"] == ["analyst", "auditor"]
    none = await admin("PUT", f"/users/{person.id}/roles", json={"roles": [], **WHY})
    assert none.body["roles"] == []
    assert (await browser.send("GET", "/api/audit", token=token)).status == 403
    king = await admin("PUT", f"/users/{person.id}/roles", json={"roles": ["king"], **WHY})
    assert king.code == "validation_failed"


async def test_a_second_factor_is_reset(
    admin: Admin, browser: Browser, make_person: MakePerson, database: Database, told: Told
) -> None:
    """Secret and recovery codes are gone, sessions too; the password alone signs in."""
    person = await make_person(totp_secret=TOTP_SECRET)
    async with database.transaction() as connection:
        await connection.execute(
            recovery_codes.insert().values(user_id=person.id, code_hash=b"x" * 32)
        )
    assert "mfa_token" in await browser.login(person)
    reset = await admin("POST", f"/users/{person.id}/reset-2fa", json=WHY)

    assert (reset.status, reset.body["mfa_enabled"]) == (200, False)
    assert "access_token" in await browser.login(person)
    async with database.transaction() as connection:
        left = select(recovery_codes).where(recovery_codes.c.user_id == person.id)
        assert (await connection.execute(left)).all() == []
    assert len(await told("user.mfa_reset", person.id)) == 1


async def test_an_admin_ends_one_session_and_all_of_one(
    admin: Admin, browser: Browser, person: Person, told: Told
) -> None:
    """ASVS 7.4.5: the others live on, until all are ended."""
    one, other = await browser.login(person), await browser.login(person)
    path = f"/sessions/{one['session_id']}"
    assert (await admin("DELETE", path)).code == "validation_failed"
    assert (await admin("DELETE", path, params=WHY)).status == 204

    assert (await browser.me(one["access_token"])).body["reason"] == "revoked_admin"
    assert (await browser.me(other["access_token"])).status == 200
    assert (await admin("DELETE", path, params=WHY)).code == "not_found"
    ended = await admin("POST", f"/users/{person.id}/revoke-sessions", json=WHY)
    assert (ended.status, ended.body) == (200, {"ended": 1})
    assert (await browser.me(other["access_token"])).body["reason"] == "revoked_admin"
    assert len(await told("session.all_revoked", person.id)) == 2
    listed = await admin("GET", f"/users/{person.id}/sessions", params={"limit": "1"})
    [newest] = listed.body["sessions"]
    assert (newest["id"], newest["end_reason"]) == (other["session_id"], "revoked_admin")
    params = {"limit": "1", "cursor": listed.body["next_cursor"]}
    rest = await admin("GET", f"/users/{person.id}/sessions", params=params)
    assert [s["id"] for s in rest.body["sessions"]] == [one["session_id"]]
    assert rest.body["next_cursor"] is None
    foreign = await admin("GET", f"/users/{admin.person.id}/sessions", params=params)
    assert foreign.code == "validation_failed"


async def test_what_changes_rights_wants_a_fresh_sign_in(
    admin: Admin, person: Person, database: Database, redis: Redis
) -> None:
    """Of an older session: roles, second factors, everybody's sessions, accounts with a role."""
    session = keys.session(keys.partition_of(admin.person.id), session_of(admin.token))
    await answer_of(redis.hincrby(session, "c", -3_600_000))
    for method, path, body in [
        ("PUT", f"/users/{person.id}/roles", {"roles": ["admin"], **WHY}),
        ("POST", f"/users/{person.id}/reset-2fa", WHY),
        ("POST", "/revoke-sessions", WHY),
        ("POST", "/users", {"email": "new@people.example", "roles": ["admin"]}),
    ]:
        assert (await admin(method, path, json=body)).code == "step_up_required", path
    assert (await admin("POST", f"/users/{person.id}/lock", json=WHY)).status == 200


@pytest.mark.parametrize("how", ["lock", "disable", "roles", "delete me"])
async def test_the_last_administrator_stays(
    admin: Admin, browser: Browser, database: Database, make_person: MakePerson, how: str
) -> None:
    """By nobody, themselves included; while somebody else who may sign in is one, they may go."""
    await only(database, admin.person)
    locked = await make_person(roles=[Role.ADMIN])
    await set_user(database, locked, locked_at=datetime.now(UTC))

    async def take_away() -> Reply:
        if how == "delete me":
            mine = {"password": PASSWORD}
            return await browser.send("DELETE", "/api/auth/me", token=admin.token, json=mine)
        body: dict[str, Any] = {**WHY, "roles": []} if how == "roles" else dict(WHY)
        method = "PUT" if how == "roles" else "POST"
        return await admin(method, f"/users/{admin.person.id}/{how}", json=body)

    refused = await take_away()
    assert (refused.status, refused.code) == (409, "last_admin")
    assert (await admin("GET", f"/users/{admin.person.id}")).body["roles"] == ["admin"]
    await set_user(database, locked, locked_at=None)
    assert (await take_away()).status in {200, 202}


@pytest.mark.parametrize("how", ["disable", "roles"])
async def test_two_administrators_at_once_cannot_shut_out_each_other(
    browser: Browser, make_person: MakePerson, database: Database, how: str
) -> None:
    """However they race, one of them is an administrator afterwards."""
    for _ in range(5):
        pair = [await make_person(roles=[Role.ADMIN]) for _ in range(2)]
        await only(database, *pair)
        tokens = [(await browser.login(person))["access_token"] for person in pair]
        body: dict[str, Any] = {**WHY, "roles": []} if how == "roles" else dict(WHY)
        method = "PUT" if how == "roles" else "POST"
        replies = await asyncio.gather(
            *(
                browser.send(method, f"{ADMIN}/users/{other.id}/{how}", token=token, json=body)
                for token, other in zip(tokens, reversed(pair), strict=True)
            )
        )

        # The loser was refused as the last one, or had no right any more when their turn came.
        assert Counter(reply.status for reply in replies)[200] == 1, replies
        left = select(users.c.id).where(
            users.c.roles.contains(["admin"]), users.c.disabled_at.is_(None)
        )
        async with database.transaction() as connection:
            assert len((await connection.execute(left)).all()) == 1


async def test_a_person_is_added(admin: Admin, browser: Browser, told: Told) -> None:
    """With a role or none, with a password or none; an address that is taken is a conflict."""
    email = f"{token_hex(6)}@people.example"
    body = {"email": email, "name": "Ada", "roles": ["auditor"], "password": PASSWORD}
    made = await admin("POST", "/users", json=body)

    assert (made.status, made.body["roles"], made.body["name"]) == (201, ["auditor"], "Ada")
    assert (await sign_in(browser, Person(made.body["id"], email))).status == 200
    assert (await admin("POST", "/users", json=body)).code == "conflict"
    [event] = await told("user.created", made.body["id"])
    assert event["actor_id"] == admin.person.id
    bare = await admin("POST", "/users", json={"email": f"x{email}"})
    assert bare.status == 201
    assert (await sign_in(browser, Person(bare.body["id"], f"x{email}"))).status == 401


async def test_people_are_found_by_how_they_begin(
    admin: Admin, make_person: MakePerson, database: Database
) -> None:
    """Address or name, in any case, `%` and `_` as letters; pages by a cursor of their own search."""
    mark = token_hex(4)
    people = [await make_person() for _ in range(5)]
    for n, person in enumerate(people):
        await set_user(database, person, name=f"{mark.upper()}_{n} Çelik")
    await set_user(database, people[0], roles=["auditor"])
    await set_user(database, people[1], disabled_at=datetime.now(UTC))

    async def find(**params: str) -> dict[str, Any]:
        reply = await admin("GET", "/users", params=params)
        assert reply.status == 200, reply
        page: dict[str, Any] = reply.body
        return page

    newest_first = [person.id for person in reversed(people)]
    assert [u["id"] for u in (await find(q=f"{mark}_"))["users"]] == newest_first
    by_address = (await find(q=people[2].email[:8].upper()))["users"]
    assert [u["id"] for u in by_address] == [people[2].id]
    assert (await find(q=f"{mark}%"))["users"] == []
    assert [u["id"] for u in (await find(q=mark, role="auditor"))["users"]] == [people[0].id]
    assert [u["id"] for u in (await find(q=mark, status="disabled"))["users"]] == [people[1].id]
    seen = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = await find(q=mark, limit="2", **cursor)
        seen += [user["id"] for user in page["users"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert seen == newest_first
    first = await find(q=mark, limit="2")
    foreign = {"q": "other", "cursor": first["next_cursor"]}
    assert (await admin("GET", "/users", params=foreign)).code == "validation_failed"


async def test_who_looks_people_up_stands_in_the_audit(
    admin: Admin, person: Person, told: Told
) -> None:
    """One event a request, before anything is shown, with what was searched for."""
    await admin("GET", "/users", params={"q": "ada", "role": "auditor", "limit": "3"})
    await admin("GET", f"/users/{person.id}/sessions")

    events = [e for e in await told("audit.searched") if e["actor_id"] == admin.person.id]
    assert {e["reason"]: json.loads(e["data"]) for e in events} == {
        "people": {"filters": {"q": "ada", "role": "auditor"}, "limit": 3},
        "sessions": {"filters": {"user_id": person.id}, "limit": 50},
    }
    assert len(events) == 2


async def test_an_overview_counts_what_lives(
    admin: Admin, browser: Browser, person: Person, database: Database
) -> None:
    """Sessions past a limit are none; the last sign-in is the newest session's beginning."""
    one, _ = await browser.login(person), await browser.login(person)
    shown = (await admin("GET", f"/users/{person.id}")).body
    assert (shown["sessions"], shown["status"], shown["passkeys"]) == (2, "active", 0)
    assert shown["last_sign_in_at"] is not None
    async with database.transaction() as connection:
        old = update(sessions).where(sessions.c.id == one["session_id"])
        await connection.execute(
            old.values(last_used_at=sessions.c.last_used_at - timedelta(days=2))
        )
    assert (await admin("GET", f"/users/{person.id}")).body["sessions"] == 1
    for unknown in (str(uuid4()), "nobody"):
        assert (await admin("GET", f"/users/{unknown}")).code == "not_found"
        assert (await admin("POST", f"/users/{unknown}/lock", json=WHY)).code == "not_found"


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("u.email_key ~>=~ 'ada' and u.email_key ~<~ 'ada\U0010ffff'", "ix_users_email_prefix"),
        ("lower(u.name) ~>=~ 'ada' and lower(u.name) ~<~ 'ada\U0010ffff'", "ix_users_name_prefix"),
        ("cardinality(u.roles) > 0 and u.roles @> array['admin']", "ix_users_with_roles"),
    ],
    ids=["by address", "by name", "administrators"],
)
async def test_a_search_is_led_by_an_index(database: Database, asked: str, index: str) -> None:
    """What administrators search by does not read the table of people from end to end."""
    async with database.transaction() as connection:
        await connection.execute(text("set local enable_seqscan = off"))
        plan = await connection.scalars(text(f"explain select * from users u where {asked}"))  # noqa: S608
        assert index in "\n".join(plan)


async def test_a_lock_is_lifted_when_its_time_is_over(
    admin: Admin,
    browser: Browser,
    make_person: MakePerson,
    database: Database,
    scripts: ScriptClient,
    make_settings: MakeSettings,
    told: Told,
) -> None:
    """By a worker, which says so; a lock without an end, and one whose end is to come, stay."""
    over, later, ever = [await make_person() for _ in range(3)]
    now = datetime.now(UTC)
    for person, until in [(over, now), (later, now + timedelta(hours=1)), (ever, None)]:
        await set_user(database, person, locked_at=now, locked_until=until)
    lift = LiftLocks(
        AdminChanges(database),
        LiveSessions(scripts, session_policy(make_settings())),
        EventLog(scripts),
    )
    await lift()

    shown = [(await admin("GET", f"/users/{p.id}")).body["status"] for p in (over, later, ever)]
    assert shown == ["active", "locked", "locked"]
    assert (await sign_in(browser, over)).status == 200
    [event] = await told("user.unlocked", over.id)
    assert event["reason"] == "time_over"


async def test_who_waits_to_be_erased_is_not_enabled(
    admin: Admin, person: Person, database: Database
) -> None:
    """Taking the request back is the way; a disabling by an administrator outlives that."""
    by = RequestedBy.OPERATOR

    async def nothing(_: object) -> None:
        return None

    erasing = Erasures(database)
    await erasing.request(person.id, by, grace=timedelta(days=1), announce=nothing)
    assert (await admin("POST", f"/users/{person.id}/enable", json=WHY)).code == "conflict"
    await admin("POST", f"/users/{person.id}/disable", json=WHY)
    await erasing.cancel(person.id, announce=nothing)
    assert (await admin("GET", f"/users/{person.id}")).body["status"] == "disabled"


async def test_an_admin_ends_everybody_s_sessions(
    admin: Admin,
    browser: Browser,
    make_person: MakePerson,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ASVS 7.4.5: in batches, the caller's own among them; told before and after."""
    monkeypatch.setattr(session_records, "END_AT_ONCE", 2)
    tokens = [await browser.login(await make_person()) for _ in range(5)]
    reply = await admin("POST", "/revoke-sessions", json=WHY)

    assert reply.status == 200
    assert reply.body["ended"] >= 6
    for each in [t["access_token"] for t in tokens] + [admin.token]:
        assert (await browser.me(each)).body["reason"] == "revoked_admin"
    events = [e for e in await told("session.all_revoked") if e["actor_id"] == admin.person.id]
    assert {e["reason"] for e in events} == {"begun", "everybody"}


async def sign_in(browser: Browser, person: Person) -> Reply:
    body = {"email": person.email, "password": person.password}
    return await browser.send("POST", "/api/auth/login", json=body)


async def set_user(database: Database, person: Person, **values: Any) -> None:
    async with database.transaction() as connection:
        await connection.execute(update(users).where(users.c.id == person.id).values(**values))


async def only(database: Database, *people: Person) -> None:
    """Take the role from everybody else."""
    async with database.transaction() as connection:
        others = update(users).where(users.c.id.not_in([person.id for person in people]))
        await connection.execute(others.values(roles=[]))


def session_of(token: str) -> str:
    import base64

    sid: str = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["sid"]
    return sid
