"""Proving again who one is: another session, by all that signing in takes."""

import asyncio
from datetime import timedelta

from sqlalchemy import update

from service.contracts.tables import users
from service.domain.users import Role
from service.store.database import Database
from tests.conftest import MakePerson
from tests.factors.conftest import Client, Streams, code, cookie_of
from tests.support.people import TOTP_SECRET, Person, Reply

LONG_AGO = timedelta(minutes=16)
REFRESH = "inphora_refresh"


async def test_a_step_up_is_a_new_session_and_the_old_is_dead(
    client: Client, person: Person, streams: Streams
) -> None:
    """ASVS 7.2.4: other id, other tokens, another beginning; no token of the old one is taken."""
    old = await client.sign_in(person)
    await streams.age(person, old, LONG_AGO)
    reply = await client.post("step-up", old["access_token"], password=person.password)
    new = reply.body

    assert (reply.status, new["session_id"] != old["session_id"]) == (200, True)
    assert (await client.browser.me(old["access_token"])).code == "token_revoked"
    assert (await client.browser.refresh(old["refresh_token"])).code == "session_revoked"
    assert (await client.post("2fa/setup", new["access_token"])).status == 200, "it is fresh"
    me = (await client.browser.me(new["access_token"])).body["session"]
    assert me["amr"] == ["pwd"]
    [stepped] = [e for e in await streams.events(person) if e.type == "session.stepped_up"]
    assert stepped.session_id == new["session_id"]
    signed_in = [e for e in await streams.events(person) if e.type == "login.succeeded"]
    assert [event.reason for event in signed_in] == ["", "step_up"], "it is no sign-in in numbers"
    [ended] = [e for e in await streams.events(person) if e.type == "session.ended"]
    assert (ended.session_id, ended.reason) == (old["session_id"], "superseded")


async def test_a_step_up_takes_all_that_signing_in_takes(
    client: Client, make_person: MakePerson
) -> None:
    """SP 800-63B-4 §2: with a second factor a password alone is not enough; amr says what was shown."""
    person = await make_person(totp_secret=TOTP_SECRET)
    token = (await client.sign_in(person, code()))["access_token"]
    given = {"password": person.password}
    assert (await client.post("step-up", token, **given)).code == "mfa_code_invalid"
    wrong = await client.post("step-up", token, password="wrong", code=code(step=1))
    assert wrong.code == "invalid_credentials"
    done = (await client.post("step-up", token, **given, code=code(step=1))).body
    me = (await client.browser.me(done["access_token"])).body["session"]
    assert me["amr"] == ["pwd", "otp", "mfa"]


async def test_a_step_up_has_one_winner_under_a_race(client: Client, person: Person) -> None:
    """ASVS 15.4.2: of several in one session one gets another; only that one lives."""
    token = (await client.sign_in(person))["access_token"]
    replies = await asyncio.gather(
        *(client.post("step-up", token, password=person.password) for _ in range(8))
    )
    done = [reply.body for reply in replies if reply.status == 200]

    # Those that come while another is looked at may be told so by the count of tries.
    assert {reply.code for reply in replies if reply.status != 200} <= {
        "token_revoked",
        "account_locked",
    }
    assert len(done) == 1
    sessions = (await client.get("sessions", done[0]["access_token"])).body["sessions"]
    assert [session["id"] for session in sessions] == [done[0]["session_id"]]


async def test_a_step_up_in_cookie_mode(client: Client, person: Person) -> None:
    """The new refresh token is the browser's to keep, as at sign-in."""
    token = (await client.sign_in(person))["access_token"]
    reply = await client.post("step-up", token, password=person.password, cookie=True)
    assert "refresh_token" not in reply.body
    assert cookie_of(reply, REFRESH).startswith("rt_")


async def test_erasing_oneself_wants_both_factors(
    client: Client, make_person: MakePerson, streams: Streams
) -> None:
    """ASVS 7.5.1: a password, and of who has a second factor also that, of late."""
    person = await make_person(totp_secret=TOTP_SECRET)
    tokens = await client.sign_in(person, code())
    await streams.age(person, tokens, LONG_AGO)

    async def erase(token: str) -> Reply:
        body = {"password": person.password}
        return await client.browser.send("DELETE", "/api/auth/me", token=token, json=body)

    refused = await erase(tokens["access_token"])
    assert (refused.status, refused.code) == (403, "step_up_required")
    given = {"password": person.password, "code": code(step=1)}
    token = (await client.post("step-up", tokens["access_token"], **given)).body["access_token"]
    assert (await erase(token)).status == 202


async def test_erasing_oneself_by_password_alone(
    client: Client, person: Person, streams: Streams
) -> None:
    """Who has no second factor proves by it all that they can, however old the session."""
    tokens = await client.sign_in(person)
    await streams.age(person, tokens, LONG_AGO)
    token, body = tokens["access_token"], {"password": person.password}

    assert (
        await client.browser.send("DELETE", "/api/auth/me", token=token, json=body)
    ).status == 202


async def test_the_last_admin_stays(
    client: Client, make_person: MakePerson, database: Database
) -> None:
    """Nobody can leave a service without anybody who may run it."""
    async with database.transaction() as connection:  # of other tests
        await connection.execute(update(users).values(roles=[]))
    admin = await make_person(roles=[Role.ADMIN])
    token = (await client.sign_in(admin))["access_token"]
    body = {"password": admin.password}
    refused = await client.browser.send("DELETE", "/api/auth/me", token=token, json=body)
    assert (refused.status, refused.code) == (409, "last_admin")

    await make_person(roles=[Role.ADMIN])
    gone = await client.browser.send("DELETE", "/api/auth/me", token=token, json=body)
    assert gone.status == 202
