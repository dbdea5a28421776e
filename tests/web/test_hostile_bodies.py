"""Every route that takes a body, against bodies that no honest client sends.

Each is a 4xx problem that changes nothing; none is a mistake of ours in the log.
"""

import gzip
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from aiohttp import web

from service.domain.users import Role
from service.web import bodies
from service.web.routes import ROUTES
from service.web.server import Runner
from tests.conftest import MakePerson
from tests.support.people import Browser, Person
from tests.web.wire import METHODS, Served, read_reply, refusal

Attack = Callable[..., Awaitable[dict[str, tuple[int, str]]]]


pytestmark = pytest.mark.usefixtures("unharmed")

RT = "rt_" + "A" * 52
TEMPLATES = {
    "/api/auth/login": {"email": "ann@people.example", "password": "x" * 20, "device_name": "d"},
    "/api/auth/verify-2fa": {"mfa_token": "mfa_" + "A" * 23, "code": "123456"},
    "/api/auth/refresh": {"refresh_token": RT},
    "/api/auth/logout": {"refresh_token": RT, "scope": "global"},
    "/api/auth/2fa/enable": {"code": "123456"},
    "/api/auth/me": {"password": "x" * 20},
    "/api/analytics/exports": {
        "table": "events",
        "format": "csv",
        "from": "2026-11-01",
        "to": "2026-11-03",
    },
}
"""Bodies that are right in form, for routes of every kind."""

BEARER_FIRST = {"/api/auth/2fa/enable", "/api/auth/me", "/api/analytics/exports"}
"""They look at the body only once they know who asks."""

FIELDS = [(path, field) for path, template in TEMPLATES.items() for field in template]
REQUIRED = [
    (path, field) for path, field in FIELDS if path != "/api/auth/logout" and field != "device_name"
]
MIB = 1024 * 1024


@pytest.fixture
async def person(make_person: MakePerson) -> Person:
    """Somebody whose bodies are looked at everywhere."""
    return await make_person(roles=["analyst"])


@pytest.fixture
async def attack(
    served: Served,
    browser: Browser,
    person: Person,
    state: Callable[[], Awaitable[tuple[int, ...]]],
) -> Attack:
    """Posts the same body everywhere, signed in; what each route answered. Nothing may change."""
    token = (await browser.login(person))["access_token"]

    async def send(
        raw: bytes, *headers: str, paths: Iterable[str] = TEMPLATES
    ) -> dict[Any, tuple[int, str]]:
        before = await state()
        answers = {
            path: refusal(await served.post(path, raw, *headers, token=token)) for path in paths
        }
        assert await state() == before
        assert (await browser.me(token)).status == 200
        return answers

    return send


def everywhere(
    status: int, code: str, paths: Iterable[str] = TEMPLATES
) -> dict[str, tuple[int, str]]:
    """The same answer from every route."""
    return dict.fromkeys(paths, (status, code))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b"1", id="a number"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"{} {}", id="two objects"),
        pytest.param(b"email=ann&password=x", id="a form"),
        pytest.param(b'{"code":"1","code":"2"}', id="a key twice"),
        pytest.param(b'{"code":NaN}', id="not a number"),
        pytest.param(b'{"code":-Infinity}', id="minus infinity"),
        pytest.param(b'{"code":' + b"9" * 60_000 + b"}", id="a number of 60,000 digits"),
        pytest.param(b'{"code":' + b"[" * 30_000 + b"]" * 30_000 + b"}", id="30,000 nested lists"),
        pytest.param(b'{"code":' * 8_000, id="8,000 open objects"),
        pytest.param(b'{"code":"\xff\xfe"}', id="bytes that are no UTF-8"),
        pytest.param(b'{"code":"\xed\xa0\x80"}', id="half a surrogate pair in UTF-8"),
        pytest.param('{"code":"1"}'.encode("utf-16"), id="UTF-16 that is not declared"),
        pytest.param(b'\xef\xbb\xbf{"code":"1"}', id="a byte order mark"),
        pytest.param(b"\0", id="a NUL"),
        pytest.param(b'{"code":"\0"}', id="a bare NUL in a string"),
    ],
)
async def test_what_is_no_json_object_is_malformed(attack: Attack, raw: bytes) -> None:
    """400 `malformed_json` from every route."""
    assert await attack(raw) == everywhere(400, "malformed_json")


