"""What others verify with, by the words of docs/verify.md: npm's jose, nginx, service.verify."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpServer

from service.app import build_app
from service.domain.errors import TokenRevokedError
from service.embedded import EmbeddedServer
from service.verify import Introspection, Verifier
from service.web.server import Runner
from tests.conftest import MakeSettings
from tests.support.forked import ROOT
from tests.support.people import Browser, Person
from tests.support.processes import free_port
from tests.support.waiting import PATIENCE

FRONTEND = ROOT / "frontend"
SECRET = "s" * 32
GUIDE = (ROOT / "docs" / "verify.md").read_text()


def want(there: bool, otherwise: str) -> None:
    """Skip where something is not installed; in CI everything is."""
    if not there:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(otherwise)


@pytest.fixture
async def published(make_settings: MakeSettings) -> AsyncIterator[SimpleNamespace]:
    """The service at its PUBLIC_URL, and a client of it."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = make_settings(introspection_clients=f"a-service:{SECRET}", public_url=base)
    runner = Runner(build_app(settings))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with aiohttp.ClientSession() as http:
        yield SimpleNamespace(base=base, browser=Browser(http, base), http=http)
    await runner.cleanup()


async def test_service_verify_against_the_service(
    published: SimpleNamespace, person: Person
) -> None:
    """By its keys alone a token counts until it expires; by introspection until the sign-out."""
    tokens = await published.browser.login(person)
    verifier = Verifier(published.base, "inphora", published.http)
    asking = Introspection(f"{published.base}/oauth/introspect", "a-service", SECRET, seconds=0)
    strict = Verifier(published.base, "inphora", published.http, introspection=asking)
    assert (await verifier.verify(tokens["access_token"])).user_id == person.id
    assert (await strict.verify(tokens["access_token"])).session_id == tokens["session_id"]

    await published.browser.logout(tokens["access_token"])
    assert await verifier.verify(tokens["access_token"])
    with pytest.raises(TokenRevokedError):
        await strict.verify(tokens["access_token"])


async def test_npm_jose_verifies(published: SimpleNamespace, person: Person) -> None:
    """The recipe of docs/verify.md: a token of ours, and what is none."""
    want((FRONTEND / "node_modules" / "jose").is_dir(), "npm's jose is not there: scripts/setup")
    token = (await published.browser.login(person))["access_token"]
    head, payload, signature = token.split(".")
    forged = f"{head}.{payload}.{'A' * len(signature)}"
    command = ["node", Path(__file__).with_name("verify.mjs"), published.base, "inphora"]

    done = await asyncio.to_thread(
        subprocess.run,
        [*command, token, forged],
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"sub": person.id},
        {"refused": "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"},
    ]


def recipe(auth: str, product: str) -> str:
    """The server block of docs/verify.md, for these two addresses."""
    block = GUIDE.split("```nginx\n", 1)[1].split("```", 1)[0]
    return block.replace("http://127.0.0.1:8000", auth).replace("http://127.0.0.1:9000", product)


async def test_nginx_auth_request(
    published: SimpleNamespace,
    person: Person,
    nginx: Callable[[str], EmbeddedServer],
    aiohttp_server: AiohttpServer,
) -> None:
    """GET /api/auth/me says 200 or 401, the challenge reaches the client, and so does an end."""

    async def get(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path, "auth": request.headers["Authorization"]})

    app = web.Application()
    app.router.add_get("/{path:.*}", get)
    product = await aiohttp_server(app)
    block = recipe(published.base, str(product.make_url("")).rstrip("/"))
    server = await asyncio.to_thread(nginx, block)
    edge = Browser(published.http, server.url)
    assert (await edge.send("GET", "/")).status == 401
    tokens = await published.browser.login(person)
    passed = await edge.send("GET", "/loans", token=tokens["access_token"])
    assert (passed.status, passed.body["path"]) == (200, "/loans")
    await published.browser.logout(tokens["access_token"])
    ended = await edge.send("GET", "/loans", token=tokens["access_token"])
    assert (ended.status, ended.headers["WWW-Authenticate"]) == (
        401,
        'Bearer error="invalid_token"',
    )
