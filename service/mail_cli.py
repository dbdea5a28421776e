"""The commands of whoever sees to it that mails go out."""

import asyncio
import time
from datetime import UTC, datetime

import click

from config.logging import configure_logging
from config.settings import Settings, read_settings
from service.contracts.mails import Mail, MailTemplate
from service.outbound.mails.carriers import open_carrier
from service.outbound.mails.delivery import Delivery, Fate
from service.outbound.mails.letter import AddressUnusableError, Letters
from service.outbound.mails.smtp import MailServer, ServerAwayError, by_smtp
from service.refusals import fail, refusals


@click.group()
def mail() -> None:
    """Mails to people: docs/mail.md."""


@mail.command()
@click.argument("address")
def test(address: str) -> None:
    """Send ADDRESS a mail now, as a worker would; exit code 1 unless the mail server takes it."""
    settings = read_settings()
    configure_logging(level="info", form="console", process="cli")
    with refusals():
        try:
            delivery = asyncio.run(send_test(settings, address))
        except AddressUnusableError:
            fail("this is no address that a mail can go to")
    if delivery is None:
        fail("set SMTP_URL, or MAIL_DIR to have mails as files")
    if delivery.fate is not Fate.SENT:
        fail(f"it was not taken: {delivery.why}")
    click.echo(f"a test is on its way to {address}")


async def send_test(settings: Settings, address: str) -> Delivery | None:
    """What came of it; None where no way is set. Raises AddressUnusableError."""
    opening = open_carrier(settings.mail_server, settings.mail_dir)
    if opening is None:
        return None
    letters = Letters(
        sender=settings.mail_from, product=settings.product_name, templates=settings.mail_templates
    )
    at = datetime.now(UTC)
    message = letters.write(Mail(MailTemplate.TEST, address), number=time.time_ns(), at=at)
    async with opening() as carrier:
        return await carrier.deliver(message)


async def check_server(url: str) -> str | None:
    """Why no mail could be handed to the server of SMTP_URL; None: it would take one."""
    async with by_smtp(MailServer.of(url)) as carrier:
        try:
            await carrier.check()
        except ServerAwayError as error:
            return str(error)
    return None
