"""A second factor through its life."""

import asyncio
from datetime import timedelta
from typing import Any

import pyotp
from sqlalchemy import update

from service.contracts.tables import users
from service.store.database import Database
from tests.conftest import MakePerson
from tests.factors.conftest import Client, Streams, code, wrong_code
from tests.support.people import TOTP_SECRET, Person

INVALID = (401, "mfa_code_invalid")


async def enable(client: Client, token: str, **body: Any) -> tuple[str, list[str], str]:
    """Turn it on; its secret and recovery codes, and the code that is spent."""
    secret = (await client.post("2fa/setup", token)).body["secret"]
    spent = code(secret=secret)
    reply = await client.post("2fa/enable", token, code=spent, **body)
    assert reply.status == 200, reply
    return secret, reply.body["recovery_codes"], spent


async def test_a_life_of_a_second_factor(client: Client, person: Person, streams: Streams) -> None:
    """On, used, its recovery codes renewed, off; nothing says its secret again."""
    token = (await client.sign_in(person))["access_token"]
    state = {"totp": False, "recovery_codes_left": 0, "trusted_devices_days": 30}
    assert (await client.get("2fa", token)).body == state
    secret, codes, _ = await enable(client, token)
    said = await client.get("2fa", token)
    assert said.body == {**state, "totp": True, "recovery_codes_left": 10}
    assert not any(hidden in str(said.body) for hidden in (secret, *codes))
    assert (await client.post("2fa/setup", token)).code == "conflict"

    given = {"password": person.password, "code": codes[0]}
    fresh = (await client.post("2fa/recovery-codes", token, **given)).body["recovery_codes"]
    assert len(set(fresh) | set(codes)) == 20
    challenge = (await client.login(person)).body
    dead = await client.verify(challenge, codes[1])
    assert (dead.status, dead.code) == INVALID
    assert (await client.verify(challenge, fresh[0])).status == 200
    assert (await client.get("2fa", token)).body["recovery_codes_left"] == 9

    given = {"password": person.password, "code": code(secret=secret, step=1)}
    assert (await client.post("2fa/disable", token, **given)).status == 204
    assert (await client.get("2fa", token)).body == state
    assert (await client.browser.me(token)).body["user"]["mfa_enabled"] is False
    assert "access_token" in (await client.login(person)).body
    told = [kind for kind in await streams.types(person) if kind.startswith("mfa.")]
    assert told == [
        "mfa.setup_started",
        "mfa.enabled",
        "mfa.succeeded",
        "mfa.recovery_codes_renewed",
        "mfa.challenged",
        "mfa.failed",
        "mfa.succeeded",
        "mfa.succeeded",
        "mfa.disabled",
    ]


async def test_factor_change_wants_re_authentication(
    client: Client, person: Person, make_person: MakePerson, streams: Streams
) -> None:
    """ASVS 7.5.1: setting one up wants a sign-in of late, the rest a password and a code."""
    tokens = await client.sign_in(person)
    await streams.age(person, tokens, timedelta(minutes=16))
    refused = await client.post("2fa/setup", tokens["access_token"])
    assert (refused.status, refused.code) == (403, "step_up_required")

    guarded = await make_person(totp_secret=TOTP_SECRET)
    token = (await client.sign_in(guarded, code()))["access_token"]
    for path in ("2fa/disable", "2fa/recovery-codes"):
        wrong = await client.post(path, token, password="wrong", code=code(step=1))
        assert wrong.code == "invalid_credentials"
        wrong = await client.post(path, token, password=guarded.password, code=wrong_code())
        assert wrong.code == "mfa_code_invalid"
    assert (await client.get("2fa", token)).body["totp"] is True


