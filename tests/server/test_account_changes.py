"""Changing one's password, address and name, over HTTP."""

import asyncio
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes, token_hex
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text, update

from service.clocks import now_ms
from service.contracts.link_tables import email_changes, password_resets, registrations
from service.contracts.mail_tables import mails
from service.contracts.tables import sessions, users
from service.domain.users import email_key
from service.store.database import Database
from service.store.sweeps import Sweeps
from tests.conftest import MakePerson
from tests.support.mails import Written, mails_to
from tests.support.people import Browser, Person, Reply

NEW = "seven velvet bridges hum"
CHANGE, EMAIL, VERIFY = (
    "/api/auth/password/change",
    "/api/auth/email/change",
    "/api/auth/email/verify",
)


def address() -> str:
    return f"{token_hex(6)}@moved.example"


async def change(browser: Browser, token: str, current: str, new: str = NEW) -> Reply:
    body = {"current_password": current, "new_password": new}
    return await browser.send("POST", CHANGE, token=token, json=body)


async def want(browser: Browser, token: str, email: str, password: str) -> Reply:
    body = {"email": email, "password": password}
    return await browser.send("POST", EMAIL, token=token, json=body)


async def follow(browser: Browser, mail: Written) -> Reply:
    return await browser.send("POST", VERIFY, json={"token": mail.token})


async def reasons_of(database: Database, person: Person) -> list[str]:
    query = select(sessions.c.end_reason).where(sessions.c.user_id == person.id)
    async with database.transaction() as connection:
        return sorted(str(reason) for reason in await connection.scalars(query))


async def set_second_factor(database: Database, person: Person) -> None:
    """Somebody with a session by password alone turns out to have one."""
    async with database.transaction() as connection:
        of = update(users).where(users.c.id == person.id)
        await connection.execute(of.values(totp_secret=b"x", version=users.c.version + 1))


async def test_a_change_ends_every_other_session(
    browser: Browser, database: Database, person: Person
) -> None:
    """ASVS 7.4.3: the caller's goes on, with its refresh token; the old password is dead."""
    own, other = [await browser.login(person) for _ in range(2)]
    done = await change(browser, own["access_token"], person.password)

    assert (done.status, done.body) == (204, "")
    assert (await browser.me(own["access_token"])).status == 200
    assert (await browser.refresh(own["refresh_token"])).status == 200
    assert (await browser.me(other["access_token"])).code == "token_revoked"
    assert await reasons_of(database, person) == ["None", "password_change"]
    body = {"email": person.email, "password": person.password}
    old = await browser.send("POST", "/api/auth/login", json=body)
    assert old.code == "invalid_credentials"
    assert (await browser.login(Person(person.id, person.email, NEW)))["access_token"]


@pytest.mark.parametrize(
    ("current", "new", "status", "field"),
    [
        pytest.param("not the password at all", NEW, 401, None, id="without the current one"),
        pytest.param(None, "too short", 422, "new_password", id="to one that may not be"),
        pytest.param(None, None, 422, "new_password", id="to the same one"),
    ],
)
async def test_change_needs_the_current_one_and_a_good_new_one(
    browser: Browser,
    database: Database,
    person: Person,
    current: str | None,
    new: str | None,
    status: int,
    field: str | None,
) -> None:
    """ASVS 6.2.3, 6.2.4: else nothing changes."""
    tokens = await browser.login(person)
    reply = await change(
        browser, tokens["access_token"], current or person.password, new or person.password
    )

    assert reply.status == status
    assert [fault["field"] for fault in reply.body.get("errors", [])] == ([field] if field else [])
    assert (await browser.login(person))["access_token"]
    assert await reasons_of(database, person) == ["None", "None"]


async def test_one_factor_of_two_changes_nothing(
    browser: Browser, database: Database, person: Person
) -> None:
    """ASVS 7.5.1: a session without the second factor wants a step-up, password or not."""
    tokens = await browser.login(person)
    await set_second_factor(database, person)
    await browser.send("PATCH", "/api/auth/me", token=tokens["access_token"], json={"name": "B"})
    for reply in (
        await change(browser, tokens["access_token"], person.password),
        await want(browser, tokens["access_token"], address(), person.password),
    ):
        assert (reply.status, reply.code) == (403, "step_up_required")


