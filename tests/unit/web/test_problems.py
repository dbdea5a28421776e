"""The catalogue of errors, against the page that clients are written from."""

import json
from collections.abc import Callable
from datetime import timedelta
from inspect import signature
from typing import Any

import pytest
from aiohttp import web

from service.domain import errors as e
from service.domain.errors import AuthError
from service.domain.sessions import EndReason
from service.web.problems import RETRY_ERRORS, STATUS, describe, internal_error, problem

CATALOGUE = {
    "malformed_json": 400,
    "validation_failed": 422,
    "unsupported_media_type": 415,
    "payload_too_large": 413,
    "invalid_credentials": 401,
    "account_locked": 429,
    "mfa_code_invalid": 401,
    "mfa_token_invalid": 401,
    "token_missing": 401,
    "token_invalid": 401,
    "token_expired": 401,
    "token_revoked": 401,
    "refresh_token_invalid": 401,
    "refresh_token_reused": 401,
    "session_expired": 401,
    "session_revoked": 401,
    "step_up_required": 403,
    "csrf_failed": 403,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "rate_limited": 429,
    "service_unavailable": 503,
}
"""The table of API.md, code by code."""

BEYOND = {
    "invalid_client": 401,
    "invalid_scope": 400,
    "unsupported_grant_type": 400,
    "bad_request": 400,
    "not_acceptable": 406,
    "request_timeout": 408,
    "parquet_missing": 501,
    "last_admin": 409,
    "link_invalid": 400,
    "passkey_invalid": 401,
    "registration_closed": 403,
    "session_limit": 409,
}
"""For what is no HTTP at all, a form that no answer has, a body that does not arrive, an extra."""

KINDS = {kind.code: kind for kind in STATUS}
MADE: dict[type[AuthError], Callable[[], AuthError]] = {
    e.AccountLockedError: lambda: e.AccountLockedError(timedelta(seconds=30)),
    e.RateLimitedError: lambda: e.RateLimitedError(timedelta(seconds=30)),
    e.MethodNotAllowedError: lambda: e.MethodNotAllowedError(["GET", "HEAD"]),
    e.ValidationFailedError: lambda: e.ValidationFailedError([e.FieldError("email", "is bad")]),
}


def made(kind: type[AuthError]) -> AuthError:
    """One error of a kind."""
    make = MADE.get(kind, kind)
    return make()


def subclasses(kind: type[AuthError]) -> set[Any]:
    """All below a class."""
    return {kind for direct in kind.__subclasses__() for kind in (direct, *subclasses(direct))}


def body(response: web.Response) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def test_every_error_has_a_status() -> None:
    """A subclass of AuthError without a line in the table would be a 500."""
    assert subclasses(e.AuthError) == set(STATUS)


def test_every_error_has_a_code_of_its_own() -> None:
    """`code` is what clients decide by: one meaning each."""
    assert len(KINDS) == len(STATUS)


def test_the_catalogue_is_complete_and_has_nothing_else() -> None:
    """Clients know every code that can come."""
    assert {kind.code: status for kind, status in STATUS.items()} == CATALOGUE | BEYOND


@pytest.mark.parametrize("code", CATALOGUE | BEYOND)
def test_a_problem_has_every_member(code: str) -> None:
    """RFC 9457's members, the code and the request's id; and texts that a person can act on."""
    response = problem(made(KINDS[code]), request_id="r-1")
    said = body(response)
    said.pop("errors", None)

    assert response.status == (CATALOGUE | BEYOND)[code]
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert set(said) == {"type", "title", "status", "detail", "code", "request_id"}
    assert (said["type"], said["status"]) == (f"/problems/{code}", response.status)
    assert (said["code"], said["request_id"]) == (code, "r-1")
    assert said["title"][0].isupper()
    assert said["detail"].endswith(".")