@pytest.mark.parametrize(
    ("raw", "header", "answer"),
    [
        pytest.param(b"[]", "Accept: */*", (400, "malformed_json"), id="a list"),
        pytest.param(b'{"no":1}', "Accept: */*", (422, "validation_failed"), id="unknown"),
        pytest.param(b"{}", "Content-Type: text/plain", (415, "unsupported_media_type"), id="text"),
    ],
)
async def test_every_route_reads_bodies_by_the_same_door(
    served: Served,
    browser: Browser,
    make_person: MakePerson,
    raw: bytes,
    header: str,
    answer: tuple[int, str],
) -> None:
    """So what the others here try on some routes holds for all."""
    person = await make_person(roles=list(Role))
    token = (await browser.login(person))["access_token"]
    answers = {}
    for route in ROUTES:
        if route.body:
            path = route.path.replace("{id}", person.id)
            reply = await served.post(path, raw, header, token=token, method=route.method)
            answers[route.name] = refusal(reply)

    assert answers == dict.fromkeys(answers, answer)


async def test_an_empty_body_is_malformed_where_one_is_needed(attack: Attack) -> None:
    """Logout alone may come without."""
    paths = TEMPLATES.keys() - {"/api/auth/logout"}

    assert await attack(b"", paths=paths) == everywhere(400, "malformed_json", paths)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("1", id="a number"),
        pytest.param("1.5", id="a float"),
        pytest.param("1e400", id="a number that is infinite"),
        pytest.param("9" * 4000, id="a number of 4,000 digits"),
        pytest.param("true", id="a boolean"),
        pytest.param("[]", id="an empty list"),
        pytest.param('["hidden-value"]', id="a list of a string"),
        pytest.param('{"hidden-value": "hidden-value"}', id="an object"),
        pytest.param('""', id="an empty string"),
        pytest.param('"\\ud800"', id="half a surrogate pair"),
        pytest.param('"hidden-value\\udfff"', id="the other half of a surrogate pair"),
        pytest.param('"' + "x" * 2000 + '"', id="a string that is too long"),
        pytest.param('"' + "\\u0000" * 2000 + '"', id="NULs without end"),
        pytest.param('"' + "😀" * 2000 + '"', id="emojis without end"),
    ],
)
async def test_a_field_of_the_wrong_form_is_named_and_not_echoed(
    served: Served,
    browser: Browser,
    person: Person,
    state: Callable[[], Awaitable[tuple[int, ...]]],
    value: str,
) -> None:
    """422 `validation_failed` for every field of every route; its value is nowhere in the answer."""
    token = (await browser.login(person))["access_token"]
    before = await state()
    for path, template in TEMPLATES.items():
        for field in template:
            members = [
                f'"{k}": {value if k == field else json.dumps(v)}' for k, v in template.items()
            ]
            raw = "{" + ", ".join(members) + "}"
            reply = await served.post(path, raw.encode(), token=token)
            assert refusal(reply) == (422, "validation_failed"), (path, field)
            assert {fault["field"] for fault in reply.body["errors"]} == {field}
            assert "hidden-value" not in json.dumps(reply.body)
    assert await state() == before
    assert (await browser.me(token)).status == 200


@pytest.mark.parametrize(("path", "field"), REQUIRED, ids=str)
async def test_a_missing_field_is_named(
    served: Served, browser: Browser, person: Person, path: str, field: str
) -> None:
    """Absent and null are the same."""
    token = (await browser.login(person))["access_token"]
    rest = {name: value for name, value in TEMPLATES[path].items() if name != field}
    for body in (rest, {**rest, field: None}):
        reply = await served.post(path, json.dumps(body).encode(), token=token)
        assert refusal(reply) == (422, "validation_failed")
        assert [fault["field"] for fault in reply.body["errors"]] == [field]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param('"admin"', id="a name"),
        pytest.param('""', id="an empty name"),
        pytest.param('"__class__"', id="a name that Python knows"),
        pytest.param('"\\u0000"', id="a NUL"),
        pytest.param('"\\ud800"', id="half a surrogate pair"),
        pytest.param('"' + "k" * 30_000 + '"', id="a name of 30,000 letters"),
        pytest.param('"Code"', id="a known name in other letters"),
    ],
)
async def test_an_unknown_field_is_refused(attack: Attack, name: str) -> None:
    """422: a misspelt field is never passed over in silence."""
    for path, template in TEMPLATES.items():
        raw = json.dumps(template)[:-1] + f", {name}: 1" + "}"
        assert await attack(raw.encode(), paths=[path]) == {path: (422, "validation_failed")}


async def test_a_long_field_name_is_cut(served: Served) -> None:
    """The answer says enough of it to be found, and no more."""
    reply = await served.post("/api/auth/login", b'{"' + b"k" * 30_000 + b'": 1}')

    assert refusal(reply) == (422, "validation_failed")
    assert reply.body["errors"][-1]["field"] == "k" * 64


async def test_thousands_of_unknown_fields_are_one_short_refusal(served: Served) -> None:
    """The answer does not grow with the attack: it lists the first faults only."""
    raw = json.dumps({f"{n}": 0 for n in range(5_000)}).encode()
    assert len(raw) < bodies.MAX_BODY_BYTES
    reply = await served.post("/api/auth/login", raw)

    assert refusal(reply) == (422, "validation_failed")
    assert len(reply.body["errors"]) == bodies.MAX_FAULTS


