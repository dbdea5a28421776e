"""Every token in every other's place, over HTTP; known and unknown addresses at sign-in."""

from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy import func, update

from service.contracts.tables import users
from service.store.database import Database
from tests.conftest import MakePerson, MakeSettings, Share
from tests.factors.conftest import Client, code, cookie_of
from tests.support.mails import mails_to
from tests.support.people import TOTP_SECRET, Person, Reply

PLACES = {
    "access": ("GET", "me", None),
    "refresh": ("POST", "refresh", "refresh_token"),
    "challenge": ("POST", "verify-2fa", "mfa_token"),
    "reset": ("POST", "password/reset", "token"),
    "registration": ("POST", "register/verify", "token"),
    "address": ("POST", "email/verify", "token"),
    "device": ("POST", "login", "device_token"),
}
"""Where each kind of token belongs: in a header, or in a field of the body."""
REFUSALS = {
    "access": "token_invalid",
    "refresh": "refresh_token_invalid",
    "challenge": "mfa_token_invalid",
    "reset": "link_invalid",
    "registration": "link_invalid",
    "address": "link_invalid",
    "device": "",
}
NEW = "seven velvet bridges hum"


@pytest.fixture
def client(share: Share, make_settings: MakeSettings) -> Client:
    """A service where every kind of token is given out."""
    settings = make_settings(
        registration="open",
        email_verification="required",
        trusted_device_days=30,
        refresh_replay_seconds=60,
    )
    return Client(share(settings))


@pytest.fixture
async def person(make_person: MakePerson) -> Person:
    """Somebody with a second factor."""
    return await make_person(totp_secret=TOTP_SECRET)


async def one_of_each(client: Client, database: Database, person: Person) -> dict[str, Any]:
    """A live token of every kind, all of one person but the registration's."""
    tokens = await client.sign_in(person, code(), trust_device=True)
    other, wanted = f"{token_hex(6)}@new.example", f"{token_hex(6)}@moved.example"
    send = client.browser.send
    body = {"email": other, "password": NEW}
    assert (await send("POST", "/api/auth/register", json=body)).status == 201
    asked = await client.post(
        "email/change", tokens["access_token"], email=wanted, password=person.password
    )
    assert asked.status == 202
    await send("POST", "/api/auth/password/forgot", json={"email": person.email})
    links = {
        "registration": (await mails_to(database, other))[-1].token,
        "address": (await mails_to(database, wanted))[-1].token,
        "reset": (await mails_to(database, person.email))[-1].token,
    }
    return {
        "access": tokens["access_token"],
        "refresh": tokens["refresh_token"],
        "challenge": (await client.login(person)).body["mfa_token"],
        "device": tokens["device_token"],
        "browser": cookie_of(
            await client.login(person, device_token=tokens["device_token"]), "inphora_device"
        ),
        **links,
    }


async def put(client: Client, person: Person, place: str, token: str) -> Reply:
    """What is answered to a token in a place, beside all else that is right there."""
    method, path, field = PLACES[place]
    beside = {
        "challenge": {"code": code(step=1)},
        "reset": {"new_password": NEW},
        "device": {"email": person.email, "password": person.password},
    }
    given = {"json": {field: token, **beside.get(place, {})}} if field else {"token": token}
    return await client.browser.send(method, f"/api/auth/{path}", **given)


async def test_tokens_are_not_interchangeable(
    client: Client, database: Database, person: Person
) -> None:
    """ASVS 9.2.2: access, refresh, challenge, reset, registration, address and device tokens.

    Each is refused in each of the others' places, and is as good as before in its own.
    """
    tokens = await one_of_each(client, database, person)
    for place, refusal in REFUSALS.items():
        for kind, token in tokens.items():
            if kind == place:
                continue
            reply = await put(client, person, place, token)
            if reply.code == "validation_failed":  # one too long to be of the place
                continue
            if place == "device":
                assert reply.body.get("mfa_required") is True, (kind, place)
            else:
                assert reply.code == refusal, (kind, place, reply)
    for place in ("access", "device", "challenge", "refresh", "registration", "address"):
        reply = await put(client, person, place, tokens[place])
        assert reply.status in {200, 204}, (place, reply)
        assert "mfa_required" not in reply.body


async def test_unknown_user_is_wrong_password_in_body_and_status(
    client: Client, database: Database, make_person: MakePerson
) -> None:
    """ASVS 6.3.8: to the byte but for the request's id; so is a disabled account's right password."""
    person, closed = await make_person(), await make_person()
    async with database.transaction() as connection:
        of = update(users).where(users.c.id == closed.id)
        await connection.execute(of.values(disabled_at=func.now()))
    nobody = Person("", f"{token_hex(6)}@people.example")
    replies = [
        await client.login(person, "a wrong password"),
        await client.login(nobody),
        await client.login(closed),
    ]

    assert {(reply.status, reply.code) for reply in replies} == {(401, "invalid_credentials")}
    told = [{**reply.body, "request_id": "", "instance": ""} for reply in replies]
    assert told[0] == told[1] == told[2]
    assert len({tuple(reply.headers) for reply in replies}) == 1
    policies = {reply.headers["RateLimit-Policy"] for reply in replies}
    assert len(policies) == 1


async def test_a_new_session_at_every_login(client: Client, make_person: MakePerson) -> None:
    """ASVS 7.2.4, 7.2.3: never one that a browser brought along; ids of 128 random bits, none alike."""
    person = await make_person()
    first = await client.sign_in(person)
    brought = f"inphora_refresh={first['refresh_token']}"
    opened = [(await client.login(person, cookie=brought)).body for _ in range(3)]
    ids = [each["session_id"] for each in (first, *opened)]

    assert len(set(ids)) == 4
    assert len({each["refresh_token"] for each in (first, *opened)}) == 4
    assert {len(each) for each in ids} == {23}  # 17 bytes: a partition and 128 bits
    assert len({each[i] for each in ids for i in range(2, 23)}) > 20


async def test_revocation_is_of_the_session_and_not_of_a_text(
    client: Client, make_person: MakePerson
) -> None:
    """ASVS 9.1, RFC 8725: no other spelling of a revoked token, padded or not, is another token."""
    person = await make_person()
    first = await client.sign_in(person)
    second = (await client.browser.refresh(first["refresh_token"])).body
    await client.browser.logout(second["access_token"])
    for token in (first["access_token"], second["access_token"]):
        head, payload, signature = token.split(".")
        variants = [
            token,
            f"{token}=",
            f"{token}==",
            f"{head}=.{payload}.{signature}",
            f"{head}.{payload}=.{signature}==",
        ]
        codes = [(await client.browser.me(variant)).code for variant in variants]
        assert codes == ["token_revoked", *["token_invalid"] * 4]
    for variant in ("", "=", "=="):
        refused = await client.browser.refresh(second["refresh_token"] + variant)
        assert (refused.status, "access_token" in refused.body) == (401, False)
