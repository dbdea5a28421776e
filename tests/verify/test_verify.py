"""service.verify: what another service in Python relies on."""

import asyncio
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pytest_aiohttp import AiohttpClient, AiohttpServer

from service.domain.access_token import AccessTokens, Claims
from service.domain.errors import (
    ServiceUnavailableError,
    TokenExpiredError,
    TokenInvalidError,
    TokenRevokedError,
)
from service.domain.signing_key import ALGORITHMS, SigningKey
from service.verify import (
    ASK_AGAIN_SECONDS,
    CLAIMS,
    LONGEST_STALE,
    Introspection,
    Verifier,
    bearer,
    needs,
)
from tests.support.waiting import PATIENCE

ISSUER = "https://auth.example"
NOW = int(time.time())
KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in ALGORITHMS}
KEY, OTHER = KEYS["ES256"], SigningKey.generate("ES256")
ALONE = """
import sys

class Closed:
    def find_spec(self, name, path=None, target=None):
        top, _, rest = name.partition(".")
        allowed = name in {"service", "service.verify", "service.domain"}
        if top in {"config", "workers"} or (
            top == "service" and not allowed and not name.startswith("service.domain.")
        ):
            raise ImportError(name)

sys.meta_path.insert(0, Closed())
import service.verify
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def claims(**changes: Any) -> Claims:
    told = {
        "user_id": "7d0c7a4e-0000-4000-8000-000000000000",
        "session_id": "Cb2VM8NlGNVTgN722j-6X-Y",
        "generation": 1,
        "auth_time": NOW,
        "expires": NOW + 900,
        "amr": ("pwd",),
        "roles": ("analyst",),
    }
    return Claims(**{**told, **changes})


def token(
    key: SigningKey = KEY, *, issuer: str = ISSUER, audience: str = "inphora", **changes: Any
) -> str:
    tokens = AccessTokens(
        keys=[key], issuer=issuer, audience=audience, ttl=timedelta(minutes=15), randomness=bytes
    )
    return tokens.sign(claims(**changes), issued=NOW)


class Issuer:
    """The auth service as others see it: keys, and introspection; it may be away."""

    server: TestServer

    def __init__(self) -> None:
        self.keys, self.asked, self.introspected = [KEY], 0, 0
        self.away, self.active, self.unchanged = False, True, 0

    async def get_jwks(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.away:
            return web.Response(status=503)
        headers = {"Cache-Control": "public, max-age=300", "ETag": '"' + self.keys[0].kid + '"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            self.unchanged += 1
            return web.Response(status=304, headers=headers)
        return web.json_response({"keys": [k.public_jwk for k in self.keys]}, headers=headers)

    async def post_introspect(self, request: web.Request) -> web.Response:
        self.introspected += 1
        if self.away:
            return web.Response(status=503)
        assert b64decode(request.headers["Authorization"][6:]) == b"me:" + b"s" * 32
        assert (await request.post())["token"]
        said = {"active": True, "sub": claims().user_id} if self.active else {"active": False}
        return web.json_response(said)


class Clock:
    """A clock of seconds that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def issuer(aiohttp_server: AiohttpServer) -> Issuer:
    issuer, app = Issuer(), web.Application()
    app.router.add_get("/jwks", issuer.get_jwks)
    app.router.add_post("/introspect", issuer.post_introspect)
    issuer.server = await aiohttp_server(app)
    return issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def verifier(issuer: Issuer, clock: Clock) -> AsyncIterator[Verifier]:
    async with aiohttp.ClientSession() as session:
        made = Verifier(ISSUER, "inphora", session, jwks_url=str(issuer.server.make_url("/jwks")))
        made.keys.clock = clock
        yield made


def introspecting(issuer: Issuer, **given: Any) -> Introspection:
    url = str(issuer.server.make_url("/introspect"))
    return Introspection(url, "me", "s" * 32, clock=given.pop("clock", Clock()), **given)


def test_it_needs_nothing_of_the_rest() -> None:
    """With all of the package but service.domain out of reach, and no library but its two."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=True, timeout=PATIENCE
    )

    loaded = set(done.stdout.split())
    assert {"aiohttp", "jwt"} <= loaded
    assert not {"redis", "sqlalchemy", "pydantic", "structlog", "arq", "asyncpg"} & loaded


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_each_algorithm(issuer: Issuer, verifier: Verifier, algorithm: str) -> None:
    """By the key's own, whatever the token says."""
    issuer.keys = [KEYS[algorithm]]

    assert await verifier.verify(token(KEYS[algorithm])) == claims()


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: token(OTHER), id="another key"),
        pytest.param(lambda: token(issuer=ISSUER + "/"), id="iss not to the character"),
        pytest.param(lambda: token(audience="another"), id="another aud"),
        pytest.param(lambda: token()[:-2], id="cut"),
        pytest.param(lambda: token() + "=", id="padded"),
        pytest.param(lambda: "rt_" + "A" * 52, id="a refresh token"),
        pytest.param(lambda: "", id="nothing"),
    ],
)
async def test_what_the_service_would_refuse_is_refused(
    verifier: Verifier, made: Callable[..., Any]
) -> None:
    """RFC 9068 §4, RFC 8725: the same code decides; its cases are in test_access_token.py."""
    with pytest.raises(TokenInvalidError):
        await verifier.verify(made())


async def test_expiry_is_exact(verifier: Verifier) -> None:
    """ASVS 9.2.1: at `exp` it is over."""
    text = token(expires=NOW + 10)
    verifier.now = lambda: NOW + 9
    assert (await verifier.verify(text)).expires == NOW + 10

    verifier.now = lambda: NOW + 10
    with pytest.raises(TokenExpiredError):
        await verifier.verify(text)


