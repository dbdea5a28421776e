"""A TCP proxy between the service and Redis that can be slow, cut replies, or swallow everything."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

CHUNK = 65_536


class Mode(StrEnum):
    """PASS; SLOW: every reply waits; CUT: a reply ends in its middle; SILENT: nothing passes."""

    PASS = "pass"
    SLOW = "slow"
    CUT = "cut"
    SILENT = "silent"


@dataclass
class Proxy:
    """Forwards a port of 127.0.0.1 to another."""

    target: int
    delay: float
    mode: Mode = Mode.PASS
    port: int = 0
    _server: asyncio.Server | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        writers = [writer]
        try:
            to_server = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(to_server[1])
            pipes = {
                asyncio.create_task(self._pipe(reader, to_server[1], replies=False)),
                asyncio.create_task(self._pipe(to_server[0], writer, replies=True)),
            }
            try:
                await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pipe in pipes:
                    pipe.cancel()
                await asyncio.gather(*pipes, return_exceptions=True)
        except OSError:
            return  # nobody there: the client sees its connection closed
        finally:
            for open_writer in writers:
                open_writer.close()
            self._connections.discard(connection)

    async def _pipe(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, replies: bool
    ) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if self.mode is Mode.SILENT:
                    continue  # lost on the way; the connection stays
                if self.mode is Mode.SLOW and replies:
                    await asyncio.sleep(self.delay)
                if self.mode is Mode.CUT and replies and len(data) > 1:
                    sink.write(data[: len(data) // 2])
                    return
                sink.write(data)
                await sink.drain()
