"""Cookie mode: the refresh token is the browser's to keep, and no other site's to use."""

from http.cookies import Morsel, SimpleCookie
from typing import Any

import pyotp
import pytest

from tests.conftest import MakePerson, MakeSettings, Share
from tests.support.people import TOTP_SECRET, Browser, Person, Reply

NAME = "inphora_refresh"
OURS = "http://127.0.0.1:8000"
PROOF = {"X-Requested-With": "fetch", "Origin": OURS}


def kept(reply: Reply) -> Morsel[str]:
    """The cookie that a reply sets, with its attributes."""
    [line] = [each for each in reply.headers.getall("Set-Cookie") if each.startswith(NAME)]
    return SimpleCookie(line)[NAME]


async def sign_in(browser: Browser, person: Person) -> Reply:
    body = {"email": person.email, "password": person.password, "cookie": True}
    return await browser.send("POST", "/api/auth/login", json=body)


async def ask(
    browser: Browser, path: str, cookie: Morsel[str], headers: dict[str, str] = PROOF, **body: Any
) -> Reply:
    headers = {**headers, "Cookie": f"{NAME}={cookie.value}"}
    return await browser.send("POST", f"/api/auth/{path}", json=body, headers=headers)


async def test_sign_in_refresh_sign_out(browser: Browser, person: Person) -> None:
    """No refresh token is in any body; each refresh sets the next; signing out drops it."""
    first = await sign_in(browser, person)
    assert "refresh_token" not in first.body
    cookie = kept(first)
    assert (cookie["path"], cookie["samesite"]) == ("/api/auth", "Strict")
    assert cookie["secure"]
    assert cookie["httponly"]
    assert int(cookie["max-age"]) == first.body["refresh_expires_in"]

    second = await ask(browser, "refresh", cookie)
    assert (second.status, "refresh_token" in second.body) == (200, False)
    assert kept(second).value != cookie.value
    assert (await browser.me(second.body["access_token"])).status == 200

    out = await ask(browser, "logout", kept(second))
    assert (out.status, kept(out).value, kept(out)["max-age"]) == (204, "", "0")
    assert (await browser.me(second.body["access_token"])).code == "token_revoked"
    for path, status in (("refresh", 401), ("logout", 204)):
        again = await ask(browser, path, kept(second))
        assert (again.status, kept(again).value) == (status, "")


async def test_second_factor(browser: Browser, make_person: MakePerson) -> None:
    """The challenge remembers that the sign-in began in cookie mode."""
    challenge = await sign_in(browser, await make_person(totp_secret=TOTP_SECRET))
    assert "Set-Cookie" not in challenge.headers
    code = pyotp.TOTP(TOTP_SECRET).now()
    body = {"mfa_token": challenge.body["mfa_token"], "code": code}
    done = await browser.send("POST", "/api/auth/verify-2fa", json=body)

    assert "refresh_token" not in done.body
    assert (await ask(browser, "refresh", kept(done))).status == 200


@pytest.mark.parametrize("path", ["refresh", "logout"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no proof at all, as from a form"),
        pytest.param({"Origin": OURS}, id="no header that a form cannot send"),
        pytest.param({"X-Requested-With": "fetch"}, id="no origin"),
        pytest.param({**PROOF, "Origin": "https://evil.example"}, id="another origin"),
        pytest.param({**PROOF, "Origin": "null"}, id="an origin that hides"),
        pytest.param({**PROOF, "Origin": OURS + ".evil.example"}, id="an origin like ours"),
        pytest.param({**PROOF, "Origin": "http://["}, id="an origin that nobody can read"),
        pytest.param({**PROOF, "X-Requested-With": "XMLHttpRequest"}, id="another header"),
    ],
)
async def test_another_site_can_do_nothing_by_it(
    browser: Browser, person: Person, path: str, headers: dict[str, Any]
) -> None:
    """403 `csrf_failed`, and the session and its token are as they were."""
    signed_in = await sign_in(browser, person)
    refused = await ask(browser, path, kept(signed_in), headers)

    assert (refused.status, refused.code) == (403, "csrf_failed")
    assert "Set-Cookie" not in refused.headers
    assert (await browser.me(signed_in.body["access_token"])).status == 200
    assert (await ask(browser, "refresh", kept(signed_in))).status == 200


async def test_a_script_without_a_cookie(browser: Browser, person: Person) -> None:
    """In cookie mode that is somebody who is not signed in; in token mode a field is missing."""
    reply = await browser.send("POST", "/api/auth/refresh", headers=PROOF)
    assert (reply.status, reply.code) == (401, "refresh_token_invalid")
    assert (await browser.send("POST", "/api/auth/refresh", json={})).code == "validation_failed"
    assert (await browser.send("POST", "/api/auth/logout", headers=PROOF)).code == "token_missing"
    tokens = await browser.login(person)  # token mode goes on as ever, whatever cookies there are
    headers = {"Cookie": f"{NAME}=nonsense"}
    reply = await browser.refresh(tokens["refresh_token"], headers=headers)
    assert (reply.status, "Set-Cookie" in reply.headers) == (200, False)
    logout = await browser.send(
        "POST", "/api/auth/logout", token=reply.body["access_token"], headers=headers
    )
    assert logout.status == 204


