"""One JSON object, or a refusal."""

import json
from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.http_exceptions import TransferEncodingError
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import MalformedJsonError, PayloadTooLargeError, RequestTimeoutError
from service.web.bodies import MAX_DEPTH, LoginBody, parse_object, read_body

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**300), 10**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)
objects = st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=5)


def nested(depth: int) -> bytes:
    """An object in which containers nest so deep; a scalar is the last level."""
    return b'{"a":' * (depth - 1) + b"1" + b"}" * (depth - 1)


@given(objects, st.booleans())
def test_what_json_writes_for_an_object_is_read(value: dict[str, Any], escaped: bool) -> None:
    """With escapes or in plain UTF-8."""
    assert parse_object(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(raw: bytes) -> None:
    """No bytes give anything else, and none breaks the parser."""
    try:
        value = parse_object(raw)
    except MalformedJsonError:
        return
    assert isinstance(value, dict)


@given(st.text(st.sampled_from('{}[]":,\\u0d8 \n-+.eE1tfn'), max_size=40))
def test_any_letters_of_json_are_an_object_or_refused(text: str) -> None:
    """The same, nearer to JSON."""
    try:
        value = parse_object(text.encode())
    except MalformedJsonError:
        return
    assert isinstance(value, dict)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b" \n", id="nothing but spaces"),
        pytest.param(b"null", id="null"),
        pytest.param(b"true", id="a boolean"),
        pytest.param(b"1", id="a number"),
        pytest.param(b'"{}"', id="a string"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"[{}]", id="a list of an object"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"{}{}", id="two objects"),
        pytest.param(b"{} x", id="an object and more"),
        pytest.param(b'{"a":1,}', id="a comma too many"),
        pytest.param(b"{'a':1}", id="single quotes"),
        pytest.param(b"{a:1}", id="a bare key"),
        pytest.param(b'{"a":01}', id="a leading zero"),
        pytest.param(b'{"a":.5}', id="a leading point"),
        pytest.param(b'{"a":"\n"}', id="a bare line break in a string"),
        pytest.param(b'{"a":"\\x41"}', id="an escape that JSON has not"),
        pytest.param(b'// x\n{"a":1}', id="a comment"),
        pytest.param(b'{"a":1,"a":1}', id="a key twice"),
        pytest.param(b'{"a":1,"\\u0061":2}', id="a key twice, once escaped"),
        pytest.param(b'{"b":{"a":1,"a":2}}', id="a key twice further in"),
        pytest.param(b'{"a":NaN}', id="not a number"),
        pytest.param(b'{"a":Infinity}', id="infinity"),
        pytest.param(b'{"a":-Infinity}', id="minus infinity"),
        pytest.param(b'{"a":' + b"9" * 100_000 + b"}", id="a number of 100,000 digits"),
        pytest.param(b"[" * 100_000, id="100,000 open lists"),
        pytest.param(b'{"a":' * 100_000, id="100,000 open objects"),
        pytest.param(b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", id="50,000 nested lists"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a":1}'.encode("utf-32-le"), id="UTF-32"),
        pytest.param(b'{"a":"\xff"}', id="a byte that is no UTF-8"),
        pytest.param(b'{"a":"\xc0\xaf"}', id="an overlong slash"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="half a surrogate pair in UTF-8"),
        pytest.param(b'{"a":"\xe2\x82', id="cut within a letter"),
        pytest.param(b"\x00{}", id="a NUL in front"),
        pytest.param(b"{}\x00", id="a NUL behind"),
        pytest.param(b'{"a":"\x00"}', id="a bare NUL in a string"),
    ],
)
def test_what_is_not_one_json_object_is_refused(raw: bytes) -> None:
    """RFC 8259, and stricter: no duplicate keys, no NaN, no byte order mark, nothing else."""
    with pytest.raises(MalformedJsonError):
        parse_object(raw)


def test_the_deepest_nesting_that_is_read() -> None:
    """One level more is refused."""
    assert parse_object(nested(MAX_DEPTH))
    with pytest.raises(MalformedJsonError):
        parse_object(nested(MAX_DEPTH + 1))


class Sender:
    """A request whose body ends in an error."""

    body_exists = True
    charset = None
    content = SimpleNamespace(is_eof=lambda: False)
    content_type = "application/json"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def read(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        pytest.param(web.RequestPayloadError(), MalformedJsonError, id="broken on the way"),
        pytest.param(TransferEncodingError("x"), MalformedJsonError, id="in broken chunks"),
        pytest.param(ConnectionResetError(), MalformedJsonError, id="cut off"),
        pytest.param(web.HTTPRequestEntityTooLarge(1), PayloadTooLargeError, id="too large"),
        pytest.param(TimeoutError(), RequestTimeoutError, id="too slow"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(error: Any, refusal: Any) -> None:
    """Whatever aiohttp raises for it is a refusal of ours."""
    with pytest.raises(refusal):
        await read_body(cast("web.Request", Sender(error)), LoginBody)
