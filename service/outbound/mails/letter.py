"""From what a mail is to say to a message in two forms, text and HTML, of one template each."""

import re
import textwrap
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
)

from service.contracts.mails import Mail
from service.domain.users import is_email

WIDTH = 72
HOST = re.compile(r"[A-Za-z0-9.-]+")
GAP = re.compile(r"\n{3,}")


class AddressUnusableError(ValueError):
    """No mail can go to what stands where an address should."""


class Letters:
    """Writes messages. `templates`: a directory whose files go before ours; None: ours.

    `sender` is MAIL_FROM, `product` PRODUCT_NAME.
    """

    def __init__(self, *, sender: str, product: str, templates: Path | None = None) -> None:
        own: list[BaseLoader] = [FileSystemLoader(templates)] if templates else []
        loader = ChoiceLoader([*own, PackageLoader("service.outbound.mails")])
        html = _environment(loader)
        self._forms = {"html": html, "text": html.overlay(autoescape=False)}
        self._sender = sender
        self._product = product

    @property
    def sender(self) -> str:
        """The address that mails come from."""
        return parseaddr(self._sender)[1]

    def write(self, mail: Mail, *, number: int, at: datetime) -> EmailMessage:
        """A message; the same number and instant give the same Message-ID.

        Raises AddressUnusableError, and jinja2's TemplateError when a parameter is missing.
        """
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = to_address(mail.to)
        message["Subject"] = self._subject(mail)
        message["Date"] = format_datetime(at.astimezone(UTC))
        stamp = round(at.timestamp() * 1000)
        message["Message-ID"] = (
            f"<{number}.{stamp}.{mail.template}@{self.sender.partition('@')[2]}>"
        )
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no robot answers
        message.set_content(GAP.sub("\n\n", self._render("text", mail)))
        message.add_alternative(self._render("html", mail), subtype="html")
        return message

    def _render(self, form: str, mail: Mail) -> str:
        return (
            self._forms[form].get_template(f"{mail.template}.jinja").render(self._told(form, mail))
        )

    def _subject(self, mail: Mail) -> str:
        """The title; whatever stands in it, it stays one line."""
        template = self._forms["text"].get_template(f"{mail.template}.jinja")
        context = template.new_context(self._told("text", mail))
        title = _line("".join(template.blocks["title"](context)))
        return f"{_line(self._product)}: {title}"

    def _told(self, form: str, mail: Mail) -> dict[str, Any]:
        return {**mail.params, "form": form, "product": self._product}


def to_address(text: str) -> Address:
    """An address as it goes into a header; its host in ASCII. Raises AddressUnusableError."""
    if not is_email(text):
        raise AddressUnusableError
    name, _, host = text.strip().rpartition("@")
    try:
        domain = host.encode("idna").decode()
        address = Address(username=name, domain=domain)
    except (ValueError, IndexError) as error:
        raise AddressUnusableError from error
    if not HOST.fullmatch(domain):
        raise AddressUnusableError
    return address


def _environment(loader: BaseLoader) -> Environment:
    """Of HTML; whatever a template is told is text in it."""
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"fold": _fold, "instant": _instant, "line": _line}
    return environment


def _line(text: str) -> str:
    """One line of what may come from anybody."""
    return " ".join(text.split())


def _fold(text: str) -> str:
    """A paragraph of lines that any mail program shows."""
    return textwrap.fill(_line(text), WIDTH, break_long_words=False, break_on_hyphens=False)


def _instant(text: str) -> str:
    """`23 November 2026, 21:50 UTC` of RFC 3339; what is none stays as it is."""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return _line(text)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
