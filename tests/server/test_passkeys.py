"""Passkeys over HTTP, on real servers, with an authenticator of software."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service.contracts import keys
from service.contracts.events import Event
from service.store.database import Database
from tests.conftest import MakePerson, MakeSettings, Share
from tests.support.authenticator import UV, Authenticator, b64
from tests.support.passkeys import PasskeyBrowser
from tests.support.people import TOTP_SECRET, Person
from tests.support.redis_answers import answer_of

SaidOf = Callable[[str], Awaitable[list[tuple[str, str]]]]


CREATION = {"challenge": "AA", "rp": {"id": "localhost"}, "user": {"id": "AA"}}
LOCAL = {"public_url": "http://localhost:8000"}


@pytest.fixture
def home(share: Share, make_settings: MakeSettings) -> PasskeyBrowser:
    """The service as a browser knows it."""
    return PasskeyBrowser(share(make_settings(**LOCAL)))


@pytest.fixture
def said_of(redis: Redis) -> SaidOf:
    """What the streams say of a person: types and reasons, the oldest first."""

    async def said(user_id: str) -> list[tuple[str, str]]:
        entries = await redis.xrange(keys.events(keys.partition_of(user_id)))
        events = [Event.read(fields) for _, fields in entries]
        return [(e.type.value, e.reason) for e in events if e.user_id == user_id]

    return said


@pytest.fixture
async def owner(home: PasskeyBrowser, person: Person) -> tuple[Person, Any, Authenticator]:
    """Somebody with a passkey: the person, their tokens, their authenticator."""
    tokens, authenticator = await home.browser.login(person), Authenticator()
    added = await home.add(tokens["access_token"], authenticator)
    assert added.status == 201, added
    return person, tokens, authenticator


async def test_a_passkey_signs_in_without_a_password(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator], said_of: SaidOf
) -> None:
    """Two factors at once (RFC 8176: mfa), in a session of its own, told to the audit."""
    person, tokens, authenticator = owner
    signed_in = await home.sign_in(authenticator)
    me = await home.browser.me(signed_in.body["access_token"])

    assert (signed_in.status, me.body["user"]["id"]) == (200, person.id)
    assert me.body["session"]["amr"] == ["swk", "user", "mfa"]
    assert me.body["session"]["id"] != tokens["session_id"]
    assert [kind for kind, _ in await said_of(person.id)] == [
        "login.succeeded",
        "passkey.added",
        "login.succeeded",
    ]


async def test_administrators_see_how_many_passkeys_there_are(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator], make_person: MakePerson
) -> None:
    """Of one person, and of all on a page."""
    person, *_ = owner
    admin = await home.browser.login(await make_person(roles=["admin"]))

    async def seen(path: str, **params: str) -> Any:
        token = admin["access_token"]
        return (
            await home.browser.send("GET", f"/api/admin/{path}", token=token, params=params)
        ).body

    assert (await seen(f"users/{person.id}"))["passkeys"] == 1
    assert [u["passkeys"] for u in (await seen("users", q=person.email))["users"]] == [1]


async def test_in_cookie_mode_the_refresh_token_is_the_browsers(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator]
) -> None:
    credential = owner[2].show(await home.options("login/passkey"))
    reply = await home.send_in({"credential": credential, "cookie": True, "device_name": "Mine"})

    assert "refresh_token" not in reply.body
    assert "HttpOnly" in reply.headers["Set-Cookie"]


REFUSED = {
    "of another page": ({"origin": "https://evil.example"}, "origin"),
    "for another domain": ({"rp_id": "evil.example"}, "rp_id"),
    "to a challenge of their own": ({"challenge": b64(b"\0" * 32)}, "challenge"),
    "with a wrong signature": ({"signature": b"\0" * 70}, "invalid"),
    "without a PIN or a finger": ({"without": UV}, "user_verification"),
    "that names somebody else": ({"user_handle": b64(b"\1" * 16)}, "not_owner"),
    "that names nobody": ({"user_handle": None}, "not_owner"),
}


@pytest.mark.parametrize(("wrong", "reason"), REFUSED.values(), ids=REFUSED)
async def test_an_answer_is_refused_with_one_word_and_its_reason_is_audited(
    home: PasskeyBrowser,
    owner: tuple[Person, Any, Authenticator],
    said_of: SaidOf,
    wrong: dict[str, Any],
    reason: str,
) -> None:
    person, _, authenticator = owner
    reply = await home.sign_in(authenticator, **wrong)

    assert (reply.status, reply.code) == (401, "passkey_invalid")
    assert (await said_of(person.id))[-1] == ("passkey.refused", reason)


async def test_an_unknown_passkey_cannot_be_told_from_a_wrong_one(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator]
) -> None:
    """ASVS 6.3.8: not by body or status."""
    stranger, known = Authenticator(user_handle=owner[2].user_handle), owner[2]
    replies = [await home.sign_in(stranger), await home.sign_in(known, signature=b"\0")]
    for reply in replies:
        del reply.body["request_id"]

    assert replies[0].body == replies[1].body
    assert {reply.status for reply in replies} == {401}


async def test_one_answer_signs_in_once(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator]
) -> None:
    """ASVS 6.5.1, 15.4.2: a replayed answer is refused, also when all come at once."""
    credential = owner[2].show(await home.options("login/passkey"))
    replies = await asyncio.gather(*[home.send_in({"credential": credential}) for _ in range(8)])

    assert sorted(reply.status for reply in replies) == [200, *[401] * 7]


async def test_an_answer_is_good_for_one_purpose(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator]
) -> None:
    """What was asked while adding, or for a step-up, signs nobody in; nor the other way round."""
    _, tokens, authenticator = owner
    access = tokens["access_token"]
    for path in ("step-up/passkey", "passkeys"):
        asked = await home.options(path, token=access)
        credential = authenticator.show({"rpId": "localhost", **asked})
        assert (await home.send_in({"credential": credential})).code == "passkey_invalid"

    credential = authenticator.show(await home.options("login/passkey"))
    reply = await home.browser.send(
        "POST", "/api/auth/step-up/passkey", token=access, json={"credential": credential}
    )
    assert reply.code == "passkey_invalid"


async def test_a_counter_that_goes_back_is_a_copy(
    home: PasskeyBrowser, person: Person, said_of: SaidOf
) -> None:
    """WebAuthn §7.2, step 22: refused and audited, and the counter stays where it was."""
    tokens, authenticator = await home.browser.login(person), Authenticator(counts=True)
    await home.add(tokens["access_token"], authenticator)
    assert (await home.sign_in(authenticator)).status == 200
    assert (await home.sign_in(authenticator)).status == 200

    for copied in (0, 1, 2):
        reply = await home.sign_in(authenticator, sign_count=copied)
        assert reply.code == "passkey_invalid"
        assert (await said_of(person.id))[-1] == ("passkey.refused", "counter")
    assert (await home.sign_in(authenticator, sign_count=9)).status == 200


async def test_of_two_answers_with_one_counter_one_counts(
    home: PasskeyBrowser, person: Person
) -> None:
    """Compare-and-set in SQL: whichever of original and copy comes second is refused."""
    tokens, authenticator = await home.browser.login(person), Authenticator(counts=True)
    await home.add(tokens["access_token"], authenticator)
    asked = [await home.options("login/passkey") for _ in range(6)]
    shown = [{"credential": authenticator.show(each, sign_count=7)} for each in asked]
    replies = await asyncio.gather(*[home.send_in(each) for each in shown])

    assert sorted(reply.status for reply in replies) == [200, *[401] * 5]


async def test_a_disabled_account_is_refused_like_any_other(
    home: PasskeyBrowser,
    owner: tuple[Person, Any, Authenticator],
    engine: AsyncEngine,
    said_of: SaidOf,
) -> None:
    person, _, authenticator = owner
    async with engine.begin() as connection:
        await connection.execute(
            text("update users set disabled_at = now() where id = :id"), {"id": person.id}
        )
    reply = await home.sign_in(authenticator)

    assert (reply.status, reply.code) == (401, "passkey_invalid")
    assert (await said_of(person.id))[-1] == ("passkey.refused", "disabled")


@pytest.fixture
async def two_factor(
    home: PasskeyBrowser, make_person: MakePerson, engine: AsyncEngine
) -> tuple[Person, Authenticator]:
    """Somebody with an authenticator app and a passkey."""
    person, authenticator = await make_person(), Authenticator()
    tokens = await home.browser.login(person)
    await home.add(tokens["access_token"], authenticator)
    other = await make_person(totp_secret=TOTP_SECRET)
    async with engine.begin() as connection:  # the secret of the other, moved in sealed
        await connection.execute(
            text("update passkeys set user_id = :to where user_id = :of"),
            {"to": other.id, "of": person.id},
        )
    authenticator.user_handle = b64(bytes.fromhex(other.id.replace("-", "")))
    return other, authenticator


async def test_a_passkey_is_a_second_factor(
    home: PasskeyBrowser, two_factor: tuple[Person, Authenticator], said_of: SaidOf
) -> None:
    """Login names it; presence is enough beside a password; the challenge is good once."""
    person, authenticator = two_factor
    challenge = await home.browser.login(person)
    assert challenge["methods"] == ["totp", "recovery_code", "passkey"]

    wrong = await home.second_factor(challenge["mfa_token"], authenticator, signature=b"\0")
    assert (wrong.status, wrong.code) == (401, "passkey_invalid")
    right = await home.second_factor(challenge["mfa_token"], authenticator, without=UV)
    assert right.status == 200
    me = await home.browser.me(right.body["access_token"])
    assert me.body["session"]["amr"] == ["pwd", "swk", "user", "mfa"]
    assert ("mfa.succeeded", "passkey") in await said_of(person.id)

    body = {"mfa_token": challenge["mfa_token"]}
    again = await home.browser.send("POST", "/api/auth/verify-2fa/passkey/options", json=body)
    assert again.code == "mfa_token_invalid"


async def test_a_second_factor_is_the_persons_own(
    home: PasskeyBrowser,
    two_factor: tuple[Person, Authenticator],
    owner: tuple[Person, Any, Authenticator],
    said_of: SaidOf,
) -> None:
    """Somebody else's passkey, right in all else, finishes nobody's sign-in."""
    person, _ = two_factor
    challenge = await home.browser.login(person)
    reply = await home.second_factor(challenge["mfa_token"], owner[2])

    assert reply.code == "passkey_invalid"
    assert (await said_of(owner[0].id))[-1] == ("passkey.refused", "not_owner")


async def test_five_wrong_passkeys_end_a_sign_in(
    home: PasskeyBrowser, two_factor: tuple[Person, Authenticator]
) -> None:
    """Tries are counted together with codes: the challenge is gone, and begins anew."""
    person, authenticator = two_factor
    challenge = await home.browser.login(person)
    options = await home.options("verify-2fa/passkey", mfa_token=challenge["mfa_token"])
    body = {"mfa_token": challenge["mfa_token"]}
    body["credential"] = authenticator.show(options, signature=b"\0")
    codes = [
        (await home.browser.send("POST", "/api/auth/verify-2fa/passkey", json=body)).code
        for _ in range(6)
    ]

    assert codes == [*["passkey_invalid"] * 5, "mfa_token_invalid"]


async def test_a_passkey_ends_a_row_of_failures(
    home: PasskeyBrowser, two_factor: tuple[Person, Authenticator], database: Database
) -> None:
    """SP 800-63B-4 §3.2.2: whoever signs in by all that it takes begins anew, as by a code."""
    person, authenticator = two_factor
    body = {"email": person.email, "password": "a wrong password"}
    for _ in range(3):
        await home.browser.send("POST", "/api/auth/login", json=body)
    challenge = await home.browser.login(person)
    row = text("select failures from sign_in_failures where user_id = :id")
    async with database.transaction() as connection:
        assert await connection.scalar(row, {"id": person.id}) == 3
    assert (await home.second_factor(challenge["mfa_token"], authenticator)).status == 200
    async with database.transaction() as connection:
        assert await connection.scalar(row, {"id": person.id}) is None


async def test_a_step_up_is_a_new_session_and_the_old_one_is_dead(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator], said_of: SaidOf
) -> None:
    """ASVS 7.2.4."""
    person, tokens, authenticator = owner
    stepped = await home.step_up(tokens["access_token"], authenticator)

    assert (stepped.status, stepped.body["session_id"] != tokens["session_id"]) == (200, True)
    assert (await home.browser.me(stepped.body["access_token"])).status == 200
    assert (await home.browser.me(tokens["access_token"])).code == "token_revoked"
    assert (await said_of(person.id))[-2:] == [
        ("session.stepped_up", "step_up"),
        ("session.ended", "superseded"),
    ]


async def test_a_step_up_is_the_callers_own(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator], make_person: MakePerson
) -> None:
    """Nobody becomes somebody else by it."""
    other = await make_person()
    tokens = await home.browser.login(other)
    assert (await home.add(tokens["access_token"], Authenticator())).status == 201

    assert (await home.step_up(tokens["access_token"], owner[2])).code == "passkey_invalid"
    assert (await home.browser.me(tokens["access_token"])).body["user"]["id"] == other.id


async def test_who_has_no_passkey_is_asked_for_none(home: PasskeyBrowser, person: Person) -> None:
    tokens = await home.browser.login(person)
    reply = await home.browser.send(
        "POST", "/api/auth/step-up/passkey/options", token=tokens["access_token"]
    )

    assert (reply.status, reply.code) == (409, "conflict")


async def test_a_factor_change_wants_re_authentication(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator], redis: Redis
) -> None:
    """ASVS 7.5.1: adding and removing want a fresh sign-in; a step-up by the passkey is one."""
    person, tokens, authenticator = owner
    token, session_id = tokens["access_token"], tokens["session_id"]
    (held,) = (await home.browser.send("GET", "/api/auth/passkeys", token=token)).body["passkeys"]
    one = f"/api/auth/passkeys/{held['id']}"
    key = keys.session(keys.partition_of(person.id), session_id)
    await answer_of(redis.hincrby(key, "c", -3_600_000))

    for method, path in (("POST", "/api/auth/passkeys/options"), ("DELETE", one)):
        reply = await home.browser.send(method, path, token=token)
        assert (reply.status, reply.code) == (403, "step_up_required")
    body = {"credential": Authenticator().make(CREATION)}
    reply = await home.browser.send("POST", "/api/auth/passkeys", token=token, json=body)
    assert reply.code == "step_up_required"

    fresh = (await home.step_up(token, authenticator)).body["access_token"]
    assert (await home.browser.send("DELETE", one, token=fresh)).status == 204


async def test_what_is_made_in_one_session_is_kept_in_no_other(
    home: PasskeyBrowser, person: Person
) -> None:
    """Somebody who gets hold of a challenge cannot have it answered elsewhere."""
    first, second = [(await home.browser.login(person))["access_token"] for _ in range(2)]
    credential = Authenticator().make(await home.options("passkeys", token=first))
    body = {"credential": credential}
    elsewhere = await home.browser.send("POST", "/api/auth/passkeys", token=second, json=body)
    too_late = await home.browser.send("POST", "/api/auth/passkeys", token=first, json=body)

    assert [elsewhere.code, too_late.code] == ["passkey_invalid", "passkey_invalid"]


async def test_one_authenticators_key_is_one_persons(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator], make_person: MakePerson
) -> None:
    """A second registration of the same credential is refused, whoever asks."""
    tokens = await home.browser.login(await make_person())
    reply = await home.add(tokens["access_token"], owner[2])

    assert (reply.status, reply.code) == (409, "conflict")


async def test_a_person_has_twenty_at_most(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator], engine: AsyncEngine
) -> None:
    """Also when the last is added many times at once."""
    person, tokens, _ = owner
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "insert into passkeys select gen_random_uuid(), user_id, "
                "decode(md5(n::text || user_id), 'hex'), public_key, 0, transports, aaguid, "
                "backup_eligible, backed_up, name, now() from passkeys, generate_series(1, 18) n "
                "where user_id = :id"
            ),
            {"id": person.id},
        )
    token = tokens["access_token"]
    asked = [await home.options("passkeys", token=token) for _ in range(8)]
    bodies = [{"credential": Authenticator().make(options)} for options in asked]
    replies = await asyncio.gather(
        *[home.browser.send("POST", "/api/auth/passkeys", token=token, json=b) for b in bodies]
    )
    assert sorted(reply.status for reply in replies) == [201, *[409] * 7]
    reply = await home.browser.send(
        "POST", "/api/auth/passkeys/options", token=tokens["access_token"]
    )
    assert reply.code == "conflict"


async def test_people_list_name_and_remove_theirs(
    home: PasskeyBrowser,
    owner: tuple[Person, Any, Authenticator],
    make_person: MakePerson,
    said_of: SaidOf,
) -> None:
    """And nobody else's."""
    person, tokens, authenticator = owner
    token = tokens["access_token"]
    await home.sign_in(authenticator)
    (held,) = (await home.browser.send("GET", "/api/auth/passkeys", token=token)).body["passkeys"]
    assert (held["name"], held["backed_up"], held["transports"]) == (
        "Key",
        True,
        ["internal", "hybrid"],
    )
    assert held["last_used_at"] > held["created_at"]

    one = f"/api/auth/passkeys/{held['id']}"
    stranger = (await home.browser.login(await make_person()))["access_token"]
    for method, body in (("PATCH", {"name": "Mine"}), ("DELETE", None)):
        reply = await home.browser.send(method, one, token=stranger, json=body)
        assert (reply.status, reply.code) == (404, "not_found")
    bad = await home.browser.send("DELETE", "/api/auth/passkeys/x", token=token)
    assert bad.code == "not_found"

    renamed = await home.browser.send("PATCH", one, token=token, json={"name": "Blue key"})
    assert renamed.body["name"] == "Blue key"
    assert (await home.browser.send("DELETE", one, token=token)).status == 204
    assert (await home.browser.send("GET", "/api/auth/passkeys", token=token)).body == {
        "passkeys": []
    }
    assert (await home.sign_in(authenticator)).code == "passkey_invalid"
    kinds = [kind for kind, _ in await said_of(person.id)]
    assert kinds[-2:] == ["passkey.renamed", "passkey.removed"]


async def test_options_tell_nobody_of_anybody(
    home: PasskeyBrowser, owner: tuple[Person, Any, Authenticator]
) -> None:
    """For a sign-in nobody is named; the page's domain is the setting's."""
    options = await home.options("login/passkey")

    assert options["allowCredentials"] == []
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")
    assert owner[0].email not in json.dumps(options)


async def test_pages_of_other_origins_are_named_by_settings(
    share: Share, make_settings: MakeSettings, person: Person
) -> None:
    """WEBAUTHN_RP_ID and WEBAUTHN_ORIGINS win over PUBLIC_URL."""
    page = "https://app.example.com"
    settings = make_settings(**LOCAL, webauthn_rp_id="example.com", webauthn_origins=(page,))
    home, authenticator = PasskeyBrowser(share(settings)), Authenticator()
    token = (await home.browser.login(person))["access_token"]

    assert (await home.add(token, authenticator)).code == "passkey_invalid"
    assert (await home.add(token, authenticator, origin=page)).status == 201
    assert (await home.sign_in(authenticator, origin=page)).status == 200
