"""Where checkpoints and stubs go so that a copy is out of the database's reach: a file, or an HTTPS address."""

import asyncio
import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from service.domain.signed import Signed

POST_SECONDS = 10.0


class CheckpointSink:
    """Takes signed lines, each at least once and in order. Raises OSError when it can't."""

    def __init__(self, address: str) -> None:
        """A path, `file:///path`, or `https://…` (`http://` to this machine)."""
        self._address = address

    async def deliver(self, signed: Signed) -> None:
        """Return when it is on the disk, or the address answered 2xx."""
        line = signed.to_line().encode()
        parts = urlsplit(self._address)
        if parts.scheme in {"http", "https"}:
            await asyncio.to_thread(_post, self._address, line)
        else:
            await asyncio.to_thread(_append, Path(parts.path or self._address), line)


def _append(path: Path, line: bytes) -> None:
    """One write, so that two workers' lines do not mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _post(address: str, line: bytes) -> None:
    request = Request(  # noqa: S310 - the setting allows nothing but these schemes
        address, data=line, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urlopen(request, timeout=POST_SECONDS):  # noqa: S310 - a refusal is an OSError
        return