async def test_keys_are_asked_for_once_by_many(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    """Single flight; kept for max-age; then asked again by ETag."""
    await asyncio.gather(*[verifier.verify(token()) for _ in range(20)])
    assert issuer.asked == 1

    clock.seconds += 301
    await verifier.verify(token())
    assert (issuer.asked, issuer.unchanged) == (2, 1)


async def test_a_key_that_was_taken_back_counts_no_longer_than_max_age(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    """A leaked one: also for a service that nobody has asked anything of for hours."""
    await verifier.verify(token())
    issuer.keys = [OTHER]
    clock.seconds += 301
    with pytest.raises(TokenInvalidError):
        await verifier.verify(token())


async def test_an_unknown_key_is_asked_for_at_most_every_30_seconds(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    """A key that was rotated in at once is found; a flood of made-up names is not passed on."""
    await verifier.verify(token())
    issuer.keys = [OTHER, KEY]
    for _ in range(5):
        with pytest.raises(TokenInvalidError):
            await verifier.verify(token(OTHER))
    assert issuer.asked == 1, "it asked a moment ago"

    clock.seconds += ASK_AGAIN_SECONDS
    assert await verifier.verify(token(OTHER)) == claims()
    for _ in range(5):
        with pytest.raises(TokenInvalidError):
            await verifier.verify(token(SigningKey.generate("ES256")))
    assert issuer.asked == 2


async def test_it_survives_that_the_keys_are_away(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    """For a day by what it has; without any, nobody is told that their token is bad."""
    issuer.away = True
    with pytest.raises(ServiceUnavailableError):
        await verifier.verify(token())
    issuer.away = False
    clock.seconds += 2
    assert await verifier.verify(token())

    issuer.away = True
    clock.seconds += LONGEST_STALE - 10
    assert await verifier.verify(token())
    assert verifier.keys._asking is not None
    await verifier.keys._asking
    clock.seconds += 20
    with pytest.raises(ServiceUnavailableError):
        await verifier.verify(token())


async def test_an_ended_session_is_refused_within_the_seconds_of_the_cache(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    """RFC 7662: one question for a token at a time, and its answer kept a moment."""
    verifier.introspection = introspecting(issuer, seconds=5, clock=clock)
    text = token()
    for _ in range(5):
        await verifier.verify(text)
    assert issuer.introspected == 1

    issuer.active = False
    await verifier.verify(text)
    clock.seconds += 5
    with pytest.raises(TokenRevokedError):
        await verifier.verify(text)


@pytest.mark.parametrize("open_when_away", [False, True])
async def test_introspection_away(issuer: Issuer, verifier: Verifier, open_when_away: bool) -> None:
    """Refused with 503, or open, as its owner chose; never a 401."""
    verifier.introspection = introspecting(issuer, open_when_away=open_when_away)
    await verifier.keys.find(KEY.kid)
    issuer.away = True

    if open_when_away:
        assert await verifier.verify(token()) == claims()
    else:
        with pytest.raises(ServiceUnavailableError):
            await verifier.verify(token())


@pytest.fixture
async def product(
    verifier: Verifier, aiohttp_client: AiohttpClient
) -> TestClient[web.Request, web.Application]:
    """A service of somebody else, behind the middleware."""

    async def get(request: web.Request) -> web.Response:
        return web.json_response({"sub": request[CLAIMS].user_id})

    async def ping(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[bearer(verifier, open_paths={"/ping"})])
    app.router.add_get("/ping", ping)
    app.router.add_get("/", get)
    app.router.add_get("/analysts", needs(roles=["analyst", "admin"])(get))
    app.router.add_get("/auditors", needs(roles=["auditor"])(get))
    app.router.add_get("/strong", needs(amr=["mfa"])(get))
    app.router.add_get("/fresh", needs(max_age=60)(get))
    return await aiohttp_client(app)


@pytest.mark.parametrize(
    ("path", "made", "status", "challenge"),
    [
        ("/", token, 200, ""),
        ("/analysts", token, 200, ""),
        ("/auditors", token, 403, 'error="insufficient_scope"'),
        ("/strong", token, 401, 'error="insufficient_user_authentication"'),
        ("/strong", lambda: token(amr=("pwd", "otp", "mfa")), 200, ""),
        ("/fresh", lambda: token(auth_time=int(time.time())), 200, ""),
        ("/fresh", lambda: token(auth_time=NOW - 100), 401, 'max_age="60"'),
        ("/", lambda: token(expires=NOW - 1), 401, 'error="invalid_token"'),
        ("/", lambda: token(OTHER), 401, 'error="invalid_token"'),
        ("/", lambda: "", 401, "Bearer"),
    ],
)
async def test_the_middleware_answers_by_rfc_6750(
    product: TestClient[web.Request, web.Application],
    path: str,
    made: Callable[..., Any],
    status: int,
    challenge: str,
) -> None:
    """And RFC 9470 where a stronger or fresher sign-in would help."""
    reply = await product.get(path, headers={"Authorization": f"Bearer {made()}"})

    assert reply.status == status
    assert challenge in reply.headers.get("WWW-Authenticate", "")


async def test_the_middleware_without_a_token(
    product: TestClient[web.Request, web.Application], issuer: Issuer
) -> None:
    """RFC 6750 §3.1: no error code where there was no token; two headers are a bad request."""
    none = await product.get("/")
    assert (none.status, none.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (await product.get("/?access_token=" + token())).status == 401
    assert (await product.get("/ping")).status == 200
    two = await product.get("/", headers=[("Authorization", "Bearer a"), ("Authorization", "b")])
    assert two.status == 400
    issuer.away = True
    away = await product.get("/", headers={"Authorization": f"Bearer {token()}"})
    assert (away.status, away.headers["Retry-After"]) == (503, "1")
