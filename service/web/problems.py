"""The only place where a refusal becomes HTTP: problem+json (RFC 9457)."""

import json
from math import ceil
from typing import Any

from aiohttp import web

from service.domain import errors as e

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[e.AuthError], int] = {
    e.AccountLockedError: 429,
    e.BadRequestError: 400,
    e.ConflictError: 409,
    e.CsrfFailedError: 403,
    e.ForbiddenError: 403,
    e.InvalidClientError: 401,
    e.InvalidCredentialsError: 401,
    e.InvalidScopeError: 400,
    e.LastAdminError: 409,
    e.LinkInvalidError: 400,
    e.MalformedJsonError: 400,
    e.MethodNotAllowedError: 405,
    e.MfaCodeInvalidError: 401,
    e.MfaTokenInvalidError: 401,
    e.NotAcceptableError: 406,
    e.NotFoundError: 404,
    e.ParquetMissingError: 501,
    e.PasskeyInvalidError: 401,
    e.PayloadTooLargeError: 413,
    e.RateLimitedError: 429,
    e.RefreshTokenInvalidError: 401,
    e.RefreshTokenReusedError: 401,
    e.RegistrationClosedError: 403,
    e.RequestTimeoutError: 408,
    e.ServiceUnavailableError: 503,
    e.SessionExpiredError: 401,
    e.SessionLimitError: 409,
    e.SessionRevokedError: 401,
    e.StepUpRequiredError: 403,
    e.TokenExpiredError: 401,
    e.TokenInvalidError: 401,
    e.TokenMissingError: 401,
    e.TokenRevokedError: 401,
    e.UnsupportedGrantTypeError: 400,
    e.UnsupportedMediaTypeError: 415,
    e.ValidationFailedError: 422,
}
BEARER = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
INSUFFICIENT = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
TOKEN_ERRORS = (
    e.TokenExpiredError,
    e.TokenInvalidError,
    e.TokenMissingError,
    e.TokenRevokedError,
)

RETRY_ERRORS = (e.AccountLockedError, e.RateLimitedError, e.ServiceUnavailableError)
"""Those that say when to try again."""


def describe(kind: type[e.AuthError]) -> dict[str, Any]:
    """What is the same in every problem of a kind; also what its `type` URL shows."""
    return {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": STATUS[kind],
        "detail": kind.detail,
        "code": kind.code,
    }


INTERNAL_ERROR = {
    "type": "/problems/internal_error",
    "title": "The service made a mistake",
    "status": 500,
    "detail": "Report the request_id; it leads to the cause.",
    "code": "internal_error",
}
CATALOGUE = {kind.code: describe(kind) for kind in STATUS} | {"internal_error": INTERNAL_ERROR}
"""Every problem by its code."""


def problem(refusal: e.AuthError, *, request_id: str) -> web.Response:
    """The response to a refused request."""
    body = {**describe(type(refusal)), "request_id": request_id}
    if isinstance(refusal, e.ValidationFailedError):
        body["errors"] = [{"field": f.field, "message": f.message} for f in refusal.errors]
    if isinstance(refusal, e.SessionEnded) and refusal.reason:
        body["reason"] = refusal.reason
    return _response(body, headers_of(refusal))


def internal_error(*, request_id: str) -> web.Response:
    """The response to our own mistake: nothing of it but the id that finds it in the log."""
    return _response({**INTERNAL_ERROR, "request_id": request_id}, {})


def _response(body: dict[str, Any], headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(),
        status=body["status"],
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **headers},
    )


def headers_of(refusal: e.AuthError) -> dict[str, str]:
    """What a refusal says in headers, whatever its body looks like."""
    if isinstance(refusal, TOKEN_ERRORS):
        return BEARER
    if isinstance(refusal, e.ForbiddenError):
        return INSUFFICIENT
    if isinstance(refusal, e.MethodNotAllowedError):
        return {"Allow": ", ".join(refusal.allowed)}
    if isinstance(refusal, RETRY_ERRORS):
        return {"Retry-After": str(max(ceil(refusal.retry_after.total_seconds()), 1))}
    return {}
