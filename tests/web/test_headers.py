"""What every response carries beside its body."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from pytest_aiohttp import AiohttpClient

from service.web.metrics import Metrics
from service.web.middleware import answer_always
from service.web.pages import page_routes
from service.web.routes import ROUTES
from tests.conftest import MakePerson, MakeSettings, ServeForReal
from tests.support.people import TOTP_SECRET, Browser, Person, Reply
from tests.support.processes import free_port
from tests.web.wire import refusal

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Server": "inphora-auth",
}
PUBLIC = {
    "/.well-known/jwks.json": "public, max-age=300",
    "/api/auth/settings": "public, max-age=60",
    "/api/openapi.json": "no-cache",
}
"""What anybody may keep for a while, or must ask about again; all else is not to be stored."""


def seen(reply: Reply | ClientResponse) -> dict[str, Any]:
    """Its headers of those that are everywhere."""
    return {name: reply.headers.get(name) for name in EVERYWHERE}


@pytest.mark.parametrize("signed_in", [False, True], ids=["as nobody", "signed in"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[(route.method, route.path) for route in ROUTES],
        ("GET", "/api/openapi.json"),
        ("GET", "/problems/conflict"),
        ("GET", "/nothing"),
        ("PUT", "/api/auth/me"),
    ],
    ids=str,
)
async def test_every_response_carries_the_security_headers(
    browser: Browser, person: Person, method: str, path: str, signed_in: bool
) -> None:
    """Success or refusal; with an id, and without the name or version of what runs below."""
    token = (await browser.login(person))["access_token"] if signed_in else ""
    reply = await browser.send(method, path, token=token)

    assert seen(reply) == EVERYWHERE
    assert reply.headers["X-Request-ID"]
    assert not [v for v in reply.headers.values() if "aiohttp" in v or "Python" in v]


async def test_tokens_and_personal_data_are_not_stored(
    browser: Browser, make_person: MakePerson
) -> None:
    """`Cache-Control: no-store` on every answer of a life with this service (RFC 6749 §5.1)."""
    person = await make_person(totp_secret=TOTP_SECRET)
    body = {"email": person.email, "password": person.password}
    challenge = await browser.send("POST", "/api/auth/login", json=body)
    plain = await make_person()
    body = {"email": plain.email, "password": plain.password}
    login = await browser.send("POST", "/api/auth/login", json=body)
    refreshed = await browser.refresh(login.body["refresh_token"])
    token = refreshed.body["access_token"]
    replies = [
        challenge,
        login,
        refreshed,
        await browser.me(token),
        await browser.send("GET", "/api/auth/sessions", token=token),
        await browser.send("HEAD", "/api/auth/me", token=token),
        await browser.send("POST", "/api/auth/2fa/setup", token=token),
        await browser.logout(token),
        await browser.me(token),
        await browser.refresh("rt_x"),
    ]

    assert [reply.status for reply in replies] == [200] * 7 + [204, 401, 401]
    assert {reply.headers["Cache-Control"] for reply in replies} == {"no-store"}


@pytest.mark.parametrize("path", PUBLIC)
async def test_what_is_public_may_be_kept(browser: Browser, path: str) -> None:
    """Keys are asked for by every service: a cache may answer for us, for five minutes."""
    assert (await browser.send("GET", path)).headers["Cache-Control"] == PUBLIC[path]


async def test_health_is_never_kept(browser: Browser) -> None:
    """A probe sees this moment."""
    for path in ("/api/health", "/api/health/live", "/api/health/ready"):
        assert (await browser.send("GET", path)).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/auth/me", "/api/auth/sessions"])
async def test_an_access_token_s_failure_says_how_to_authenticate(
    browser: Browser, person: Person, path: str
) -> None:
    """401 with `WWW-Authenticate`, whether the token is missing, invalid or revoked (RFC 6750)."""
    token = (await browser.login(person))["access_token"]
    await browser.logout(token)
    missing, invalid, revoked = [
        await browser.send("GET", path, token=text) for text in ("", "x.y.z", token)
    ]

    assert [refusal(reply) for reply in (missing, invalid, revoked)] == [
        (401, "token_missing"),
        (401, "token_invalid"),
        (401, "token_revoked"),
    ]
    assert {reply.headers["WWW-Authenticate"] for reply in (missing, invalid, revoked)} == {
        'Bearer error="invalid_token"'
    }


async def test_other_failures_do_not_ask_for_an_access_token(
    browser: Browser, person: Person
) -> None:
    """A browser or client that saw the header would try to refresh in vain."""
    body = {"email": person.email, "password": "wrong"}
    wrong = await browser.send("POST", "/api/auth/login", json=body)
    garbled = await browser.refresh("rt_x")

    assert [refusal(wrong), refusal(garbled)] == [
        (401, "invalid_credentials"),
        (401, "refresh_token_invalid"),
    ]
    assert not [r for r in (wrong, garbled) if "WWW-Authenticate" in r.headers]


async def test_a_store_that_is_away_says_when_to_try_again(
    serve_for_real: ServeForReal, make_settings: MakeSettings, browser: Browser, person: Person
) -> None:
    """503 with `Retry-After`, never a 401: clients keep their tokens."""
    tokens = await browser.login(person)
    away = await serve_for_real(make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    cut_off = type(browser)(browser.http, f"http://{away.host}:{away.port}")
    body = {"email": person.email, "password": person.password}
    replies = [
        await cut_off.refresh(tokens["refresh_token"]),
        await cut_off.send("POST", "/api/auth/login", json=body),
        await cut_off.send("GET", "/api/health/ready"),
    ]

    assert [refusal(reply) for reply in replies] == [(503, "service_unavailable")] * 3
    assert all(int(reply.headers["Retry-After"]) >= 1 for reply in replies)
    assert (await browser.refresh(tokens["refresh_token"])).status == 200


async def test_pages_carry_a_policy_and_hashed_files_are_kept(
    tmp_path: Path, aiohttp_client: AiohttpClient
) -> None:
    """A page runs nothing but our own scripts and is asked for anew; its assets never change."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "index-4f1c.js").write_text("")
    app = web.Application(middlewares=[answer_always(proxies=0, metrics=Metrics())])
    app.add_routes(page_routes(tmp_path))
    client = await aiohttp_client(app)
    page, asset = await client.get("/"), await client.get("/assets/index-4f1c.js")
    deep = [await client.get(path) for path in ("/analytics", "/analytics/sessions?at=ended")]
    policy = page.headers["Content-Security-Policy"].split("; ")

    assert seen(page) == seen(asset) == EVERYWHERE
    assert {"default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert not [rule for rule in policy if "unsafe" in rule or "*" in rule]
    assert page.headers["Cache-Control"] == "no-cache"
    assert "immutable" in asset.headers["Cache-Control"]
    for other in deep:
        assert (other.status, await other.text()) == (200, "<!doctype html>")
        assert other.headers["Content-Security-Policy"] == page.headers["Content-Security-Policy"]
    assert (await client.get("/analytics/nonsense")).status == 404


async def test_without_a_built_frontend_there_are_no_pages(tmp_path: Path) -> None:
    """The service is whole without one."""
    assert page_routes(tmp_path) == []
