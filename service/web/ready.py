"""A reply whose head is put together at once: aiohttp's way costs as much as the rest of a request.

It is an ordinary response to everybody who looks at it. Only a reply that needs what aiohttp works
out (HTTP/1.0, a connection about to close, a request by HEAD) takes aiohttp's way.
"""

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Server": "inphora-auth",
}
"""What every response carries."""

NO_STORE = {"Cache-Control": "no-store"}
FIXED = {"Content-Type": "application/json", **NO_STORE, **SECURITY_HEADERS}
_HEAD = "HTTP/1.1 {} {}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in FIXED.items())
OK = 200
_OK = _HEAD.format(OK, "OK")


class ReadyReply(web.Response):
    """JSON that nobody may keep, from bytes. Its `headers` are those that come on top of FIXED."""

    _by_us = False

    def __init__(self, *, body: bytes, status: int = 200) -> None:
        web.StreamResponse.__init__(self, status=status)  # Response's own looks at what is not here
        self._body, self._compressed_body = body, None

    async def _start(self, request: web.BaseRequest) -> AbstractStreamWriter:
        keep_alive = request.keep_alive if self._keep_alive is None else self._keep_alive
        if not keep_alive or request.version != HttpVersion11 or self._must_be_empty_body:
            self.headers.extend(FIXED)
            return await super()._start(request)
        self._by_us = self._keep_alive = True
        self._req = request
        self._payload_writer = writer = request.writer
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send head and body in one write. Raises ValueError for a header of two lines."""
        writer, body = self._payload_writer, self._body
        if not self._by_us or writer is None or not isinstance(body, bytes):
            await super().write_eof(data)
            return
        more = "".join([f"{name}: {value}\r\n" for name, value in self.headers.items()])
        if len(more.splitlines()) != len(self.headers):
            message = "a header must be one line"
            raise ValueError(message)
        head = _OK if self.status == OK else _HEAD.format(self.status, self.reason)
        tail = f"Date: {rfc822_formatted_time()}\r\nContent-Length: {len(body)}\r\n\r\n"
        await writer.write_eof((head + more + tail).encode() + body)
        self._eof_sent = True
        self._req = self._payload_writer = None