async def test_signing_out_elsewhere_keeps_this_one(browser: Browser, person: Person) -> None:
    """`others` ends the other sessions; this one's cookie stays."""
    here, there = await sign_in(browser, person), await browser.login(person)
    out = await ask(browser, "logout", kept(here), scope="others")

    assert (out.status, "Set-Cookie" in out.headers) == (204, False)
    assert (await browser.me(there["access_token"])).code == "token_revoked"
    assert (await ask(browser, "refresh", kept(here))).status == 200


@pytest.mark.parametrize("proof", ["cookie", "body"])
async def test_whoever_signs_out_is_out(
    browser: Browser, make_person: MakePerson, proof: str
) -> None:
    """204: the access token is refused, whoever's refresh token came with it; that one is out too."""
    one, other = await make_person(), await make_person()
    access = (await browser.login(one))["access_token"]
    if proof == "cookie":  # somebody else has signed in in another tab since
        later = await sign_in(browser, other)
        headers, body = {**PROOF, "Cookie": f"{NAME}={kept(later).value}"}, {}
        others = later.body["access_token"]
    else:
        tokens = await browser.login(other)
        headers, body = {}, {"refresh_token": tokens["refresh_token"]}
        others = tokens["access_token"]
    out = await browser.send("POST", "/api/auth/logout", token=access, headers=headers, json=body)

    assert out.status == 204
    assert (await browser.me(access)).code == "token_revoked"
    assert (await browser.me(others)).code == "token_revoked"


async def test_others_are_all_but_the_cookies(browser: Browser, person: Person) -> None:
    """After a second sign-in the cookie's session is the browser's, whatever tokens a tab still has."""
    before = (await browser.login(person))["access_token"]
    here = await sign_in(browser, person)
    headers = {**PROOF, "Cookie": f"{NAME}={kept(here).value}"}
    body = {"scope": "others"}
    out = await browser.send("POST", "/api/auth/logout", token=before, headers=headers, json=body)

    assert out.status == 204
    assert (await browser.me(before)).code == "token_revoked"
    assert (await ask(browser, "refresh", kept(here))).status == 200


@pytest.mark.parametrize("scope", ["others", "global"])
async def test_an_ended_session_ends_no_others(
    browser: Browser, person: Person, scope: str
) -> None:
    """No 204 for what was not done: 401, unless an access token beside a dead cookie has a say."""
    ended, lives, there = [await browser.login(person) for _ in range(3)]
    await browser.logout(ended["access_token"])
    body = {"refresh_token": ended["refresh_token"], "scope": scope}
    assert (await browser.send("POST", "/api/auth/logout", json=body)).status == 401
    assert (await browser.me(there["access_token"])).status == 200

    headers = {**PROOF, "Cookie": f"{NAME}={ended['refresh_token']}"}
    given = {"token": lives["access_token"], "headers": headers, "json": {"scope": scope}}
    assert (await browser.send("POST", "/api/auth/logout", **given)).status == 204
    assert (await browser.me(there["access_token"])).code == "token_revoked"


async def test_a_cookie_that_is_none_keeps_nobody_in(browser: Browser, person: Person) -> None:
    """Signing out by a good access token works beside a cookie of an old key, and drops it."""
    access = (await browser.login(person))["access_token"]
    headers = {**PROOF, "Cookie": f"{NAME}=nonsense"}
    out = await browser.send("POST", "/api/auth/logout", token=access, headers=headers)

    assert (out.status, kept(out).value) == (204, "")
    assert (await browser.me(access)).code == "token_revoked"


async def test_over_https_the_name_is_guarded(
    share: Share, make_settings: MakeSettings, person: Person
) -> None:
    """`__Secure-`: no host without TLS can plant it. The service's own and allowed origins may ask."""
    settings = make_settings(
        public_url="https://auth.lender.example", cors_origins=("https://pay.lender.example",)
    )
    browser = share(settings)
    line = (await sign_in(browser, person)).headers["Set-Cookie"]
    name, _, value = line.partition(";")[0].partition("=")
    assert name == f"__Secure-{NAME}"

    for origin in ("https://auth.lender.example", "https://pay.lender.example"):
        headers = {**PROOF, "Origin": origin, "Cookie": f"{name}={value}"}
        reply = await browser.send("POST", "/api/auth/refresh", headers=headers)
        assert reply.status == 200
        value = reply.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
