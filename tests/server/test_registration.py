"""Signing oneself up, over HTTP."""

import asyncio
from secrets import token_hex
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from service.contracts.link_tables import registrations
from service.contracts.tables import users
from service.domain.users import email_key
from service.store.database import Database
from tests.conftest import MakeSettings, Share
from tests.support.mails import mails_to
from tests.support.people import Browser, Person, Reply

PASSWORD = "seven velvet bridges hum"
REGISTER, VERIFY = "/api/auth/register", "/api/auth/register/verify"


def address() -> str:
    return f"{token_hex(6)}@new.example"


@pytest.fixture
def opened(share: Share, make_settings: MakeSettings) -> Browser:
    """A service where addresses are proven first."""
    return share(make_settings(registration="open", email_verification="required"))


async def sign_up(browser: Browser, email: str, **changes: Any) -> Reply:
    body = {"email": email, "password": PASSWORD, "name": "Ann", **changes}
    return await browser.send("POST", REGISTER, json=body)


async def accounts_of(database: Database, email: str) -> list[Any]:
    query = select(users.c.id).where(users.c.email_key == email_key(email))
    async with database.transaction() as connection:
        return list(await connection.scalars(query))


async def test_nobody_signs_up_where_it_is_closed(browser: Browser, database: Database) -> None:
    """The default: 403, whatever the address, and nothing is made of it."""
    email = address()
    reply = await sign_up(browser, email)

    assert (reply.status, reply.code) == (403, "registration_closed")
    assert await accounts_of(database, email) == []
    assert await mails_to(database, email) == []


async def test_without_verification_the_account_is_there_at_once(
    share: Share, make_settings: MakeSettings, database: Database
) -> None:
    """201 with the user; a second time, in another spelling, 409."""
    browser = share(make_settings(registration="open", email_verification="off"))
    email = address()
    reply = await sign_up(browser, email)

    assert (reply.status, reply.body["name"], reply.body["roles"]) == (201, "Ann", [])
    assert await accounts_of(database, email) == [reply.body["id"]]
    tokens = await browser.login(Person(reply.body["id"], email, PASSWORD))
    assert tokens["user"] == reply.body
    again = await sign_up(browser, email.upper())
    assert (again.status, again.code) == (409, "conflict")


async def test_an_account_comes_with_the_link(opened: Browser, database: Database) -> None:
    """Nothing before; with the link the account that was promised; the link once."""
    email = address()
    promised = (await sign_up(opened, email)).body
    person = Person(promised["id"], email, PASSWORD)
    assert await accounts_of(database, email) == []
    early = await opened.send(
        "POST", "/api/auth/login", json={"email": email, "password": PASSWORD}
    )
    assert early.code == "invalid_credentials"

    (mail,) = await mails_to(database, email)
    assert (mail.template, mail.user_id) == ("verify_email", "")
    assert mail.params["link"].startswith("http://127.0.0.1:8000/verify#token=")
    made = await opened.send("POST", VERIFY, json={"token": mail.token})
    assert (made.status, made.body["user"]["id"], made.body["user"]["email"]) == (
        200,
        promised["id"],
        email,
    )
    assert (await opened.login(person))["user"] == made.body["user"]
    again = await opened.send("POST", VERIFY, json={"token": mail.token})
    assert (again.status, again.code) == (400, "link_invalid")


async def test_a_known_address_is_answered_like_a_new_one(
    opened: Browser, database: Database, person: Person
) -> None:
    """ASVS 6.3.8: one status, shape and set of headers; only its owner is told, at their address."""
    new = await sign_up(opened, address())
    known = await sign_up(opened, person.email.upper())

    assert (new.status, known.status) == (201, 201)
    shapes = [{name: type(value) for name, value in r.body.items()} for r in (new, known)]
    assert shapes[0] == shapes[1]
    assert known.body["id"] != person.id
    assert UUID(known.body["id"]).version == UUID(new.body["id"]).version == 4
    assert known.body["email"] == person.email.upper()
    assert set(new.headers) == set(known.headers)
    policies = [reply.headers["RateLimit-Policy"] for reply in (new, known)]
    assert policies[0] == policies[1]
    (mail,) = await mails_to(database, person.email)
    assert (mail.template, mail.user_id) == ("already_registered", person.id)
    assert set(mail.params) == {"sign_in", "reset"}
    assert await accounts_of(database, person.email) == [person.id]


async def test_a_later_registration_kills_the_link_of_an_earlier_one(
    opened: Browser, database: Database
) -> None:
    """Nobody signs somebody else up with a password of theirs and waits."""
    email = address()
    await sign_up(opened, email, password="a stranger knows this one")
    promised = (await sign_up(opened, email)).body
    stranger, own = await mails_to(database, email)

    dead = await opened.send("POST", VERIFY, json={"token": stranger.token})
    assert (dead.status, dead.code) == (400, "link_invalid")
    made = await opened.send("POST", VERIFY, json={"token": own.token})
    assert made.body["user"]["id"] == promised["id"]
    assert (await opened.login(Person(promised["id"], email, PASSWORD)))["access_token"]


async def test_of_two_who_follow_a_link_at_once_one_wins(
    opened: Browser, database: Database
) -> None:
    """ASVS 6.5.1, 15.4.2."""
    email = address()
    await sign_up(opened, email)
    (mail,) = await mails_to(database, email)
    replies = await asyncio.gather(
        *(opened.send("POST", VERIFY, json={"token": mail.token}) for _ in range(8))
    )

    assert sorted(reply.status for reply in replies) == [200, *[400] * 7]
    assert len(await accounts_of(database, email)) == 1


async def test_a_link_ends_after_a_day(opened: Browser, database: Database) -> None:
    """As SQL's clock has it."""
    email = address()
    await sign_up(opened, email)
    (mail,) = await mails_to(database, email)
    mine = registrations.c.email_key == email_key(email)
    async with database.transaction() as connection:
        lasts = registrations.c.expires_at - registrations.c.requested_at
        lasting = await connection.scalar(select(lasts).where(mine))
        assert lasting is not None
        assert lasting.total_seconds() == 86_400
        await connection.execute(update(registrations).where(mine).values(expires_at=func.now()))

    late = await opened.send("POST", VERIFY, json={"token": mail.token})
    assert (late.status, late.code) == (400, "link_invalid")
    assert await accounts_of(database, email) == []


async def test_a_refused_password_is_refused_with_its_reason(opened: Browser) -> None:
    """ASVS 6.2.4, 6.2.11: also one made of the address that is being registered."""
    for password in ("too short", "new.example new.example", "passwordpassword"):
        reply = await sign_up(opened, address(), password=password)

        assert reply.status == 422
        ((field, message),) = [(f["field"], f["message"]) for f in reply.body["errors"]]
        assert field == "password"
        assert "use " in message


@pytest.mark.parametrize("token", ["x", "x" * 43, "rt_" + "A" * 60])
async def test_what_is_no_link_is_one_answer(opened: Browser, token: str) -> None:
    """Unknown and garbled alike."""
    for path, body in (
        (VERIFY, {"token": token}),
        ("/api/auth/email/verify", {"token": token}),
        ("/api/auth/password/reset", {"token": token, "new_password": PASSWORD}),
    ):
        reply = await opened.send("POST", path, json=body)

        assert (reply.status, reply.code) == (400, "link_invalid")
