"""For platforms, operators and other services."""

from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from service.domain.errors import (
    NotFoundError,
    ServiceUnavailableError,
    TokenInvalidError,
    TokenMissingError,
)
from service.domain.key_ring import JWKS_CACHED
from service.web.callers import find_bearer
from service.web.keys import CHECK_HEALTH, METRICS, METRICS_TOKEN, TOKENS
from service.web.problems import CATALOGUE
from service.web.ready import NO_STORE
from service.web.replies import cached_reply, json_reply
from service.web.worker_metrics import WorkerMetrics

CACHED = f"public, max-age={JWKS_CACHED // timedelta(seconds=1)}"


async def get_health(request: web.Request) -> web.Response:
    health = await request.app[CHECK_HEALTH]()
    return json_reply(health, status=503 if health["status"] == "down" else 200)


async def get_live(_: web.Request) -> web.Response:
    return json_reply({"status": "ok"})


async def get_ready(request: web.Request) -> web.Response:
    if not await request.app[CHECK_HEALTH].ready():
        raise ServiceUnavailableError
    return json_reply({"status": "ok"})


async def get_metrics(request: web.Request) -> web.Response:
    wanted = request.app[METRICS_TOKEN]
    if wanted is not None:
        given = find_bearer(request)
        if given is None:
            raise TokenMissingError
        if not compare_digest(given.encode(), wanted.encode()):
            raise TokenInvalidError
    workers = await request.app[CHECK_HEALTH].workers()
    return web.Response(
        body=request.app[METRICS].render(*([WorkerMetrics(*workers)] if workers else [])),
        headers={**NO_STORE, "Content-Type": CONTENT_TYPE_LATEST},
    )


async def get_jwks(request: web.Request) -> web.Response:
    """Whoever has these keys already, by their ETag, is told no more than that."""
    tokens = request.app[TOKENS]
    tag = sha256(" ".join(key.kid for key in tokens.keys).encode()).hexdigest()[:32]
    known = any(etag.value == tag for etag in request.if_none_match or ())
    reply = (
        web.Response(status=304, headers={"Cache-Control": CACHED})
        if known
        else cached_reply(tokens.jwks(), caching=CACHED)
    )
    reply.etag = tag
    return reply


async def get_problem(request: web.Request) -> web.Response:
    described = CATALOGUE.get(request.match_info["code"])
    if described is None:
        raise NotFoundError
    return cached_reply(described, caching=CACHED)
