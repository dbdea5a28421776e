"""Who is asking: the bearer token of a request (RFC 6750 §2.1)."""

from aiohttp import web

from service.domain.errors import TokenMissingError
from service.operations.authenticate import Caller
from service.web.keys import AUTHENTICATE, VISIT

SCHEME = "bearer "


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
    return caller
