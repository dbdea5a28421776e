"""Refusals as OAuth has them (RFC 6749 §5.2), for every path below /oauth/ and every status.

Whatever else is refused in this service is a problem (RFC 9457): see `problems`. These paths never
answer with one, so that a client of the standard needs to know of one form only.
"""

import re
from collections.abc import Mapping

from aiohttp import web

from service.domain import errors as e
from service.web.problems import STATUS, headers_of
from service.web.replies import to_bytes

PATHS = "/oauth/"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""RFC 6749 §5.1 asks for both."""
BASIC = {"WWW-Authenticate": 'Basic realm="introspection"'}
UNSAYABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""What RFC 6749 does not allow in error_description."""

ERRORS: Mapping[type[e.AuthError], tuple[int, str]] = {
    e.InvalidClientError: (401, "invalid_client"),
    e.InvalidScopeError: (400, "invalid_scope"),
    e.RateLimitedError: (429, "temporarily_unavailable"),
    e.RefreshTokenInvalidError: (400, "invalid_grant"),
    e.RefreshTokenReusedError: (400, "invalid_grant"),
    e.ServiceUnavailableError: (503, "temporarily_unavailable"),
    e.SessionExpiredError: (400, "invalid_grant"),
    e.SessionRevokedError: (400, "invalid_grant"),
    e.UnsupportedGrantTypeError: (400, "unsupported_grant_type"),
    e.ValidationFailedError: (400, "invalid_request"),
}
"""Status and `error`; whatever is not here keeps its status and is an invalid_request."""


def speaks_oauth(path: str) -> bool:
    """Whether whoever asks there expects OAuth's form."""
    return path.startswith(PATHS)


def error_of(kind: type[e.AuthError]) -> tuple[int, str]:
    """Status and `error` of a kind of refusal."""
    return ERRORS.get(kind, (STATUS[kind], "invalid_request"))


def oauth_error(refusal: e.AuthError) -> web.Response:
    """The response to a refused request; of a form, the first fault names its parameter."""
    status, error = error_of(type(refusal))
    description = f"{refusal.title}. {refusal.detail}"
    if isinstance(refusal, e.UnsupportedMediaTypeError):
        description = f"{refusal.title}. Send application/x-www-form-urlencoded, in UTF-8."
    if isinstance(refusal, e.ValidationFailedError):
        description = "; ".join(f"{fault.field}: {fault.message}" for fault in refusal.errors)
    headers = BASIC if isinstance(refusal, e.InvalidClientError) else headers_of(refusal)
    return _response(status, error, description, headers)


def oauth_mistake() -> web.Response:
    """The response to a mistake of ours; X-Request-ID leads to it."""
    return _response(500, "server_error", "Report X-Request-ID; it leads to the cause.", {})


def _response(
    status: int, error: str, description: str, headers: Mapping[str, str]
) -> web.Response:
    body = {"error": error, "error_description": UNSAYABLE.sub("'", description)}
    return web.Response(
        body=to_bytes(body),
        status=status,
        content_type="application/json",
        headers={**NO_STORE, **headers},
    )
