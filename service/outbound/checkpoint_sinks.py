"""Where checkpoints go so that a copy is out of the database's reach: a file, HTTPS, or S3."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from service.domain.reach import Reach
from service.outbound.http import Outbound


class Signed(Protocol):
    """What a sink takes: a checkpoint, or whatever else is signed and kept as a line."""

    @property
    def name(self) -> str:
        """Unlike that of any other; no slash."""

    def to_line(self) -> str:
        """JSON and a newline."""


class CheckpointSink(Protocol):
    """Takes checkpoints, each at least once and in order."""

    async def deliver(self, signed: Signed) -> None:
        """Return when it is kept. Raises OSError when it can't."""


@dataclass(frozen=True, slots=True)
class FileSink:
    """A line each, at the end of a file."""

    path: Path

    async def deliver(self, signed: Signed) -> None:
        await asyncio.to_thread(_append, self.path, signed.to_line().encode())


@dataclass(frozen=True, slots=True)
class HttpSink:
    """A POST each; 2xx says that it is kept."""

    address: str
    token: str | None = field(repr=False)
    http: Outbound

    async def deliver(self, signed: Signed) -> None:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = await self.http.post(self.address, signed.to_line().encode(), headers)
        if not answer.ok:
            said = answer.error or f"it answered {answer.status}"
            message = f"AUDIT_CHECKPOINT_SINK does not take {signed.name}: {said}"
            raise OSError(message)


@asynccontextmanager
async def open_sink(
    address: str | None, *, token: str | None = None
) -> AsyncIterator[CheckpointSink | None]:
    """The sink of an address as AUDIT_CHECKPOINT_SINK has it; None without one.

    The operator names it, so it may be anywhere. `token` goes to HTTPS as `Authorization: Bearer`.
    """
    if not address:
        yield None
        return
    parts = urlsplit(address)
    if parts.scheme == "s3":
        from service.outbound.s3 import S3Sink  # noqa: PLC0415 - needs the s3 extra

        yield S3Sink.of(address)
    elif parts.scheme in {"http", "https"}:
        async with Outbound(Reach.ALLOW) as http:
            yield HttpSink(address, token, http)
    else:
        yield FileSink(Path(parts.path))


def _append(path: Path, line: bytes) -> None:
    """One write, so that two workers' lines do not mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
