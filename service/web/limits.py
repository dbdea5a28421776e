"""Rate limits at the door: what a request is counted by, and what its answer says of it.

A route is limited in one of three ways (`Limited`). Limits never cost more than one round trip
before the handler's own, and on hot routes none: there the question travels with the handler's own
script, and its answer is heard when the work is done. Whoever Redis refused is refused from memory
from then on, before anything is done.
"""

import time
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from functools import lru_cache

from aiohttp import web

from service.domain.errors import AuthError, RateLimitedError
from service.domain.rate_limits import LimitPolicy, Standing
from service.operations.limiter import Check
from service.web.callers import find_bearer
from service.web.keys import LIMITER, TOKENS, VISIT, Visit

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Limited(Enum):
    """When a route's requests are counted.

    BEFORE its handler; ALONGSIDE of it, for hot routes whose work does no harm when it is refused
    afterwards; WITHIN it, when only the handler learns what to count by: it calls `admit`.
    """

    BEFORE = auto()
    ALONGSIDE = auto()
    WITHIN = auto()


def limited(handler: Handler, *, route: str, bearer: bool, when: Limited) -> Handler:
    """A handler behind the limits of its route, given as its method and path."""
    if when is Limited.WITHIN:
        return handler

    async def before(request: web.Request) -> web.StreamResponse:
        if request.app[LIMITER].policies(route):
            await admit(request, route=route, **(_caller(request) if bearer else {}))
        return await handler(request)

    async def alongside(request: web.Request) -> web.StreamResponse:
        if not request.app[LIMITER].policies(route):
            return await handler(request)
        async with Admitting(request, route=route, **(_caller(request) if bearer else {})):
            return await handler(request)

    return before if when is Limited.BEFORE else alongside


async def admit(request: web.Request, *, route: str = "", **known: str) -> None:
    """Count a request by all that is known of it: account, session. Raises RateLimitedError.

    A handler that learns more later calls it again: a policy counts once, when its key is known.
    """
    check = _begin(request, route, **known)
    if check is not None:
        await _settle(request, check)


class Admitting:
    """Counts a request while a block does its work. Raises RateLimitedError at either end."""

    __slots__ = ("_check", "_request")

    def __init__(self, request: web.Request, *, route: str = "", **known: str) -> None:
        self._request = request
        self._check = _begin(request, route, **known)

    async def __aenter__(self) -> None:
        if self._check is not None and self._check.refused:
            await _settle(self._request, self._check)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._check is not None and (kind is None or issubclass(kind, AuthError)):
            await _settle(self._request, self._check)


def show_limits(visit: Visit, response: web.StreamResponse) -> None:
    """Tell a client where it stands: RateLimit and RateLimit-Policy.

    The form is draft-ietf-httpapi-ratelimit-headers, structured fields, since its version 08.
    """
    if visit.standings:
        response.headers["RateLimit"] = ", ".join([_standing(s) for s in visit.standings])
        response.headers["RateLimit-Policy"] = ", ".join(
            [_policy(s.policy) for s in visit.standings]
        )


def _begin(
    request: web.Request, route: str, account: str = "", session: str = "", user_id: str = ""
) -> Check | None:
    limiter, visit = request.app[LIMITER], request[VISIT]
    policies = limiter.policies(route or _route_of(request))
    if not policies:
        return None
    origin, before = visit.origin, visit.limit_ids
    ids = {**before, **limiter.ids(ip=origin.ip, account=account, session=session)}
    visit.limit_ids = ids
    due = [p for p in policies if ids.keys() >= p.kinds and not before.keys() >= p.kinds]
    return limiter.begin(due, ids, origin, user_id=user_id) if due else None


async def _settle(request: web.Request, check: Check) -> None:
    verdict = await check.settle()
    visit = request[VISIT]
    visit.standings = (*visit.standings, *verdict.standings)
    if verdict.retry_after is not None:
        raise RateLimitedError(verdict.retry_after)


def _caller(request: web.Request) -> dict[str, str]:
    """The session and user of a valid access token; the handler refuses any other by itself."""
    token = find_bearer(request)
    if not token:
        return {}
    try:
        claims = request.app[TOKENS].verify(token, now=time.time())
    except AuthError:
        return {}
    return {"session": claims.session_id, "account": claims.user_id, "user_id": claims.user_id}


def _route_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource else request.path}"


def _standing(standing: Standing) -> str:
    return f'"{standing.policy.name}";r={standing.remaining};t={_seconds(standing.reset_ms)}'


@lru_cache(maxsize=256)
def _policy(policy: LimitPolicy) -> str:
    return f'"{policy.name}";q={policy.limit};w={_seconds(policy.window_ms)}'


def _seconds(ms: int) -> int:
    """Rounded up: who waits so long has waited long enough."""
    return max(-(-ms // 1000), 1)
