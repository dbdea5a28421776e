"""The HTTP server: what a client may take its time over, and what it hears when it is no client.

aiohttp waits for a request's head as long as it keeps an idle connection, which must be longer
than a load balancer does; so a connection gets a shorter time for a head that it has begun. A body
has its own limit (`service.web.bodies`), and one that nobody reads is drained for LINGER_SECONDS.
"""

import asyncio
import gc
import signal
from secrets import token_hex
from typing import Any

import structlog
from aiohttp import web

from service.domain.errors import BadRequestError
from service.web.middleware import stamp
from service.web.problems import internal_error, problem

HEAD_SECONDS = 10.0
LINGER_SECONDS = 3.0
KEEP_ALIVE_SECONDS = 75.0
STOP_SECONDS = 19.0
COLLECT_EVERY = (10_000, 20, 50)
"""A request leaves no cycles behind; looking for some after every 700 objects costs 5 % of it."""

log = structlog.get_logger("service.web")


class Connection(web.RequestHandler):
    """One connection. A first head is awaited from its start, a later one from its first byte.

    A beginning that was pipelined behind a whole request is cut with the idle connection at last.
    """

    __slots__ = ("_head_timer", "_heads")

    def __init__(self, manager: web.Server, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._heads = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._head_timer = self._loop.call_later(HEAD_SECONDS, self.force_close)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._request_count != self._heads:
            self._heads = self._request_count
            self._forget_timer()
        elif data and self._head_timer is None and self._waiter and not self._waiter.done():
            self._head_timer = self._loop.call_later(HEAD_SECONDS, self.force_close)

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002
        """Only what was paused: aiohttp asks for it twice a body, at a system call each."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp would say in plain text, with what it could not read and its version."""
        if request.writer.output_size > 0:
            raise ConnectionError(message)
        request_id = token_hex(16)
        if status >= 500:
            log.error("request.failed", request_id=request_id, exc_info=exc)
            response = internal_error(request_id=request_id)
        else:
            log.info("request.unreadable", request_id=request_id, error=type(exc).__name__)
            response = problem(BadRequestError(), request_id=request_id)
        stamp(response, request_id=request_id)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Only aiohttp itself answers by exception: to an Expect header that it does not know."""
        if isinstance(resp, web.HTTPException):
            request_id = token_hex(16)
            resp = problem(BadRequestError(), request_id=request_id)
            stamp(resp, request_id=request_id)
        return await super().finish_response(request, resp, start_time)

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class Server(web.Server):
    """Makes our connections."""

    def __call__(self) -> Connection:
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """What serves the application, under `serve` and gunicorn alike.

    No body is ever decompressed: none of ours may come with a Content-Encoding.
    """

    def __init__(self, app: web.Application) -> None:
        super().__init__(
            app,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            lingering_time=LINGER_SECONDS,
            shutdown_timeout=STOP_SECONDS,
        )

    async def setup(self) -> None:
        """Start, and spare the garbage collector what lives as long as the process."""
        await super().setup()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_EVERY)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Server(
            made.request_handler,
            request_factory=made.request_factory,
            loop=made._loop,  # noqa: SLF001 - a copy of what it was given
            **made._kwargs,  # noqa: SLF001
        )


async def serve_until_told(app: web.Application, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    runner = Runner(app)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        await told.wait()
    finally:
        await runner.cleanup()
