"""What every request gets: an id, an answer whatever happens, headers, and a line in the log."""

import asyncio
from random import getrandbits
from time import perf_counter

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from service.domain import errors as e
from service.domain.neighbourhoods import neighbourhood_of
from service.web.keys import VISIT, Visit
from service.web.limits import show_limits
from service.web.metrics import Metrics
from service.web.oauth_errors import oauth_error, oauth_mistake, speaks_oauth
from service.web.origins import read_origin
from service.web.problems import internal_error, problem
from service.web.ready import SECURITY_HEADERS, ReadyReply
from service.web.sharing import Sharing

READING = frozenset({"GET", "HEAD"})
QUIET = frozenset({"/api/auth/refresh", "/oauth/token", "/oauth/introspect"})
"""Mutations so frequent that a line each would cost more than they do; the audit has them all."""

log = structlog.get_logger("service.web")


def answer_always(*, proxies: int, metrics: Metrics, sharing: Sharing | None = None) -> Middleware:
    """The outermost middleware; `proxies` is how many hops of X-Forwarded-For to believe."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = perf_counter()
        origin = read_origin(request, proxies=proxies, new_id=_new_id)
        visit = request[VISIT] = Visit(origin, sharing)
        response = sharing.preflight(request) if sharing is not None else None
        if response is None:
            response = await _respond(request, handler, request_id=origin.request_id)
        if not response.prepared:  # a stream dresses itself
            dress(request, response)
        seconds = perf_counter() - started
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "unmatched"
        metrics.note(request.method, route, response.status, seconds)
        if response.status >= 400 or (request.method not in READING and route not in QUIET):
            _log(request, response, visit, seconds)
        return response

    return middleware


def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that what is known of the request asks for; before the head is sent."""
    visit = request[VISIT]
    stamp(response, request_id=visit.origin.request_id)
    show_limits(visit, response)
    if visit.degraded:
        response.headers["Auth-Degraded"] = "redis"
    if visit.set_cookie:
        response.headers["Set-Cookie"] = visit.set_cookie
    for cookie in visit.device_cookies:
        response.headers.add("Set-Cookie", cookie)
    if visit.sharing is not None:
        visit.sharing.mark(request, response)


def stamp(response: web.StreamResponse, *, request_id: str) -> None:
    """Add what every response carries."""
    if type(response) is not ReadyReply:  # it has them
        response.headers.update(SECURITY_HEADERS)
    response.headers["X-Request-ID"] = request_id


async def _respond(
    request: web.Request, handler: Handler, *, request_id: str
) -> web.StreamResponse:
    try:
        return await handler(request)
    except e.AuthError as refusal:
        return _refused(request, refusal, request_id)
    except web.HTTPMethodNotAllowed as error:
        wrong_method = e.MethodNotAllowedError(sorted(error.allowed_methods))
        return _refused(request, wrong_method, request_id)
    except web.HTTPNotFound:
        return _refused(request, e.NotFoundError(), request_id)
    except asyncio.CancelledError:
        raise
    except Exception:  # the only place: a mistake of ours becomes a line that leads to it
        log.exception("request.failed", request_id=request_id, path=request.path)
        if speaks_oauth(request.path):
            return oauth_mistake()
        return internal_error(request_id=request_id)


def _refused(request: web.Request, refusal: e.AuthError, request_id: str) -> web.Response:
    if speaks_oauth(request.path):
        return oauth_error(refusal)
    return problem(refusal, request_id=request_id)


def _new_id() -> str:
    return f"{getrandbits(128):032x}"  # it names a request; nobody is kept from guessing it


def _log(request: web.Request, response: web.StreamResponse, visit: Visit, seconds: float) -> None:
    """One line for what changed something or was refused; reading and refreshing is only counted."""
    known = {"user_id": visit.user_id, "session_id": visit.session_id} if visit.user_id else {}
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status,
        ms=round(seconds * 1000, 1),
        request_id=visit.origin.request_id,
        network=neighbourhood_of(visit.origin.ip),
        **known,
    )