async def test_a_short_password_does_not_stay_alone(
    client: Client, make_person: MakePerson, streams: Streams
) -> None:
    """SP 800-63B-4 §3.1.1.2: 8 characters are enough beside a factor; its owner changes them first."""
    person = await make_person(totp_secret=TOTP_SECRET)
    token = (await client.sign_in(person, code()))["access_token"]
    body = {"current_password": person.password, "new_password": "gnu-velvet-7"}
    assert (await client.post("password/change", token, **body)).status == 204
    given = {"password": "gnu-velvet-7", "code": code(step=1)}
    refused = await client.post("2fa/disable", token, **given)
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "password")
    assert "at least 15 characters" in refused.body["errors"][0]["message"]

    body = {"current_password": "gnu-velvet-7", "new_password": person.password}
    assert (await client.post("password/change", token, **body)).status == 204
    given["password"] = person.password
    assert (await client.post("2fa/disable", token, **given)).status == 204, "the code is unspent"


async def test_factor_change_offers_ending_other_sessions(client: Client, person: Person) -> None:
    """ASVS 7.4.3: who asks for it stays signed in here only."""
    here, there = await client.sign_in(person), await client.sign_in(person)
    secret, *_ = await enable(client, here["access_token"])
    assert (await client.browser.me(there["access_token"])).status == 200, "only when asked for"
    given = {"password": person.password, "end_other_sessions": True}
    given["code"] = code(secret=secret, step=1)
    assert (await client.post("2fa/disable", here["access_token"], **given)).status == 204
    assert (await client.browser.me(there["access_token"])).code == "token_revoked"
    assert (await client.browser.me(here["access_token"])).status == 200

    there = await client.sign_in(person)
    await enable(client, here["access_token"], end_other_sessions=True)
    assert (await client.browser.me(there["access_token"])).code == "token_revoked"
    assert (await client.browser.me(here["access_token"])).status == 200


async def test_a_step_is_never_accepted_twice(
    client: Client, person: Person, database: Database
) -> None:
    """ASVS 6.5.1, RFC 6238 §5.2: enabling, signing in, stepping up and disabling share one memory."""
    token = (await client.sign_in(person))["access_token"]
    secret, _, used = await enable(client, token)
    given, last = {"password": person.password}, code(secret=secret, step=1)
    challenge = (await client.login(person)).body
    assert (await client.verify(challenge, used)).code == "mfa_code_invalid"
    done = await client.post("step-up", token, **given, code=last)
    assert done.status == 200
    token = done.body["access_token"]
    for path in ("2fa/disable", "2fa/recovery-codes", "step-up"):
        again = await client.post(path, token, **given, code=last)
        assert again.code == "mfa_code_invalid", path
    async with database.transaction() as connection:
        forget = update(users).where(users.c.id == person.id).values(totp_last_step=0)
        await connection.execute(forget)
    free = await client.post("2fa/disable", token, **given, code=code(secret=secret))
    assert free.status == 204, "it is the memory that refused"


async def test_a_code_has_one_winner_under_a_race(client: Client, make_person: MakePerson) -> None:
    """ASVS 15.4.2: of several uses of one code at once, wherever, one counts."""
    person = await make_person(totp_secret=TOTP_SECRET)
    token = (await client.sign_in(person, code()))["access_token"]
    challenges = [(await client.login(person)).body for _ in range(2)]
    text, given = code(step=1), {"password": person.password}
    replies = await asyncio.gather(
        *(client.verify(challenge, text) for challenge in challenges),
        client.post("2fa/recovery-codes", token, **given, code=text),
        client.post("step-up", token, **given, code=text),
    )

    assert sorted(reply.status for reply in replies) == [200, 401, 401, 401]


async def test_secret_has_160_bits_and_is_shown_once(client: Client, person: Person) -> None:
    """SP 800-63B-4 §3.1.5: as an authenticator takes it; enabling twice by one secret does not work."""
    token = (await client.sign_in(person))["access_token"]
    setup = (await client.post("2fa/setup", token)).body
    assert len(pyotp.TOTP(setup["secret"]).byte_secret()) == 20
    assert setup["qr_svg"].startswith("<svg")
    text = code(secret=setup["secret"])
    replies = await asyncio.gather(*(client.post("2fa/enable", token, code=text) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
