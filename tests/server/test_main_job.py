"""The main job, through the application on real servers."""

from typing import Any

import pyotp

from tests.conftest import MakePerson
from tests.factors.conftest import wrong_code
from tests.support.people import TOTP_SECRET, Browser, Person, Reply


async def test_sign_in_use_refresh_sign_out(browser: Browser, person: Person) -> None:
    """login → me → refresh → me → logout → me: the token is dead from the 204 on."""
    first = await browser.login(person)
    me = await browser.me(first["access_token"])
    assert (me.status, me.body["user"]["email"]) == (200, person.email)
    assert me.body["session"]["current"] is True

    second = (await browser.refresh(first["refresh_token"])).body
    assert second["refresh_token"] != first["refresh_token"]
    assert (await browser.me(second["access_token"])).status == 200

    assert (await browser.logout(second["access_token"])).status == 204
    dead = await browser.me(second["access_token"])
    assert (dead.status, dead.code) == (401, "token_revoked")
    assert (await browser.me(first["access_token"])).code == "token_revoked"
    assert (await browser.refresh(second["refresh_token"])).code == "session_revoked"


async def test_second_factor(browser: Browser, make_person: MakePerson) -> None:
    """A code finishes the sign-in, once."""
    person = await make_person(totp_secret=TOTP_SECRET)
    challenge = await browser.login(person)
    assert challenge["mfa_required"] is True

    async def verify(challenge: dict[str, Any], code: str) -> Reply:
        body = {"mfa_token": challenge["mfa_token"], "code": code}
        return await browser.send("POST", "/api/auth/verify-2fa", json=body)

    assert (await verify(challenge, wrong_code())).code == "mfa_code_invalid"
    code = pyotp.TOTP(TOTP_SECRET).now()
    tokens = await verify(challenge, code)
    assert tokens.status == 200
    assert (await browser.me(tokens.body["access_token"])).body["session"]["amr"] == [
        "pwd",
        "otp",
        "mfa",
    ]

    assert (await verify(challenge, code)).code == "mfa_token_invalid"
    assert (await verify(await browser.login(person), code)).code == "mfa_code_invalid"
