"""What was proven before somebody's credentials changed opens nothing after."""

from collections.abc import Callable
from datetime import timedelta
from secrets import token_bytes, token_hex
from typing import Any
from uuid import uuid4

import pytest

from service.contracts import keys
from service.contracts.mails import Mail
from service.domain.errors import InvalidCredentialsError
from service.domain.ids import make_id
from service.domain.mail_links import Links, Purpose
from service.domain.secrets import at_rest
from service.domain.sessions import Origin, Session
from service.operations.account_deeds import REVOKE
from service.store.admin_changes import AdminChanges
from service.store.database import Database
from service.store.email_changes import EmailChanges
from service.store.mail_outbox import MailOutbox
from service.store.second_factors import SecondFactors
from service.store.session_records import SessionRecords
from service.store.trusted_devices import TrustedDevices
from service.store.users import UserRecords
from tests.conftest import SECRET_KEY, MakePerson, now_ms
from tests.factors.conftest import Client, Streams, code
from tests.support.mails import Written, mails_to
from tests.support.people import TOTP_SECRET, Person, Reply

NEW = "seven velvet bridges hum"


async def follow(client: Client, path: str, mail: Written, **body: Any) -> Reply:
    body["token"] = mail.token
    return await client.browser.send("POST", f"/api/auth/{path}", json=body)


async def change(client: Client, database: Database, person: Person, token: str) -> None:
    body = {"current_password": person.password, "new_password": NEW}
    assert (await client.post("password/change", token, **body)).status == 204


async def reset(client: Client, database: Database, person: Person, token: str) -> None:
    await client.post("password/forgot", "", email=person.email)
    mail = (await mails_to(database, person.email))[-1]
    assert (await follow(client, "password/reset", mail, new_password=NEW)).status == 204


async def move(client: Client, database: Database, person: Person, token: str) -> None:
    wanted = f"{token_hex(6)}@moved.example"
    await client.post("email/change", token, email=wanted, password=person.password)
    (mail,) = await mails_to(database, wanted)
    assert (await follow(client, "email/verify", mail)).status == 204


async def turn_off(client: Client, database: Database, person: Person, token: str) -> None:
    given = {"password": person.password, "code": code(step=1)}
    assert (await client.post("2fa/disable", token, **given)).status == 204


async def revoke(client: Client, database: Database, person: Person, token: str) -> None:
    async def announce(_: object) -> None:
        pass

    await AdminChanges(database).apply(person.id, REVOKE, announce=announce)


CHANGES = pytest.mark.parametrize("act", [change, reset, move, turn_off, revoke])


@pytest.fixture
async def guarded(make_person: MakePerson) -> Person:
    """Somebody with a second factor."""
    return await make_person(totp_secret=TOTP_SECRET)


def session_of(person: Person) -> Session:
    return Session(
        id=make_id(keys.partition_of(person.id), token_bytes(16)),
        user_id=person.id,
        created_ms=now_ms(),
        last_used_ms=now_ms(),
        ip="",
        device="",
        amr=("pwd",),
    )


@CHANGES
async def test_a_challenge_ends_with_what_it_was_opened_by(
    client: Client, database: Database, guarded: Person, act: Callable[..., Any]
) -> None:
    """ASVS 7.4.3: who showed the old password gets no session, even by a right code."""
    token = (await client.sign_in(guarded, code()))["access_token"]
    waiting = (await client.login(guarded)).body
    await act(client, database, guarded, token)

    assert (await client.verify(waiting, code(step=1))).code == "mfa_token_invalid"


@CHANGES
async def test_a_proof_from_before_ends_nowhere(
    client: Client, database: Database, guarded: Person, act: Callable[..., Any]
) -> None:
    """However late in a request the change comes: what it would write looks at it once more."""
    token = (await client.sign_in(guarded, code()))["access_token"]
    proven = await UserRecords(database).find(guarded.id)
    assert proven is not None
    records, told = SessionRecords(database), []
    await records.add(session_of(guarded), Origin(), credentials=proven.credentials)
    await act(client, database, guarded, token)

    async def announce(*_: object) -> None:
        told.append("something")

    def no_mail(_: object) -> Mail:
        raise AssertionError

    with pytest.raises(InvalidCredentialsError):
        await records.add(session_of(guarded), Origin(), credentials=proven.credentials)
    await TrustedDevices(database).add(
        proven,
        "td_x",
        device_id=str(uuid4()),
        device="",
        ip="",
        lasts=timedelta(days=1),
        announce=announce,
    )
    factors = SecondFactors(database)
    assert not await factors.renew_codes(proven, [b"x"], announce=announce)
    assert not await factors.disable(proven, keep=None, announce=announce)
    sealer = at_rest([SECRET_KEY], token_bytes)
    link = Links("http://127.0.0.1", token_bytes).make(Purpose.VERIFY_EMAIL)
    asked = await EmailChanges(database, MailOutbox(database, sealer)).request(
        proven, "a@b.example", link, session_id="", mail=no_mail, announce=announce
    )
    assert (asked, told) == (False, [])


@pytest.mark.parametrize(
    ("act", "reason"),
    [(change, "password_change"), (reset, "password_change"), (turn_off, "mfa_change")],
)
async def test_the_end_of_trust_is_told(
    client: Client,
    database: Database,
    guarded: Person,
    streams: Streams,
    act: Callable[..., Any],
    reason: str,
) -> None:
    """Whatever ends it: the audit has of how many devices."""
    token = (await client.sign_in(guarded, code(), trust_device=True))["access_token"]
    await act(client, database, guarded, token)

    told = [event for event in await streams.events(guarded) if event.type == "device.revoked"]
    assert [(event.reason, event.data) for event in told] == [(reason, {"ended": 1})]


async def test_turning_the_factor_on_ends_sign_ins_by_password_alone(
    client: Client, database: Database, person: Person
) -> None:
    """Who read the account before is asked for the factor, too."""
    proven = await UserRecords(database).find(person.id)
    assert proven is not None
    token = (await client.sign_in(person))["access_token"]
    secret = (await client.post("2fa/setup", token)).body["secret"]
    enabled = await client.post("2fa/enable", token, code=code(secret=secret))
    assert enabled.status == 200

    with pytest.raises(InvalidCredentialsError):
        await SessionRecords(database).add(
            session_of(person), Origin(), credentials=proven.credentials
        )


async def test_a_name_is_no_credential(client: Client, database: Database, guarded: Person) -> None:
    """Nobody is thrown out of a sign-in because they are called something else."""
    token = (await client.sign_in(guarded, code()))["access_token"]
    waiting = (await client.login(guarded)).body
    named = {"token": token, "json": {"name": "B"}}
    assert (await client.browser.send("PATCH", "/api/auth/me", **named)).status == 200

    assert (await client.verify(waiting, code(step=1))).status == 200
