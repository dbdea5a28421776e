"""Replies whose head we put together: to a client they are what aiohttp would have said."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from service.web.ready import FIXED, ReadyReply
from tests.support.waiting import PATIENCE
from tests.web.wire import Served, read_reply

LIVE = "/api/health/live"


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: x", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("sent", "connection"),
    [
        pytest.param(get(LIVE), None, id="in our way"),
        pytest.param(get(LIVE, "Connection: close"), "close", id="the last of a connection"),
        pytest.param(get(LIVE, version="1.0"), None, id="HTTP/1.0"),
        pytest.param(
            get(LIVE, "Connection: keep-alive", version="1.0"), "keep-alive", id="HTTP/1.0, kept"
        ),
    ],
)
async def test_one_reply_in_two_ways(served: Served, sent: bytes, connection: str | None) -> None:
    """The same headers and body, once each, whoever wrote the head."""
    reply = await served.send(sent)

    assert (reply.status, reply.body) == (200, {"status": "ok"})
    assert reply.headers.get("Connection") == connection
    own = ["X-Request-ID", "Date", "Content-Length"]
    names = [name for name in reply.headers if name not in ("Connection", *own)]
    assert sorted(names) == sorted(FIXED)
    assert {name: reply.headers[name] for name in FIXED} == FIXED
    assert all(len(reply.headers.getall(name)) == 1 for name in own)


async def test_many_on_one_connection(served: Served) -> None:
    """Requests sent at once are answered in their order, and none after a last one."""
    reader, writer = await served.connect()
    paths = [LIVE, "/api/nothing", LIVE, LIVE]
    last = get(LIVE, "X-Request-ID: last", "Connection: close")
    writer.write(b"".join([get(p, f"X-Request-ID: r{i}") for i, p in enumerate(paths)]) + last)
    async with asyncio.timeout(PATIENCE):
        replies = [await read_reply(reader) for _ in range(len(paths) + 1)]
        rest = await reader.read()
    writer.close()

    assert [reply.status for reply in replies] == [200, 404, 200, 200, 200]
    assert [r.headers["X-Request-ID"] for r in replies] == ["r0", "r1", "r2", "r3", "last"]
    assert rest == b""


async def test_head_has_no_body(served: Served) -> None:
    """HEAD: the head of the GET, its length too, and nothing behind it."""
    reader, writer = await served.connect()
    writer.write(get(LIVE, "Connection: close", method="HEAD"))
    async with asyncio.timeout(PATIENCE):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 15" in head
    assert body == b""


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\u2028b"])
async def test_no_header_ends_early(value: str) -> None:
    """A value of two lines would let its author write headers, or a reply, of their own."""
    reply = ReadyReply(body=b"{}")
    reply.headers["X-Request-ID"] = value
    await reply.prepare(make_mocked_request("GET", "/", headers={"Host": "x"}))
    with pytest.raises(ValueError, match="one line"):
        await reply.write_eof()


async def test_it_is_an_ordinary_response() -> None:
    """What a middleware or a test asks of a response."""
    reply = ReadyReply(body=b"{}", status=503)
    reply.headers["Retry-After"] = "1"
    assert isinstance(reply, web.Response)
    assert (reply.status, reply.reason, reply.body) == (503, "Service Unavailable", b"{}")
