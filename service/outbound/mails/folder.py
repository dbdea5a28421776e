"""Mails as files, for development: nobody is written to, and a link is there to be clicked."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from secrets import token_hex

import structlog

from service.outbound.mails.delivery import Delivery, Fate

_LINK = re.compile(r"https?://\S+")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FolderCarrier:
    """Writes `.eml` files that only their owner can read, and prints the link of each."""

    folder: Path

    async def deliver(self, message: EmailMessage) -> Delivery:
        """Write one; the same Message-ID goes to the same file."""
        name = re.sub(r"[^\w.-]", "_", message["Message-ID"].strip("<>").rpartition("@")[0])
        path = self.folder / f"{name}.eml"
        try:
            await asyncio.to_thread(_write, path, message.as_bytes())
        except OSError as error:
            return Delivery(Fate.AWAY, f"MAIL_DIR: {error.strerror}")
        text = message.get_body(("plain",))
        links = _LINK.findall(text.get_content()) if text else []
        log.info(
            "mail.written",
            to=str(message["To"]),
            subject=str(message["Subject"]),
            file=str(path),
        )
        if links:  # beside the log, which hides what opens an account
            sys.stdout.write(f"  {message['Subject']}: {links[0]}\n")
            sys.stdout.flush()
        return Delivery(Fate.SENT)


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.replace(path)


@asynccontextmanager
async def into_folder(folder: Path) -> AsyncIterator[FolderCarrier]:
    """A carrier; there is nothing to close."""
    yield FolderCarrier(folder)
