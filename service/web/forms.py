"""Reading a form strictly, as RFC 6749 §3.2 has it: a parameter twice is a refusal.

A parameter without a value counts as left out, and one that is not known is ignored; both are the
RFC's rules, so shapes of forms are laxer than bodies of JSON.
"""

import re
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from service.domain.errors import FieldError, UnsupportedMediaTypeError, ValidationFailedError
from service.web.bodies import read_bytes, validated

MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_PARAMETERS = 32
ESCAPED = re.compile(rb"(?:[^%]|%[0-9A-Fa-f]{2})*")


class Form(BaseModel):
    """The parameters of a request; values are never echoed."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


F = TypeVar("F", bound=Form)


async def read_form(request: web.Request, shape: type[F]) -> F:
    """The form as its shape. Raises the AuthError that says what is wrong with it."""
    charset = (request.charset or "utf-8").lower()
    if (
        request.content_type != MEDIA_TYPE
        or charset not in {"utf-8", "utf8", "us-ascii"}
        or request.headers.get("Content-Encoding", "identity").lower() != "identity"
    ):
        raise UnsupportedMediaTypeError
    return validated(shape, parse_form(await read_bytes(request)))


def parse_form(raw: bytes) -> dict[str, str]:
    """Parameters that have a value. Raises ValidationFailedError."""
    pairs = [pair.partition(b"=") for pair in raw.split(b"&") if pair]
    if len(pairs) > MAX_PARAMETERS:
        raise _refused(field="body", message="has too many parameters")
    parameters: dict[str, str] = {}
    for name, _, value in pairs:
        key = _decoded(name, "body")
        if key in parameters:
            raise _refused(field=key[:64], message="is there more than once")
        parameters[key] = _decoded(value, key[:64])
    return {name: value for name, value in parameters.items() if value}


def _decoded(raw: bytes, field: str) -> str:
    if ESCAPED.fullmatch(raw) is None:
        raise _refused(field=field, message="is not percent-encoded")
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(field=field, message="is not UTF-8") from error
    if not text.isprintable():
        raise _refused(field=field, message="holds control characters")
    return text


def _refused(*, field: str, message: str) -> ValidationFailedError:
    return ValidationFailedError([FieldError(field, message)])
