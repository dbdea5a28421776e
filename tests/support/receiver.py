"""A product's side of webhooks: a real server on loopback that keeps what it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Posted:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(slots=True)
class Receiver:
    """What it got, and how it answers from now on."""

    url: str = ""
    got: list[Posted] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    endless: bool = False
    """It never stops answering."""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared, it takes requests and does not answer."""
    waiting: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Posted(request.path_qs, headers, await request.read()))
        self.waiting += 1
        try:
            await self.open.wait()
        finally:
            self.waiting -= 1
        if self.endless:
            response = web.StreamResponse(status=self.status)
            await response.prepare(request)
            while True:
                await response.write(b"x" * 65_536)
        return web.Response(status=self.status, headers=self.headers)

    def ids(self) -> list[str]:
        return [each.id for each in self.got]


@asynccontextmanager
async def receiver(*, ssl: Any = None, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """One that is there until the block ends, and answers 200."""
    taking = Receiver()
    taking.open.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", taking.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, 0, ssl_context=ssl)
        await site.start()
        port = runner.addresses[0][1]
        taking.url = f"{'https' if ssl else 'http'}://{host}:{port}/hooks"
        yield taking
    finally:
        taking.open.set()
        await runner.cleanup()
