"""For other services in Python: verify the access tokens of this one (docs/verify.md).

Needs aiohttp and PyJWT, and of this package only `service.domain`, which is pure; a test imports it
with everything else out of reach. The rules are those by which the service reads its own tokens.
"""

import asyncio
import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from service.domain.access_token import Claims, named_by, read_token
from service.domain.errors import (
    AuthError,
    ServiceUnavailableError,
    TokenExpiredError,
    TokenInvalidError,
    TokenRevokedError,
)
from service.domain.signing_key import VerifyingKey

__all__ = [
    "CLAIMS",
    "Claims",
    "Introspection",
    "Verifier",
    "bearer",
    "needs",
]

TIMEOUT = aiohttp.ClientTimeout(total=5)
MAX_ANSWER = 64 * 1024
MAX_AGE = re.compile(r"\bmax-age=(\d{1,9})\b")
DEFAULT_AGE, LONGEST_AGE = 300.0, 3600.0
ASK_AGAIN_SECONDS = 30.0
"""The least time between two questions for keys: unknown names and failures come in floods."""
FIRST_AGAIN_SECONDS = 1.0
"""The same while there are no keys at all."""
PATIENCE = 1.0
"""Seconds that a token waits for keys to be read anew, where those at hand are too old."""
LONGEST_STALE = 86_400.0
"""How long keys are used after they could last be read."""
REMEMBERED = 10_000

AWAY = (aiohttp.ClientError, TimeoutError, ValueError, OSError, RecursionError)
"""No answer, or none that makes sense."""

CLAIMS = web.RequestKey("claims", Claims)
"""Where a request has what its token says."""


