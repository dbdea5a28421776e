"""A mail server that is one, an empty table of mails, and a worker whose clock the test moves."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from secrets import token_bytes
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from sqlalchemy import text

from service.contracts.mails import Mail, MailTemplate
from service.contracts.vitals import Vitals
from service.domain.secrets import at_rest
from service.outbound.mails.carriers import OpenCarrier, open_carrier
from service.outbound.mails.letter import Letters
from service.store.audit import AuditRecords
from service.store.database import Database
from service.store.event_log import EventLog
from service.store.mail_outbox import MailOutbox
from service.store.mail_queue import MailQueue
from service.store.notices import Notices
from tests.conftest import SECRET_KEY
from tests.support.audit import person_keys
from tests.webhooks.conftest import Clock
from workers.mails import SendMails

HOST = "127.0.0.1"
TOKEN = "a-secret-that-opens-an-account"
LINK = f"https://auth.example/reset#token={TOKEN}"


@dataclass
class Postbox:
    """What an SMTP server took; `answers` are given first, one a mail, to what `at` names."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    at: str = "RCPT"
    connections: int = 0
    took: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event | None = None
    """Keeps the answer to a mail that was taken back until it is set."""

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}"

    async def handle_MAIL(self, *given: Any) -> str:  # noqa: N802 - aiosmtpd's name
        _, _, envelope, address, _ = given
        envelope.mail_from = address
        return self._answer("MAIL", "250 OK")

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: N802
        _, _, envelope, address, _ = given
        envelope.rcpt_tos.append(address)
        return self._answer("RCPT", "250 OK")

    async def handle_DATA(self, *given: Any) -> str:  # noqa: N802
        *_, envelope = given
        answer = self._answer("DATA", "250 taken")
        if answer.startswith("250"):
            self.got.append(message_from_bytes(envelope.original_content, policy=default))
            self.recipients += envelope.rcpt_tos
            self.took.set()
            if self.hold is not None:
                await self.hold.wait()
        return answer

    def _answer(self, command: str, good: str) -> str:
        return self.answers.pop(0) if self.at == command and self.answers else good


@asynccontextmanager
async def postbox(*, port: int = 0, **given: Any) -> AsyncIterator[Postbox]:
    """An SMTP server on loopback; `given` goes to aiosmtpd."""
    box, loop = Postbox(), asyncio.get_running_loop()

    def serve() -> SMTP:
        box.connections += 1
        return SMTP(box, hostname="mx.example", loop=loop, **given)

    server = await loop.create_server(serve, HOST, port)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


def takes(user: str, password: str, *, plain: bool) -> dict[str, Any]:
    """What makes a server ask for this password; `plain`: it takes it without TLS, too."""

    def check(*given: Any) -> AuthResult:
        told = given[-1]
        right = (told.login, told.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return {"authenticator": check, "auth_required": not plain, "auth_require_tls": not plain}


def server_context(certificate: Any) -> ssl.SSLContext:
    """TLS of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


@dataclass(frozen=True)
class Office:
    """The table of mails, who writes into it, and workers that empty it."""

    database: Database
    outbox: MailOutbox
    queue: MailQueue
    audit: AuditRecords
    events: EventLog
    clock: Clock
    vitals: Vitals = field(default_factory=Vitals)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    async def rows(self) -> list[Any]:
        return await self.sql("select * from mails order by id")

    async def put(self, to: str = "ada@people.example", **given: Any) -> None:
        told = {"template": MailTemplate.RESET_PASSWORD, "params": {"link": LINK}, **given}
        await self.outbox.put(None, Mail(to=to, **told))
        self.clock.ms += 1000  # the row's own clock may be ahead by a little

    async def waiting(self) -> list[tuple[str, str, dict[str, Any], str | None]]:
        """Templates and what they are told, oldest first."""
        found = []
        for row in await self.rows():
            opened = self.queue._open(row.sealed)
            found.append((row.template, opened["to"], opened["params"], row.user_id))
        return found

    def worker(self, url: str | None, **given: Any) -> SendMails:
        """One that sends to a server; `open_carrier` goes before."""
        opening: OpenCarrier | None = given.pop("open_carrier", None) or open_carrier(
            url, given.pop("folder", None)
        )
        letters = Letters(
            sender="Inphora <no-reply@mail.example>", product=given.pop("product", "Inphora")
        )
        return SendMails(
            self.queue, letters, opening, self.events, self.clock, lambda: 0.0, self.vitals
        )


@pytest.fixture
async def office(database: Database, scripts: Any) -> AsyncIterator[Office]:
    """Nobody else's mails are there."""
    sealer, clock = at_rest([SECRET_KEY], token_bytes), Clock()
    outbox = MailOutbox(database, sealer)
    opened = Office(
        database,
        outbox,
        MailQueue(database, sealer),
        AuditRecords(database, person_keys(database), clock, notices=Notices(outbox)),
        EventLog(scripts),
        clock,
    )
    await opened.sql("truncate mails")
    yield opened
    await opened.sql("truncate mails")


@pytest.fixture
async def box() -> AsyncIterator[Postbox]:
    """A server that takes everything."""
    async with postbox() as taking:
        yield taking


@pytest.fixture
def said(redis: Any) -> Callable[[], Any]:
    """What the streams say of mails, newest last."""

    async def read() -> list[dict[str, str]]:
        from service.contracts import keys

        found = []
        for partition in range(keys.PARTITIONS):
            for entry_id, fields in await redis.xrange(keys.events(partition)):
                told = {name.decode(): value.decode() for name, value in fields.items()}
                if told["type"].startswith("mail."):
                    found.append((entry_id, told))
        return [told for _, told in sorted(found, key=lambda each: each[0])]

    return read
