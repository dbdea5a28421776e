"""Reading a body strictly: hostile JSON is a refusal, never an accident.

`request.json()` answers several of these with a 500, and most parsers let the last of two equal
keys win; so bytes are taken, decoded and checked here.
"""

import asyncio
import json
from typing import Annotated, Any, NoReturn, TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Strict,
    StringConstraints,
    ValidationError,
)

from service.domain import errors as e
from service.domain.users import EMAIL_MAX, is_email
from service.operations.end_sessions import Scope

MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 32
MAX_FAULTS = 20
BODY_SECONDS = 10.0


def is_plain(text: str) -> str:
    """The text. Raises ValueError for control characters, among them NUL, which SQL cannot hold."""
    if not text.isprintable():
        message = "control characters are not allowed"
        raise ValueError(message)
    return text


def _address(text: str) -> str:
    if not is_email(text):
        message = "this is not an e-mail address"
        raise ValueError(message)
    return text


Email = Annotated[str, StringConstraints(max_length=EMAIL_MAX), AfterValidator(_address)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(is_plain)]
Code = Annotated[str, StringConstraints(min_length=6, max_length=40)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Body(BaseModel):
    """A request body: unknown fields and coercions are refused, values never echoed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class LoginBody(Body):
    """Sign in by password."""

    email: Email
    password: Password
    device_name: Label | None = None
    cookie: bool = False
    device_token: Token | None = None


class VerifyBody(Body):
    """A code for a second-factor challenge."""

    mfa_token: Token
    code: Code
    trust_device: bool = False


class RefreshBody(Body):
    """A refresh token to trade; none where it is a cookie."""

    refresh_token: Token | None = None


class LogoutBody(Body):
    """What to end; without an access token also by whose refresh token."""

    refresh_token: Token | None = None
    scope: Annotated[Scope, Strict(strict=False)] = Scope.LOCAL


class EraseBody(Body):
    """The caller's password once more."""

    password: Password


B = TypeVar("B", bound=Body)
M = TypeVar("M", bound=BaseModel)


async def read_body(request: web.Request, shape: type[B], *, optional: bool = False) -> B:
    """The body as its shape. Raises the AuthError that says what is wrong with it."""
    if optional and not request.body_exists:
        return validated(shape, {})
    _check_media_type(request)
    return validated(shape, parse_object(await read_bytes(request)))


def parse_object(raw: bytes) -> dict[str, Any]:
    """One JSON object. Raises MalformedJsonError."""
    try:
        value = _STRICT.decode(raw.decode("utf-8"))
        deep = raw.count(b"{") + raw.count(b"[") >= MAX_DEPTH and _depth(value) > MAX_DEPTH
        if deep or not isinstance(value, dict):
            raise e.MalformedJsonError
    except (ValueError, RecursionError) as error:
        raise e.MalformedJsonError from error
    return value


def _check_media_type(request: web.Request) -> None:
    if request.headers.get("Content-Type") == "application/json" and (
        "Content-Encoding" not in request.headers
    ):
        return
    charset = (request.charset or "utf-8").lower()
    if (
        request.content_type != "application/json"
        or charset not in {"utf-8", "utf8", "us-ascii"}
        or request.headers.get("Content-Encoding", "identity").lower() != "identity"
    ):
        raise e.UnsupportedMediaTypeError


async def read_bytes(request: web.Request) -> bytes:
    """A body whole, in time and within bounds. Raises the AuthError that says why not."""
    try:
        if request.content.is_eof():  # it came with its head: nothing to wait for
            return await request.read()
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise e.RequestTimeoutError from error
    except HTTPRequestEntityTooLarge as error:
        raise e.PayloadTooLargeError from error
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError) as error:
        raise e.MalformedJsonError from error


def validated(shape: type[M], value: dict[str, Any]) -> M:
    """A model of what came from outside. Raises ValidationFailedError, which names the fields."""
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        faults = [
            e.FieldError(
                ".".join(str(part)[:64] for part in fault["loc"]),
                fault["msg"].removeprefix("Value error, "),
            )
            for fault in found[:MAX_FAULTS]
        ]
        raise e.ValidationFailedError(faults) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        message = "duplicate key"
        raise ValueError(message)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _depth(value: object) -> int:
    """How deep containers nest, without recursion."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth
