"""Mails by SMTP (RFC 5321), over one connection for many; every wait is bounded."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from socket import gethostname
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from service.outbound.mails.delivery import Delivery, Fate

CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 20.0
MAIL_SECONDS = 60.0
PER_CONNECTION = 50
"""Servers end a connection that carries too many."""
CLOSING, AUTHENTICATE = 421, 530
"""Answers that may come to any command, and are no word on the mail."""
PORTS = {"smtp": 587, "smtps": 465}
STARTTLS: dict[str, bool | None] = {"required": True, "auto": None, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """What SMTP_URL says. `starttls` True: never without, None: where it is on offer."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    starttls: bool | None = None

    @classmethod
    def of(cls, url: str) -> Self:
        """Read `smtp://user:password@host:587?starttls=required` or `smtps://…`.

        A password is sent only in secret, unless the URL says `starttls=off`.
        """
        parts = urlsplit(url)
        tls, user = parts.scheme == "smtps", unquote(parts.username or "") or None
        said = parse_qs(parts.query).get("starttls", ["required" if user else "auto"])[-1]
        return cls(
            host=parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            user=user,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
            starttls=False if tls else STARTTLS[said],
        )


class ServerAwayError(Exception):
    """No mail can be handed to the server; the text says why, in words of ours."""


@dataclass(slots=True)
class SmtpCarrier:
    """Connects when the first mail comes. `trust` checks certificates; None: as the system does."""

    server: MailServer
    trust: ssl.SSLContext | None = None
    _client: aiosmtplib.SMTP | None = None
    _carried: int = 0

    async def deliver(self, message: EmailMessage) -> Delivery:
        """Hand one on. What broke a connection leaves none behind."""
        try:
            client = await self._connected()
        except ServerAwayError as error:
            return Delivery(Fate.AWAY, str(error))
        try:
            async with asyncio.timeout(MAIL_SECONDS):
                await client.send_message(message)
        except (aiosmtplib.SMTPException, OSError) as error:
            delivery = _told(error)
            if delivery.fate is Fate.AWAY:
                self._drop()
            return delivery
        except BaseException:  # in the middle of a command: nobody knows what the server waits for
            self._drop()
            raise
        self._carried += 1
        return Delivery(Fate.SENT)

    async def check(self) -> None:
        """Connect, with TLS and password as a mail would. Raises ServerAwayError."""
        await self._connected()

    async def aclose(self) -> None:
        """Say goodbye."""
        client, self._client, self._carried = self._client, None, 0
        if client is not None and client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._carried >= PER_CONNECTION or (self._client and not self._client.is_connected):
            await self.aclose()
        if self._client is None:
            self._client = await self._connect()
        return self._client

    async def _connect(self) -> aiosmtplib.SMTP:
        server = self.server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls,
            start_tls=server.starttls,
            tls_context=self.trust,
            local_hostname=gethostname(),  # the default asks DNS, and may wait long for it
            timeout=COMMAND_SECONDS,
        )
        try:
            async with asyncio.timeout(MAIL_SECONDS):
                await client.connect(timeout=CONNECT_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise ServerAwayError(_why_away(error)) from error
        return client

    def _drop(self) -> None:
        client, self._client, self._carried = self._client, None, 0
        if client is not None:
            client.close()


@asynccontextmanager
async def by_smtp(
    server: MailServer, trust: ssl.SSLContext | None = None
) -> AsyncIterator[SmtpCarrier]:
    """A carrier whose connection ends with the block."""
    carrier = SmtpCarrier(server, trust)
    try:
        yield carrier
    finally:
        await carrier.aclose()


def _told(error: Exception) -> Delivery:
    """What an error after connecting says of the mail."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return _by_code(first.code)
        case aiosmtplib.SMTPSenderRefused(code=code):
            return Delivery(Fate.AWAY, f"the sender is refused: {code}")  # MAIL_FROM, not the mail
        case aiosmtplib.SMTPNotSupported():
            return Delivery(Fate.NEVER, "address_unsupported")  # RFC 6531 is not spoken there
        case aiosmtplib.SMTPResponseException(code=code):
            return _by_code(code)
        case _:
            return Delivery(Fate.AWAY, _why_away(error))


def _by_code(code: int) -> Delivery:
    if code in {CLOSING, AUTHENTICATE}:
        return Delivery(Fate.AWAY, f"the server refuses us: {code}")
    return Delivery(Fate.NEVER if code >= 500 else Fate.LATER, f"smtp_{code}")


def _why_away(error: Exception) -> str:
    """In words of ours: a server's may hold an address."""
    for each in (error, error.__cause__):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {each.verify_message}"
    match error:
        case aiosmtplib.SMTPAuthenticationError(code=code):
            return f"user or password is refused: {code}"
        case aiosmtplib.SMTPResponseException(code=code):
            return f"the server refuses us: {code}"
        case aiosmtplib.SMTPException(message=why) if "STARTTLS" in str(why):
            return "it offers no STARTTLS, which SMTP_URL wants"
    return "no answer in time" if isinstance(error, TimeoutError) else "no connection"