async def test_a_change_kills_links_that_were_mailed_before(
    browser: Browser, database: Database, person: Person
) -> None:
    """Whoever had them, it was before."""
    tokens, wanted = await browser.login(person), address()
    await browser.send("POST", "/api/auth/password/forgot", json={"email": person.email})
    await want(browser, tokens["access_token"], wanted, person.password)
    (reset,), (moved,) = await mails_to(database, person.email), await mails_to(database, wanted)
    assert (await change(browser, tokens["access_token"], person.password)).status == 204

    body = {"token": reset.token, "new_password": "eleven velvet bridges hum"}
    late = await browser.send("POST", "/api/auth/password/reset", json=body)
    assert late.code == (await follow(browser, moved)).code == "link_invalid"


async def test_of_two_changes_at_once_one_wins(browser: Browser, person: Person) -> None:
    """Both knew the password; the second finds another one there."""
    tokens = await browser.login(person)
    words = ("seven", "eight", "eleven")
    replies = await asyncio.gather(
        *(
            change(browser, tokens["access_token"], person.password, f"{word} velvet bridges hum")
            for word in words
        )
    )

    statuses = [reply.status for reply in replies]
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 401, 409}
    winner = f"{words[statuses.index(204)]} velvet bridges hum"
    assert (await browser.login(Person(person.id, person.email, winner)))["access_token"]


async def test_an_address_changes_by_the_link_that_went_there(
    browser: Browser, database: Database, person: Person
) -> None:
    """ASVS 6.3.7, 7.4.3: the old one is told, every session but the caller's ends."""
    own, other = [await browser.login(person) for _ in range(2)]
    wanted = address().capitalize()
    asked = await want(browser, own["access_token"], wanted, person.password)
    assert (asked.status, asked.body) == (202, {})
    assert (await browser.me(own["access_token"])).body["user"]["email"] == person.email
    (mail,) = await mails_to(database, wanted)
    assert (mail.template, mail.user_id) == ("change_email", person.id)
    assert mail.params["link"].startswith("http://127.0.0.1:8000/verify-email#token=")

    assert (await follow(browser, mail)).status == 204
    assert (await browser.me(own["access_token"])).body["user"]["email"] == wanted
    assert (await browser.me(other["access_token"])).code == "token_revoked"
    assert await reasons_of(database, person) == ["None", "email_change"]
    assert [told.template for told in await mails_to(database, person.email)] == ["email_changed"]
    assert (await browser.login(Person(person.id, wanted.upper())))["access_token"]
    assert (await follow(browser, mail)).code == "link_invalid"


async def test_a_link_to_the_old_address_dies_with_it(
    browser: Browser, database: Database, person: Person
) -> None:
    """Whoever reads the old mailbox from now on cannot set a password."""
    tokens, wanted = await browser.login(person), address()
    await browser.send("POST", "/api/auth/password/forgot", json={"email": person.email})
    await want(browser, tokens["access_token"], wanted, person.password)
    (reset,), (mail,) = await mails_to(database, person.email), await mails_to(database, wanted)
    assert (await follow(browser, mail)).status == 204

    body = {"token": reset.token, "new_password": NEW}
    late = await browser.send("POST", "/api/auth/password/reset", json=body)
    assert late.code == "link_invalid"


async def test_who_has_the_wanted_address_is_told_and_nobody_else(
    browser: Browser, database: Database, person: Person, make_person: MakePerson
) -> None:
    """ASVS 6.3.8: the caller is answered as ever, the owner by mail."""
    other, tokens = await make_person(), await browser.login(person)
    known = await want(browser, tokens["access_token"], other.email, person.password)
    new = await want(browser, tokens["access_token"], address(), person.password)

    assert (known.status, known.body) == (new.status, new.body) == (202, {})
    assert set(known.headers) == set(new.headers)
    (mail,) = await mails_to(database, other.email)
    assert (mail.template, mail.user_id) == ("already_registered", other.id)


async def test_an_address_that_was_taken_meanwhile_is_a_conflict(
    browser: Browser, database: Database, make_person: MakePerson
) -> None:
    """Two want it and prove it; one gets it."""
    wanted = address()
    for person in (await make_person(), await make_person()):
        tokens = await browser.login(person)
        await want(browser, tokens["access_token"], wanted, person.password)
    both = await mails_to(database, wanted)
    replies = await asyncio.gather(*(follow(browser, mail) for mail in both))

    assert sorted(reply.status for reply in replies) == [204, 409]


