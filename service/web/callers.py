"""Who is asking: the bearer token of a request (RFC 6750 §2.1)."""

from collections.abc import Awaitable, Callable, Collection

from aiohttp import web

from service.domain.errors import ForbiddenError, TokenMissingError
from service.domain.users import Role
from service.operations.authenticate import Caller
from service.web.keys import AUTHENTICATE, VISIT

SCHEME = "bearer "
READING = frozenset({"GET", "HEAD"})
CALLER = web.RequestKey("caller", Caller)
"""Who is asking, on a route that wants a role."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def find_bearer(request: web.Request) -> str | None:
    """The access token that a request brings, not yet verified."""
    header = request.headers.get("Authorization", "")
    return header[len(SCHEME) :].strip() if header[: len(SCHEME)].lower() == SCHEME else None


async def authenticated(request: web.Request) -> Caller:
    """The caller of a protected route. Raises the token errors."""
    token = find_bearer(request)
    if not token:
        raise TokenMissingError
    visit = request[VISIT]
    caller = await request.app[AUTHENTICATE](token, visit.origin)
    visit.user_id, visit.session_id = caller.user.id, caller.session.id
    visit.degraded = caller.degraded
    if request.method not in READING:  # only what changes something asks for a secret
        visit.origin = visit.origin._replace(session_id=caller.session.id)
    return caller


def with_role(handler: Handler, roles: Collection[Role]) -> Handler:
    """A handler that only people with one of these roles get to; none are asked for: itself.

    Their roles are those of now, as the session check has them, whatever the token says. Raises
    the token errors and ForbiddenError.
    """
    if not roles:
        return handler
    wanted = frozenset(roles)

    async def checked(request: web.Request) -> web.StreamResponse:
        caller = request[CALLER] = await authenticated(request)
        if wanted.isdisjoint(caller.user.roles):
            raise ForbiddenError
        return await handler(request)

    return checked