@dataclass(slots=True)
class Keys:
    """A JWKS, kept as long as its answer allows; asked by one at a time, others wait or go on."""

    url: str
    session: aiohttp.ClientSession
    clock: Callable[[], float] = time.monotonic
    _keys: Mapping[str, VerifyingKey] = field(default_factory=dict)
    _etag: str = ""
    _read_at: float = 0.0
    _fresh_until: float = 0.0
    _asked_at: float = -ASK_AGAIN_SECONDS
    _asking: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> VerifyingKey:
        """The key of that name. Raises TokenInvalidError, ServiceUnavailableError."""
        now = self.clock()
        old = now >= self._fresh_until
        if (old or kid not in self._keys) and (asking := self._ask(now)) is not None:
            # A key that was taken back is not to count because nobody has asked for hours.
            await asyncio.wait({asking}, timeout=PATIENCE if kid in self._keys else None)
        if not self._keys or self.clock() - self._read_at > LONGEST_STALE:
            raise ServiceUnavailableError
        if kid not in self._keys:
            raise TokenInvalidError
        return self._keys[kid]

    def _ask(self, now: float) -> asyncio.Task[None] | None:
        """The question under way, or a new one, or None when the last was a moment ago."""
        if self._asking is None or self._asking.done():
            if now - self._asked_at < (ASK_AGAIN_SECONDS if self._keys else FIRST_AGAIN_SECONDS):
                return None
            self._asked_at = now
            self._asking = asyncio.create_task(self._fetch())
        return self._asking

    async def _fetch(self) -> None:
        """Keeps what it has when there is no answer, or none that is a JWKS."""
        headers = {"If-None-Match": self._etag} if self._etag else {}
        try:
            async with self.session.get(
                self.url, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as reply:
                if reply.status == 200:
                    self._keys = _read_keys(await _read_json(reply)) or self._keys
                    self._etag = reply.headers.get("ETag", "")
                elif reply.status != 304:
                    return
                age = MAX_AGE.search(reply.headers.get("Cache-Control", ""))
        except AWAY:
            return
        self._read_at = self.clock()
        self._fresh_until = self._read_at + min(float(age[1]) if age else DEFAULT_AGE, LONGEST_AGE)


@dataclass(slots=True)
class Introspection:
    """Asks whether a token's session lives (RFC 7662), at most every `seconds` for one token.

    `open_when_away`: without an answer a token counts for as long as its signature says; otherwise
    ServiceUnavailableError.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    seconds: float = 5.0
    open_when_away: bool = False
    clock: Callable[[], float] = time.monotonic
    _answers: dict[bytes, tuple[float, bool]] = field(default_factory=dict, repr=False)

    async def check(self, token: str, claims: Claims, session: aiohttp.ClientSession) -> None:
        """Raises TokenRevokedError, ServiceUnavailableError."""
        digest = sha256(token.encode()).digest()
        until, active = self._answers.get(digest, (0.0, False))
        if self.clock() >= until:
            try:
                active = await self._ask(token, claims, session)
            except AWAY as error:
                if self.open_when_away:
                    return
                raise ServiceUnavailableError from error
            if len(self._answers) >= REMEMBERED:
                self._answers.clear()
            self._answers[digest] = self.clock() + self.seconds, active
        if not active:
            raise TokenRevokedError

    def _client(self) -> str:
        """RFC 6749 §2.3.1: form-urlencoded, then Basic."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    async def _ask(self, token: str, claims: Claims, session: aiohttp.ClientSession) -> bool:
        async with session.post(
            self.url,
            data={"token": token, "token_type_hint": "access_token"},
            headers={"Authorization": self._client()},
            timeout=TIMEOUT,
            allow_redirects=False,
        ) as reply:
            if reply.status != 200:
                message = f"introspection answers {reply.status}"
                raise ValueError(message)
            said = await _read_json(reply)
        return said.get("active") is True and said.get("sub") == claims.user_id


@dataclass(slots=True)
class Verifier:
    """Verifies access tokens: by signature and time, and by introspection where one is given.

    `issuer` is PUBLIC_URL of the auth service, `audience` its JWT_AUDIENCE, to the character.
    """

    issuer: str
    audience: str
    session: aiohttp.ClientSession
    jwks_url: str = ""
    introspection: Introspection | None = None
    now: Callable[[], float] = time.time
    keys: Keys = field(init=False)

    def __post_init__(self) -> None:
        url = self.jwks_url or f"{self.issuer}/.well-known/jwks.json"
        self.keys = Keys(url, self.session)

    async def verify(self, token: str) -> Claims:
        """What a token says.

        Raises TokenInvalidError, TokenExpiredError, TokenRevokedError; ServiceUnavailableError when
        that can't be told: then the token may be good, and whoever sent it should keep it.
        """
        key = await self.keys.find(named_by(token)[0])
        now = self.now()
        claims = read_token(token, [key], issuer=self.issuer, audience=self.audience, now=now)
        if now >= claims.expires:
            raise TokenExpiredError
        if self.introspection is not None:
            await self.introspection.check(token, claims, self.session)
        return claims


def bearer(verifier: Verifier, *, open_paths: Collection[str] = ()) -> Middleware:
    """A middleware that lets only verified tokens pass, and sets request[CLAIMS] (RFC 6750)."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in open_paths:
            return await handler(request)
        given = request.headers.getall("Authorization", [])
        scheme, _, token = given[0].partition(" ") if given else ("", "", "")
        if len(given) > 1:
            return refusal(400, "invalid_request", "Send one Authorization header.")
        if scheme.lower() != "bearer" or not token.strip():
            return refusal(401, "", "Send Authorization: Bearer with an access token.")
        try:
            request[CLAIMS] = await verifier.verify(token.strip())
        except ServiceUnavailableError as away:
            headers = {"Retry-After": "1"}
            return web.json_response(
                {"error_description": away.detail}, status=503, headers=headers
            )
        except AuthError as error:
            return refusal(401, "invalid_token", f"{error.title}. {error.detail}")
        return await handler(request)

    return middleware


def needs(
    *,
    roles: Collection[str] = (),
    amr: Collection[str] = (),
    max_age: float | None = None,
    now: Callable[[], float] = time.time,
) -> Callable[[Handler], Handler]:
    """A handler, behind `bearer`, for some tokens only.

    `roles`: one of them (403); `amr`: all of them, as ("mfa",); `max_age`: at most so many seconds
    since the sign-in (both 401, by RFC 9470: signing in anew helps). Roles are those of when the
    token was made, up to ACCESS_TOKEN_TTL ago.
    """

    def wrapped(handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            claims: Claims = request[CLAIMS]
            if roles and not set(roles) & set(claims.roles):
                return refusal(403, "insufficient_scope", "It takes another role.")
            old = max_age is not None and now() - claims.auth_time > max_age
            if old or not set(amr) <= set(claims.amr):
                wanted = f', max_age="{max_age:g}"' if max_age is not None else ""
                return refusal(
                    401, "insufficient_user_authentication", "Sign in anew, or stronger.", wanted
                )
            return await handler(request)

        return checked

    return wrapped


def refusal(status: int, error: str, description: str, more: str = "") -> web.Response:
    """An answer by RFC 6750 §3; without `error` for a request that brings no token."""
    said = f' error="{error}", error_description="{description}"{more}' if error else ""
    body = {"error": error or "unauthorized", "error_description": description}
    headers = {"WWW-Authenticate": f"Bearer{said}", "Cache-Control": "no-store"}
    return web.json_response(body, status=status, headers=headers)


def _read_keys(jwks: Mapping[str, Any]) -> dict[str, VerifyingKey]:
    """What verifies our algorithms; the rest is left out. Raises ValueError for what is no JWKS."""
    found: dict[str, VerifyingKey] = {}
    given = jwks.get("keys")
    if not isinstance(given, list):
        message = "not a JWKS"
        raise ValueError(message)  # noqa: TRY004 - the answer is at fault, not a caller's type
    for jwk in given:
        try:
            key = VerifyingKey.from_jwk(jwk)
        except (ValueError, TypeError, AttributeError):
            continue
        if key.kid in found:
            message = "two keys of one name"
            raise ValueError(message)
        found[key.kid] = key
    return found


async def _read_json(reply: aiohttp.ClientResponse) -> Mapping[str, Any]:
    raw = await reply.content.read(MAX_ANSWER + 1)
    while len(raw) <= MAX_ANSWER and (more := await reply.content.read(MAX_ANSWER)):
        raw += more
    value = json.loads(raw) if len(raw) <= MAX_ANSWER else None
    if not isinstance(value, dict):
        message = "not a JSON object of a reasonable size"
        raise ValueError(message)  # noqa: TRY004 - the answer is at fault, not a caller's type
    return value
