"""Forgotten passwords, over HTTP."""

import asyncio
from secrets import token_hex

from sqlalchemy import func, select, update

from service.contracts.link_tables import password_resets
from service.contracts.tables import users
from service.store.database import Database
from tests.conftest import MakePerson
from tests.support.mails import mails_to
from tests.support.people import TOTP_SECRET, Browser, Person, Reply

NEW = "seven velvet bridges hum"
FORGOT, RESET = "/api/auth/password/forgot", "/api/auth/password/reset"


async def forget(browser: Browser, email: str) -> Reply:
    return await browser.send("POST", FORGOT, json={"email": email})


async def reset(browser: Browser, token: str, password: str = NEW) -> Reply:
    return await browser.send("POST", RESET, json={"token": token, "new_password": password})


async def link_of(browser: Browser, database: Database, person: Person) -> str:
    await forget(browser, person.email)
    return (await mails_to(database, person.email))[-1].token


async def test_a_reset_sets_the_password_and_ends_every_session(
    browser: Browser, database: Database, person: Person
) -> None:
    """ASVS 6.4.3, 7.4.3: it does not sign in; the old password and all sessions are dead."""
    tokens = await browser.login(person)
    asked = await forget(browser, person.email)
    assert (asked.status, asked.body) == (202, {})
    (mail,) = await mails_to(database, person.email)
    assert (mail.template, mail.user_id) == ("reset_password", person.id)
    assert mail.params["link"].startswith("http://127.0.0.1:8000/reset#token=")

    done = await reset(browser, mail.token)
    assert (done.status, done.body) == (204, "")
    assert (await browser.me(tokens["access_token"])).code == "token_revoked"
    assert (await browser.refresh(tokens["refresh_token"])).code == "session_revoked"
    old = await browser.send(
        "POST", "/api/auth/login", json={"email": person.email, "password": person.password}
    )
    assert old.code == "invalid_credentials"
    assert (await browser.login(Person(person.id, person.email, NEW)))["access_token"]
    assert (await reset(browser, mail.token)).code == "link_invalid"


async def test_unknown_and_disabled_accounts_are_answered_alike(
    browser: Browser, database: Database, person: Person, make_person: MakePerson
) -> None:
    """ASVS 6.3.8: 202 with the same headers for anybody, and mail for nobody but the owner."""
    closed, nobody = await make_person(), f"{token_hex(6)}@nobody.example"
    async with database.transaction() as connection:
        of = update(users).where(users.c.id == closed.id)
        await connection.execute(of.values(disabled_at=func.now()))
    replies = [await forget(browser, email) for email in (person.email, closed.email, nobody)]

    assert [(reply.status, reply.body) for reply in replies] == [(202, {})] * 3
    assert len({tuple(sorted(reply.headers)) for reply in replies}) == 1
    assert len({reply.headers["RateLimit-Policy"] for reply in replies}) == 1
    assert len(await mails_to(database, person.email)) == 1
    assert await mails_to(database, closed.email) == await mails_to(database, nobody) == []


async def test_a_reset_never_passes_the_second_factor(
    browser: Browser, database: Database, make_person: MakePerson
) -> None:
    """ASVS 6.4.3: it stays on, and the new password leads to its challenge only."""
    person = await make_person(totp_secret=TOTP_SECRET)
    assert (await reset(browser, await link_of(browser, database, person))).status == 204

    challenge = await browser.login(Person(person.id, person.email, NEW))
    assert challenge["mfa_required"]
    assert "access_token" not in challenge


async def test_a_refused_password_does_not_cost_the_link(
    browser: Browser, database: Database, person: Person
) -> None:
    """The policy is asked before the token is spent."""
    token = await link_of(browser, database, person)
    refused = await reset(browser, token, "too short")

    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "new_password")
    assert (await reset(browser, token)).status == 204


async def test_beside_a_second_factor_8_characters_will_do(
    browser: Browser, database: Database, make_person: MakePerson, person: Person
) -> None:
    """SP 800-63B-4 §3.1.1.2: for who has one, and for nobody else."""
    other = await make_person(totp_secret=TOTP_SECRET)

    assert (await reset(browser, await link_of(browser, database, other), "kq8wzj4n")).status == 204
    assert (
        await reset(browser, await link_of(browser, database, person), "kq8wzj4n")
    ).status == 422


async def test_of_two_resets_by_one_link_one_wins(
    browser: Browser, database: Database, person: Person
) -> None:
    """ASVS 6.5.1, 15.4.2: and the winner's password is the one that counts."""
    token = await link_of(browser, database, person)
    passwords = [f"{word} velvet bridges hum" for word in ("seven", "eight", "nine", "eleven")]
    replies = await asyncio.gather(*(reset(browser, token, each) for each in passwords))

    assert sorted(reply.status for reply in replies) == [204, 400, 400, 400]
    winner = passwords[[reply.status for reply in replies].index(204)]
    assert (await browser.login(Person(person.id, person.email, winner)))["access_token"]


async def test_links_are_random_hashed_short_and_replaced(
    browser: Browser, database: Database, person: Person
) -> None:
    """ASVS 6.4.1: 256 bits, SHA-256 in SQL, 30 minutes; a new one kills the old one."""
    first, second = [await link_of(browser, database, person) for _ in range(2)]
    assert len({first, second}) == 2
    assert {len(token) for token in (first, second)} == {43}
    mine = password_resets.c.user_id == person.id
    async with database.transaction() as connection:
        (row,) = (await connection.execute(select(password_resets).where(mine))).all()
        assert second.encode() not in row.token_hash
        assert (row.expires_at - row.requested_at).total_seconds() == 1800
    assert (await reset(browser, first)).code == "link_invalid"

    async with database.transaction() as connection:
        await connection.execute(update(password_resets).where(mine).values(expires_at=func.now()))
    assert (await reset(browser, second)).code == "link_invalid"


async def test_tokens_are_not_interchangeable(
    browser: Browser, database: Database, person: Person
) -> None:
    """ASVS 9.2.2: a link is good for one thing, and tokens are no links."""
    token = await link_of(browser, database, person)
    tokens = await browser.login(person)
    for path in ("/api/auth/register/verify", "/api/auth/email/verify"):
        assert (await browser.send("POST", path, json={"token": token})).code == "link_invalid"
    assert (await browser.me(token)).code == "token_invalid"
    assert (await browser.refresh(token)).code == "refresh_token_invalid"
    assert (await reset(browser, tokens["refresh_token"])).code == "link_invalid"

    assert (await reset(browser, token)).status == 204


async def test_who_has_no_password_gets_one(
    browser: Browser, database: Database, person: Person
) -> None:
    """As after an import, or when an administrator made the account."""
    async with database.transaction() as connection:
        of = update(users).where(users.c.id == person.id)
        await connection.execute(of.values(password_hash=None))

    assert (await reset(browser, await link_of(browser, database, person))).status == 204
    assert (await browser.login(Person(person.id, person.email, NEW)))["access_token"]


async def test_whoever_is_disabled_meanwhile_has_a_dead_link(
    browser: Browser, database: Database, person: Person
) -> None:
    """Nothing of it is done."""
    token = await link_of(browser, database, person)
    async with database.transaction() as connection:
        of = update(users).where(users.c.id == person.id)
        await connection.execute(of.values(disabled_at=func.now()))

    assert (await reset(browser, token)).code == "link_invalid"
