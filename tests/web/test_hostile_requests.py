"""Requests that are hostile before their body: lines, paths, methods and headers."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from service.domain.users import Role
from service.web.route import Route
from service.web.routes import ROUTES
from tests.conftest import MakePerson
from tests.support.people import Browser, Person
from tests.web.wire import Served, refusal

pytestmark = pytest.mark.usefixtures("unharmed")

READABLE = [route.path for route in ROUTES if route.method == "GET"]


@pytest.fixture
async def token(browser: Browser, make_person: MakePerson) -> str:
    """Of somebody with every role."""
    tokens = await browser.login(await make_person(roles=list(Role)))
    return str(tokens["access_token"])


@pytest.mark.parametrize(
    "segment",
    [
        pytest.param(b"AAAA", id="too short"),
        pytest.param(b"A" * 23, id="an id of nobody's session"),
        pytest.param(b"_" * 23, id="an id of a partition that does not exist"),
        pytest.param(b"A" * 22 + b"=", id="padding"),
        pytest.param(b"%00" * 23, id="NULs"),
        pytest.param(b"A" * 22 + b"%00", id="an id that ends in a NUL"),
        pytest.param(b"%0d%0aSet-Cookie:%20a", id="a header"),
        pytest.param(b"%ff" * 23, id="bytes that are no UTF-8"),
        pytest.param(b"%ed%a0%80" * 23, id="half surrogate pairs"),
        pytest.param(b"%F0%9F%98%80" * 23, id="emojis"),
        pytest.param(b"..%2f..%2f..%2fetc%2fpasswd", id="a path"),
        pytest.param(b"'%20OR%201=1%20--%20AAAAAAAA", id="SQL"),
        pytest.param(b"*" * 23, id="a pattern"),
        pytest.param(b"%7B07%7D:s:AAAAAAAAAAAAAAA", id="a key of Redis"),
        pytest.param(b"%", id="a percent sign alone"),
        pytest.param(b"%zz", id="an escape that is none"),
        pytest.param(b"%u0041", id="an escape of another standard"),
        pytest.param(b"A" * 7000, id="very long"),
    ],
)
async def test_a_session_id_that_is_none_is_not_found(
    served: Served, token: str, state: Callable[[], Awaitable[tuple[int, ...]]], segment: bytes
) -> None:
    """404, never a key or a query made of a client's text."""
    before = await state()
    reply = await served.send(
        b"DELETE /api/auth/sessions/" + segment + b" HTTP/1.1\r\nHost: x\r\n"
        b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
    )

    assert refusal(reply) == (404, "not_found")
    assert await state() == before


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if "{id}" in route.path and route.body is None],
    ids=lambda route: route.name,
)
async def test_an_id_with_a_nul_is_of_nothing(served: Served, token: str, route: Route) -> None:
    """404 on every route: what takes no text with a NUL is never asked."""
    path = route.path.replace("{id}", "%00") + "?reason=x" * (route.method == "DELETE")
    reply = await served.send(
        f"{route.method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )

    assert refusal(reply) == (404, "not_found")


@pytest.mark.parametrize("segment", [b"\0", b"A\x01", b"A B C", b"\x7f", b"\xc3\xa9"], ids=repr)
async def test_a_path_that_http_does_not_allow_is_a_bad_request(
    served: Served, token: str, segment: bytes
) -> None:
    """Bare controls, spaces and letters outside ASCII never reach a route."""
    reply = await served.send(
        b"DELETE /api/auth/sessions/" + segment + b" HTTP/1.1\r\nHost: x\r\n"
        b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
    )

    assert refusal(reply) == (400, "bad_request")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"garbage\r\n\r\n", id="words"),
        pytest.param(b"\0\0\0\0\r\n\r\n", id="NULs"),
        pytest.param(b"GET\r\n\r\n", id="a method alone"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", id="a version of the future"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="a long path"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n", id="a long header"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: a\r\n" * 200 + b"\r\n", id="200 headers"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\0b\r\n\r\n", id="a NUL in a header"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\x1bb\r\n\r\n", id="an escape in a header"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", id="a header without a colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", id="a space before the colon"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", id="a negative length"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            id="two lengths",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="a length and chunks",
        ),
        pytest.param(b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", id="an address that is none"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", id="an expectation unheard of"
        ),
    ],
)
async def test_what_is_no_request_is_a_bad_request(served: Served, sent: bytes) -> None:
    """400 `bad_request` with an id, our headers, and no word of what could not be read."""
    reply = await served.send(sent)

    assert refusal(reply) == (400, "bad_request")
    assert reply.headers["Server"] == "inphora-auth"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert len(reply.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", id="the server itself"),
        pytest.param(b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", id="a tunnel"),
        pytest.param(b"GET http://x/api/nothing HTTP/1.1\r\nHost: x\r\n\r\n", id="a whole URL"),
        pytest.param(b"GET //api/auth/me HTTP/1.1\r\nHost: x\r\n\r\n", id="two slashes"),
        pytest.param(b"GET /api/auth/../auth/nothing HTTP/1.1\r\nHost: x\r\n\r\n", id="dots"),
        pytest.param(
            b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", id="escaped dots"
        ),
        pytest.param(b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", id="bytes that are no text"),
        pytest.param(b"GET /%ed%a0%80 HTTP/1.1\r\nHost: x\r\n\r\n", id="half a surrogate pair"),
        pytest.param(b"GET /nothing?%00=%ff HTTP/1.1\r\nHost: x\r\n\r\n", id="a query of bytes"),
        pytest.param(b"GET /nothing HTTP/1.0\r\n\r\n", id="HTTP/1.0"),
        pytest.param(
            b"GET /nothing HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
            id="an upgrade",
        ),
    ],
)
async def test_an_odd_target_is_only_not_there(served: Served, sent: bytes) -> None:
    """404 or 400: nothing of it is followed, and nothing breaks on the way to the log."""
    assert refusal(await served.send(sent)) in {(404, "not_found"), (400, "bad_request")}


@pytest.mark.parametrize("path", ["/api", "/api/auth", "/api/auth/nothing", "/api/auth/me/", "/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "QUERY"])
async def test_what_is_not_there_is_not_found(browser: Browser, method: str, path: str) -> None:
    """404 for any method of an unknown path."""
    assert refusal(await browser.send(method, path)) == (404, "not_found")


def takes(route: Route, path: str) -> bool | Any:
    """Whether a route is at a path, which may also look like one of its ids."""
    parts = zip(route.path.split("/"), path.split("/"), strict=False)
    same = all(one in {"{id}", other} for one, other in parts)
    return same and route.path.count("/") == path.count("/")


def methods_of(route: Route) -> tuple[str, str] | tuple[Any]:
    return ("GET", "HEAD") if route.method == "GET" else (route.method,)


ALLOWED = {
    path: {method for route in ROUTES if takes(route, path) for method in methods_of(route)}
    for path in {route.path: None for route in ROUTES}
}


@pytest.mark.parametrize("path", ALLOWED)
async def test_a_wrong_method_hears_the_right_ones(browser: Browser, path: str) -> None:
    """405 with `Allow`, for every method that a path does not take."""
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - ALLOWED[path]:
        reply = await browser.send(method, path.replace("{id}", "A" * 23))
        if path.startswith("/oauth/"):  # in OAuth's own form
            assert (reply.status, reply.body["error"]) == (405, "invalid_request")
        else:
            assert refusal(reply) == (405, "method_not_allowed")
        assert set(reply.headers["Allow"].split(", ")) == ALLOWED[path]


@pytest.mark.parametrize("path", READABLE)
async def test_head_is_get_without_its_body(browser: Browser, token: str, path: str) -> None:
    """The same status and headers (RFC 9110 §9.3.2)."""
    get = await browser.send("GET", path, token=token)
    head = await browser.send("HEAD", path, token=token)

    assert (head.status, head.body or "") == (get.status, "")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize(
    "given_id",
    ["a", "client-1.2_3", "9" * 128],
    ids=["a letter", "words", "128 characters"],
)
async def test_a_good_request_id_is_echoed(browser: Browser, given_id: str) -> None:
    """On what succeeds and on what is refused, and inside the problem."""
    headers = {"X-Request-ID": given_id}
    good = await browser.send("GET", "/api/health/live", headers=headers)
    bad = await browser.send("GET", "/api/auth/me", headers=headers)

    assert good.headers["X-Request-ID"] == given_id
    assert bad.headers["X-Request-ID"] == bad.body["request_id"] == given_id


@pytest.mark.parametrize(
    "given_id",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"9" * 129, id="129 characters"),
        pytest.param(b"a b", id="a space"),
        pytest.param(b"<b>", id="a tag"),
        pytest.param(b"\xc3\xa9", id="a letter outside ASCII"),
        pytest.param(b"\xff", id="a byte that is no text"),
        pytest.param(b"a\tb", id="a tab"),
    ],
)
async def test_a_bad_request_id_is_replaced(served: Served, given_id: bytes) -> None:
    """By a new one of 32 hexadecimal digits; the request goes on."""
    reply = await served.send(
        b"GET /api/health/live HTTP/1.1\r\nHost: x\r\nX-Request-ID: " + given_id + b"\r\n\r\n"
    )

    assert reply.status == 200
    assert len(reply.headers["X-Request-ID"]) == 32
    assert not set(reply.headers["X-Request-ID"]) - set("0123456789abcdef")


@pytest.mark.parametrize(
    "agent",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\xfd", id="bytes that are no text"),
        pytest.param(b"\xc3\xa9 \xe2\x80\xae", id="letters and a mark that turns the text"),
        pytest.param(b"a\tb", id="a tab"),
        pytest.param(b"x" * 8000, id="very long"),
    ],
)
async def test_any_user_agent_can_sign_in(
    served: Served, browser: Browser, person: Person, agent: bytes
) -> None:
    """It is stored with the session, and the session's owner can read the list."""
    body = f'{{"email":"{person.email}","password":"{person.password}"}}'.encode()
    signed_in = await served.send(
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"User-Agent: " + agent + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    listed = await browser.send("GET", "/api/auth/sessions", token=signed_in.body["access_token"])

    assert (signed_in.status, listed.status) == (200, 200)
    assert listed.body["sessions"][0]["device"] == "Unknown device"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param(b"", "token_missing", id="empty"),
        pytest.param(b"Bearer", "token_missing", id="a scheme alone"),
        pytest.param(b"Bearer ", "token_missing", id="a scheme and a space"),
        pytest.param(b"Basic YTpi", "token_missing", id="another scheme"),
        pytest.param(b"Token x", "token_missing", id="a scheme unheard of"),
        pytest.param(b"Bearer x", "token_invalid", id="a word"),
        pytest.param(b"bearer x", "token_invalid", id="a scheme in small letters"),
        pytest.param(b"Bearer a b", "token_invalid", id="two words"),
        pytest.param(b"Bearer \xff\xfe", "token_invalid", id="bytes that are no text"),
        pytest.param(b"Bearer \xc3\xa9", "token_invalid", id="a letter outside ASCII"),
        pytest.param(b"Bearer " + b"e" * 8000, "token_invalid", id="very long"),
        pytest.param(b"Bearer " + b"." * 4000, "token_invalid", id="nothing but dots"),
        pytest.param(
            b"Bearer " + b"W1tb" * 1000 + b"..", "token_invalid", id="a header of nested lists"
        ),
    ],
)
async def test_what_is_no_access_token_is_refused(served: Served, header: bytes, code: str) -> None:
    """401, with the words of RFC 6750; nothing of it is looked up."""
    reply = await served.send(
        b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: " + header + b"\r\n\r\n"
    )

    assert refusal(reply) == (401, code)
    assert reply.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
