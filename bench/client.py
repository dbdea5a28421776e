"""An HTTP/1.1 client that costs a few microseconds a request: one core must outrun the server.

Each connection keeps one request under way, as a browser would: closed loop, no pipelining. It
reads only what the servers measured here send: a Content-Length, and connections kept alive.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol, cast

from bench.errors import BenchError

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"
ANSWER_SECONDS = 15.0
POLL_SECONDS = 0.005


class Caller(Protocol):
    """Who speaks over one connection."""

    def request(self) -> bytes:
        """The next request, head and body."""

    def take(self, body: bytes) -> None:
        """Learn from the body of its reply. Raises BenchError for one that should not be."""


@dataclass(frozen=True, slots=True)
class Window:
    """What was measured between two instants. Latencies are seconds, sorted."""

    seconds: float
    cpu_seconds: float
    latencies: Sequence[float]

    @property
    def requests(self) -> int:
        """How many replies came."""
        return len(self.latencies)


async def drive(
    port: int,
    callers: Sequence[Caller],
    *,
    warm_up: float,
    seconds: float,
    cpu: Callable[[], float],
) -> Window:
    """Let callers call for `warm_up` and then `seconds`; measure the latter.

    `cpu` is the server's CPU clock. Raises BenchError for any reply but a 200.
    """
    loop = asyncio.get_running_loop()
    load = _Load(loop.create_future())
    connections = [_Connection(caller, load) for caller in callers]
    try:
        for connection in connections:
            await loop.create_connection(lambda c=connection: c, "127.0.0.1", port)  # type: ignore[misc]
        for connection in connections:
            connection.send()
        await load.run_for(warm_up)
        load.latencies.clear()
        started, used = perf_counter(), cpu()
        await load.run_for(seconds)
        window = Window(perf_counter() - started, cpu() - used, sorted(load.latencies))
        await load.end([connection.finished for connection in connections])
    finally:
        for connection in connections:
            connection.close()
    if not window.latencies:
        message = f"no reply within {seconds} s"
        raise BenchError(message)
    return window


class _Load:
    """What all connections share."""

    def __init__(self, failed: asyncio.Future[None]) -> None:
        self.failed = failed
        self.latencies: list[float] = []
        self.stopping = False

    def fail(self, reason: str) -> None:
        if not self.failed.done():
            self.failed.set_exception(BenchError(reason))

    async def run_for(self, seconds: float) -> None:
        """Return after so long, or raise BenchError as soon as anything went wrong."""
        await asyncio.wait({self.failed}, timeout=seconds)
        if self.failed.done():
            self.failed.result()

    async def end(self, finished: Sequence[asyncio.Future[None]]) -> None:
        """Let every connection have the reply it waits for, and none send again."""
        self.stopping = True
        deadline = perf_counter() + ANSWER_SECONDS
        while any(not future.done() for future in finished):
            if perf_counter() > deadline:
                self.fail(f"a reply took longer than {ANSWER_SECONDS} s")
            await self.run_for(POLL_SECONDS)
        await self.run_for(0)


class _Connection(asyncio.Protocol):
    def __init__(self, caller: Caller, load: _Load) -> None:
        self.finished: asyncio.Future[None] = load.failed.get_loop().create_future()
        self._caller, self._load = caller, load
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def send(self) -> None:
        """Send the caller's next request."""
        assert self._transport is not None
        request = self._caller.request()
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        head_end = received.find(HEAD_END)
        length = LENGTH.search(received, 0, head_end + 2) if head_end >= 0 else None
        if length is None:
            if head_end >= 0:
                self._load.fail(f"a reply without a length: {received[:200]!r}")
            self._received = received
            return
        start = head_end + len(HEAD_END)
        if len(received) < start + int(length[1]):
            self._received = received
            return
        self._received = b""
        self._load.latencies.append(perf_counter() - self._sent)
        self._accept(received, start)

    def connection_lost(self, _: Exception | None) -> None:
        if not self.finished.done():
            self._load.fail("the server closed a connection")

    def close(self) -> None:
        """Hang up; safe at any time."""
        if not self.finished.done():
            self.finished.set_result(None)
        if self._transport is not None:
            self._transport.close()

    def _accept(self, reply: bytes, start: int) -> None:
        if not reply.startswith(b"HTTP/1.1 200 "):
            self._load.fail(f"not a 200: {reply[:600].decode(errors='replace')}")
            return
        try:
            self._caller.take(reply[start:])
        except BenchError as error:
            self._load.fail(str(error))
            return
        if self._load.stopping:
            self.finished.set_result(None)
        else:
            self.send()
