"""HTTP by hand: bytes that no client would send, and whole problems."""

import asyncio
import json
from dataclasses import dataclass

from multidict import CIMultiDict

from service.web.routes import ROUTES
from tests.support.people import Reply
from tests.support.waiting import PATIENCE

METHODS = {route.path: route.method for route in reversed(ROUTES) if route.body}
"""Of a path that takes bodies by several, the first."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server; what it does with bytes that no client would send."""

    host: str
    port: int

    @property
    def base(self) -> str:
        """Its URL."""
        return f"http://{self.host}:{self.port}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    async def send(self, sent: bytes, *, then_close: bool = False) -> Reply:
        """Send bytes on a connection of their own and read one response."""
        reader, writer = await self.connect()
        try:
            writer.write(sent)
            if then_close:
                writer.write_eof()
            async with asyncio.timeout(PATIENCE):
                return await read_reply(reader)
        finally:
            writer.close()

    async def post(
        self, path: str, body: bytes, *headers: str, token: str = "", method: str = ""
    ) -> Reply:
        """Send a body as its route takes one; of the headers only Host is given, and JSON by default."""
        lines = [f"{method or METHODS.get(path, 'POST')} {path} HTTP/1.1", "Host: x", *headers]
        if not any(line.lower().startswith("content-type") for line in headers):
            lines.append("Content-Type: application/json")
        if not any(line.lower().startswith("transfer-encoding") for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        if token:
            lines.append(f"Authorization: Bearer {token}")
        return await self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """One response; status 0 when the connection was closed without one."""
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return Reply(0, CIMultiDict(), "")
    status, *lines = head.decode("latin-1").split("\r\n")[:-2]
    pairs = (line.partition(": ") for line in lines)
    headers = CIMultiDict((name, value) for name, _, value in pairs)
    text = (await reader.readexactly(int(headers.get("Content-Length", 0)))).decode()
    body = json.loads(text) if "json" in headers.get("Content-Type", "") else text
    return Reply(int(status.split()[1]), headers, body)


def refusal(reply: Reply) -> tuple[int, str]:
    """The status and code of a problem, once it is seen to be a whole one (RFC 9457, API.md)."""
    assert reply.headers["Content-Type"] == "application/problem+json", reply
    members = {"type", "title", "status", "detail", "code", "request_id"}
    assert set(reply.body) - {"errors", "reason"} == members
    assert ("errors" in reply.body) is (reply.code == "validation_failed")
    assert reply.body["type"] == f"/problems/{reply.code}"
    assert reply.body["status"] == reply.status
    assert reply.body["request_id"] == reply.headers["X-Request-ID"]
    assert reply.headers["Cache-Control"] == "no-store"
    return reply.status, reply.code
