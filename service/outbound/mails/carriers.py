"""Which way mails go, by the settings."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

from service.outbound.mails.delivery import Carrier
from service.outbound.mails.folder import into_folder
from service.outbound.mails.smtp import MailServer, by_smtp

OpenCarrier = Callable[[], AbstractAsyncContextManager[Carrier]]


def open_carrier(smtp_url: str | None, folder: Path | None) -> OpenCarrier | None:
    """MAIL_DIR goes before SMTP_URL; None: mails wait."""
    if folder is not None:
        return partial(into_folder, folder)
    return partial(by_smtp, MailServer.of(smtp_url)) if smtp_url else None