async def test_an_address_that_is_taken_is_not_in_the_log_of_postgresql(
    browser: Browser, database: Database, make_person: MakePerson
) -> None:
    """Its unique index would say the address there, in the plain."""
    person, other = await make_person(), await make_person()
    wanted = address()
    await want(browser, (await browser.login(person))["access_token"], wanted, person.password)
    (mail,) = await mails_to(database, wanted)
    async with database.transaction() as connection:
        of = update(users).where(users.c.id == other.id)
        await connection.execute(of.values(email=wanted, email_key=email_key(wanted)))

    assert (await follow(browser, mail)).status == 409
    async with database.transaction() as connection:
        data = Path(await connection.scalar(text("show data_directory")))
    assert wanted not in (data.parent / "server.log").read_text()


async def test_a_change_of_address_wants_the_password_and_another_address(
    browser: Browser, person: Person
) -> None:
    """ASVS 7.5.1."""
    token = (await browser.login(person))["access_token"]

    wrong = await want(browser, token, address(), "not the password at all")
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    same = await want(browser, token, person.email.upper(), person.password)
    assert [fault["field"] for fault in same.body["errors"]] == ["email"]


async def test_a_link_to_a_new_address_ends_after_an_hour(
    browser: Browser, database: Database, person: Person
) -> None:
    """As SQL's clock has it."""
    token, wanted = (await browser.login(person))["access_token"], address()
    await want(browser, token, wanted, person.password)
    (mail,) = await mails_to(database, wanted)
    mine = email_changes.c.user_id == person.id
    async with database.transaction() as connection:
        (row,) = (await connection.execute(select(email_changes).where(mine))).all()
        assert (row.expires_at - row.requested_at).total_seconds() == 3600
        await connection.execute(update(email_changes).where(mine).values(expires_at=func.now()))

    assert (await follow(browser, mail)).code == "link_invalid"


async def test_people_change_their_name(browser: Browser, person: Person) -> None:
    """At once, for every process; what is left out stays."""
    token = (await browser.login(person))["access_token"]

    async def patch(body: dict[str, str]) -> Reply:
        return await browser.send("PATCH", "/api/auth/me", token=token, json=body)

    assert (await patch({"name": "José 審"})).body["name"] == "José 審"
    assert (await browser.me(token)).body["user"]["name"] == "José 審"
    assert (await patch({})).body["name"] == "José 審"
    for name in ("a\nb", "x" * 201, "\u202egnp"):
        assert (await patch({"name": name})).status == 422
    assert (await patch({"name": ""})).body["name"] == ""


async def test_an_erasure_takes_all_that_waits_for_a_link(
    browser: Browser, database: Database, person: Person
) -> None:
    """By account and by address, also what strangers left there."""
    token, wanted = (await browser.login(person))["access_token"], address()
    await browser.send("POST", "/api/auth/password/forgot", json={"email": person.email})
    await want(browser, token, wanted, person.password)
    key = email_key(person.email)
    async with database.transaction() as connection:
        stranger = {
            "email_key": key,
            "user_id": str(uuid4()),
            "email": person.email,
            "name": "",
            "password_hash": "",
            "token_hash": token_bytes(32),
            "expires_at": func.now(),
        }
        await connection.execute(insert(registrations).values(stranger))
    gone = await browser.send(
        "DELETE", "/api/auth/me", token=token, json={"password": person.password}
    )
    assert gone.status == 202

    for table, mine in (
        (registrations, registrations.c.email_key == key),
        (password_resets, password_resets.c.email_key == key),
        (email_changes, email_changes.c.user_id == person.id),
        (mails, mails.c.user_id == person.id),
    ):
        async with database.transaction() as connection:
            assert (await connection.execute(select(table).where(mine))).all() == []


async def test_expired_links_are_swept(
    browser: Browser, database: Database, person: Person
) -> None:
    """An hour after their end, and not before."""
    await browser.send("POST", "/api/auth/password/forgot", json={"email": person.email})
    mine = password_resets.c.user_id == person.id

    async def left_after(minutes: int) -> int:
        async with database.transaction() as connection:
            at = func.now() - timedelta(minutes=minutes)
            await connection.execute(update(password_resets).where(mine).values(expires_at=at))
        await Sweeps(database, now_ms).expired_links(password_resets)
        async with database.transaction() as connection:
            return len((await connection.execute(select(password_resets).where(mine))).all())

    assert await left_after(59) == 1
    assert await left_after(61) == 0