@pytest.mark.parametrize(("path", "field"), FIELDS, ids=str)
async def test_a_nul_in_a_field_is_a_refusal(
    served: Served, browser: Browser, person: Person, path: str, field: str
) -> None:
    """PostgreSQL cannot store it and C strings end at it: never more than a refusal."""
    token = (await browser.login(person))["access_token"]
    for text in ("\0" * 8, TEMPLATES[path][field] + "\0"):
        raw = json.dumps({**TEMPLATES[path], field: text}).encode()
        status, _ = refusal(await served.post(path, raw, token=token))
        assert status in {401, 409, 422}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("Content-Type: text/plain", id="text"),
        pytest.param("Content-Type: text/json", id="text of JSON"),
        pytest.param("Content-Type: application/x-www-form-urlencoded", id="a form"),
        pytest.param("Content-Type: multipart/form-data; boundary=x", id="a form of parts"),
        pytest.param("Content-Type: application/jsonp", id="a script of JSON"),
        pytest.param("Content-Type: application/json-patch+json", id="a kind of JSON"),
        pytest.param("Content-Type: application/octet-stream", id="bytes"),
        pytest.param("Content-Type: ", id="an empty type"),
        pytest.param("Content-Type: application/json/json", id="a type of three parts"),
        pytest.param("Content-Type: json", id="half a type"),
        pytest.param("Content-Type: ;;;;", id="nothing but semicolons"),
        pytest.param("Content-Type: application/json; charset=utf-16", id="UTF-16"),
        pytest.param("Content-Type: application/json; charset=utf-7", id="UTF-7"),
        pytest.param("Content-Type: application/json; charset=latin-1", id="Latin-1"),
        pytest.param("Content-Type: application/json; charset=no-such", id="an unknown charset"),
        pytest.param("Content-Type: application/json; charset=idna", id="a codec of no charset"),
        pytest.param("Content-Type: application/json; charset=\xff\xff", id="a charset of bytes"),
        pytest.param("Content-Encoding: gzip", id="gzip"),
        pytest.param("Content-Encoding: deflate", id="deflate"),
        pytest.param("Content-Encoding: br", id="brotli"),
        pytest.param("Content-Encoding: gzip, gzip", id="gzip twice"),
        pytest.param("Content-Encoding: no-such", id="an unknown encoding"),
    ],
)
async def test_another_media_type_is_not_supported(attack: Attack, header: str) -> None:
    """415, unread: also for a body that would be right."""
    for path, template in TEMPLATES.items():
        raw = json.dumps(template).encode()
        assert await attack(raw, header, paths=[path]) == {path: (415, "unsupported_media_type")}


async def test_a_body_without_a_media_type_is_not_supported(served: Served) -> None:
    """A page of another origin can send such a request without asking."""
    for path in TEMPLATES.keys() - BEARER_FIRST:
        head = f"{METHODS[path]} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
        reply = await served.send(head.encode() + b"{}")
        assert refusal(reply) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: application/json",
        "content-type: APPLICATION/JSON",
        "Content-Type: application/json;charset=utf-8",
        'Content-Type: application/json; charset="UTF-8"',
        "Content-Type: application/json; version=1",
        "Content-Encoding: identity",
    ],
)
async def test_every_spelling_of_the_right_media_type_is_taken(
    served: Served, person: Person, header: str
) -> None:
    """What an honest client may write signs in."""
    body = {"email": person.email, "password": person.password}
    reply = await served.post("/api/auth/login", json.dumps(body).encode(), header)

    assert reply.status == 200


async def test_a_bomb_is_not_unpacked(attack: Attack) -> None:
    """60 MiB in 60 KiB: refused for its encoding, never decompressed (nor is it while draining)."""
    bomb = gzip.compress(bytes(60 * MIB))
    assert len(bomb) < bodies.MAX_BODY_BYTES

    assert await attack(bomb, "Content-Encoding: gzip") == everywhere(415, "unsupported_media_type")


def test_nothing_is_unpacked_before_it_is_refused() -> None:
    """aiohttp would do so by itself, while a body is drained as well."""
    assert Runner(web.Application())._kwargs["auto_decompress"] is False


async def test_a_broken_archive_is_refused_like_a_whole_one(attack: Attack) -> None:
    """What claims to be gzip is not looked at."""
    answers = await attack(b"not gzip at all", "Content-Encoding: gzip")

    assert answers == everywhere(415, "unsupported_media_type")