@pytest.mark.parametrize(
    "code", ["token_revoked", "session_expired", "session_revoked", "refresh_token_reused"]
)
def test_an_ended_session_says_why(code: str) -> None:
    """Its holder may know; where nobody knows, there is no empty word of it."""
    told = problem(KINDS[code](EndReason.IDLE_TIMEOUT), request_id="r")

    assert body(told)["reason"] == "idle_timeout"
    assert "reason" not in body(problem(KINDS[code](), request_id="r"))


@pytest.mark.parametrize(
    "code", ["token_missing", "token_invalid", "token_expired", "token_revoked"]
)
def test_an_access_token_s_failure_says_how_to_authenticate(code: str) -> None:
    """RFC 6750 §3; the exact words of API.md."""
    response = problem(made(KINDS[code]), request_id="r")

    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_what_knows_when_to_try_again_is_listed() -> None:
    """An error that takes `retry_after` answers it as a header."""
    makers = {kind: vars(kind)["__init__"] for kind in STATUS if "__init__" in vars(kind)}
    knowing = {
        kind for kind, maker in makers.items() if "retry_after" in signature(maker).parameters
    }

    assert set(RETRY_ERRORS) == knowing


def test_a_missing_role_is_an_insufficient_scope() -> None:
    """RFC 6750 §3.1: another token of the same account would not help."""
    response = problem(e.ForbiddenError(), request_id="r")

    assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


@pytest.mark.parametrize(
    "code",
    sorted(
        (CATALOGUE | BEYOND).keys()
        - {"token_missing", "token_invalid"}
        - {"token_expired", "token_revoked"}
        - {"forbidden"}
    ),
)
def test_nothing_else_asks_for_a_bearer_token(code: str) -> None:
    """A client that sees the header tries to refresh, which would not help."""
    assert "WWW-Authenticate" not in problem(made(KINDS[code]), request_id="r").headers


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        pytest.param(timedelta(0), "1", id="none at all: at least a second"),
        pytest.param(timedelta(milliseconds=1), "1", id="a moment: a second"),
        pytest.param(timedelta(seconds=1), "1", id="a second"),
        pytest.param(timedelta(milliseconds=1001), "2", id="a bit more than a second: two"),
        pytest.param(timedelta(minutes=15), "900", id="a quarter of an hour"),
        pytest.param(timedelta(seconds=-5), "1", id="one that is over already: a second"),
    ],
)
@pytest.mark.parametrize(
    "kind", [e.AccountLockedError, e.RateLimitedError, e.ServiceUnavailableError]
)
def test_whoever_must_wait_hears_how_long(kind: Any, wait: timedelta, seconds: str) -> None:
    """`Retry-After` in whole seconds, never too few (RFC 9110 §10.2.3)."""
    assert problem(kind(wait), request_id="r").headers["Retry-After"] == seconds


def test_a_wrong_method_hears_the_right_ones() -> None:
    """`Allow`, as RFC 9110 §15.5.6 demands."""
    refusal = e.MethodNotAllowedError(["GET", "HEAD"])

    assert problem(refusal, request_id="r").headers["Allow"] == "GET, HEAD"


def test_refused_fields_are_listed_without_their_values() -> None:
    """`errors` of API.md; only for validation_failed."""
    refusal = e.ValidationFailedError([e.FieldError("email", "is bad")])

    assert body(problem(refusal, request_id="r"))["errors"] == [
        {"field": "email", "message": "is bad"}
    ]
    assert "errors" not in body(problem(e.ConflictError(), request_id="r"))


def test_a_mistake_of_ours_says_nothing_but_its_id() -> None:
    """No cause, no trace, no version: the id leads to them in the log."""
    response = internal_error(request_id="r-1")

    assert (response.status, response.content_type) == (500, "application/problem+json")
    assert body(response) == {
        "type": "/problems/internal_error",
        "title": "The service made a mistake",
        "status": 500,
        "detail": "Report the request_id; it leads to the cause.",
        "code": "internal_error",
        "request_id": "r-1",
    }


def test_a_kind_is_described_without_an_instance() -> None:
    """What stands at the URL of `type` is what stands in the problem."""
    described = describe(e.ConflictError)

    assert {**described, "request_id": "r"} == body(problem(e.ConflictError(), request_id="r"))