async def test_a_body_over_64_kib_is_too_large(attack: Attack) -> None:
    """413 by its declared length; one byte less is read (and refused for what it says)."""
    assert await attack(b"x" * (64 * 1024 + 1)) == everywhere(413, "payload_too_large")
    assert await attack(b"x" * (64 * 1024)) == everywhere(400, "malformed_json")


async def test_a_body_over_64_kib_in_chunks_is_too_large(attack: Attack) -> None:
    """413 by count, when no length was declared."""
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    chunked = "Transfer-Encoding: chunked"
    assert await attack(chunk * 4 + b"0\r\n\r\n", chunked) == everywhere(400, "malformed_json")
    assert await attack(chunk * 5 + b"0\r\n\r\n", chunked) == everywhere(413, "payload_too_large")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"zz\r\n{}\r\n0\r\n\r\n", id="a length that is no number"),
        pytest.param(b"-2\r\n{}\r\n0\r\n\r\n", id="a negative length"),
        pytest.param(b"2\r\n{}xx0\r\n\r\n", id="a chunk that is longer than its length"),
        pytest.param(b"f" * 30 + b"\r\n{}\r\n0\r\n\r\n", id="a length beyond all numbers"),
    ],
)
async def test_broken_chunks_are_a_refusal(
    served: Served, state: Callable[[], Awaitable[tuple[int, ...]]], raw: bytes
) -> None:
    """400: whichever of the parser and the route sees it first."""
    before = await state()
    for path in TEMPLATES.keys() - BEARER_FIRST:
        status, code = refusal(await served.post(path, raw, "Transfer-Encoding: chunked"))
        assert (status, code in {"bad_request", "malformed_json"}) == (400, True)
    assert await state() == before


async def test_broken_chunks_that_come_later_are_a_refusal(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiohttp tells the waiting route nothing of them: it gives up when the body's time is up."""
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    reader, writer = await served.connect()
    writer.write(
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    )
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"zz\r\n")
    reply = await read_reply(reader)
    writer.close()

    assert refusal(reply) == (408, "request_timeout")


async def test_a_client_that_leaves_within_its_body_leaves_nothing_behind(
    served: Served, browser: Browser, state: Callable[[], Awaitable[tuple[int, ...]]]
) -> None:
    """Half a body and the end of the connection: no answer, no change, no mistake in the log."""
    before = await state()
    for path in TEMPLATES:
        head = f"{METHODS[path]} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        for body in (
            b'Content-Length: 999\r\n\r\n{"scope"',
            b"Transfer-Encoding: chunked\r\n\r\n9\r\n{",
        ):
            reader, writer = await served.connect()
            writer.write(head.encode() + body)
            writer.write_eof()
            await reader.read()
            writer.close()
    assert (await browser.send("GET", "/api/health/live")).status == 200
    assert await state() == before


async def test_a_slow_body_is_cut(
    served: Served,
    browser: Browser,
    person: Person,
    state: Callable[[], Awaitable[tuple[int, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """408 after BODY_SECONDS, and the connection with it; nothing was changed."""
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    token = (await browser.login(person))["access_token"]
    before = await state()
    for path in TEMPLATES:
        head = (
            f"{METHODS[path]} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: 999\r\n\r\n"
        )
        assert refusal(await served.send(head.encode() + b'{"a"')) == (408, "request_timeout")
    assert await state() == before


async def test_a_body_where_none_is_wanted_is_passed_over(
    served: Served, browser: Browser, person: Person
) -> None:
    """It is drained, not read: what it says does not matter, and the next request is answered."""
    token = (await browser.login(person))["access_token"]
    request = (
        "{} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n"
        "Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\n\xff\0notgzip"
    )
    for line in ("GET /api/auth/me", "POST /api/auth/2fa/setup", "GET /api/health/live"):
        reader, writer = await served.connect()
        for _ in range(2):
            writer.write(request.format(line, token).encode("latin-1"))
            assert (await read_reply(reader)).status == 200
        writer.close()


async def test_logout_needs_no_body(browser: Browser, person: Person) -> None:
    """By an access token alone: without a body, with an empty one, and with an empty object."""
    bodies: list[dict[str, Any]] = [{}, {"data": b""}, {"json": {}}]
    for given in bodies:
        token = (await browser.login(person))["access_token"]
        reply = await browser.send("POST", "/api/auth/logout", token=token, **given)
        assert reply.status == 204
        assert (await browser.me(token)).code == "token_revoked"


async def test_a_bad_body_never_signs_out(served: Served, browser: Browser, person: Person) -> None:
    """A body that is refused ends nothing, though the access token alone would do."""
    token = (await browser.login(person))["access_token"]
    for raw in (b'{"scope":"everything"}', b'{"scope":null}', b'{"scope":["local"]}', b"[]"):
        assert refusal(await served.post("/api/auth/logout", raw, token=token))[0] in {400, 422}
        assert (await browser.me(token)).status == 200
