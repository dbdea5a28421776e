"""Every mail says what it should, in both forms, whatever it is told."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from service.contracts.mails import Mail, MailTemplate
from service.outbound.mails.delivery import Fate
from service.outbound.mails.folder import FolderCarrier
from service.outbound.mails.letter import Letters
from tests.support.mails import body_of

AT = datetime(2026, 11, 23, 21, 50, tzinfo=UTC)
LINK = "https://auth.example/verify#token=abc&x=1"
FACTS = {"when": "2026-11-23T21:50:00.000Z", "device": "Firefox on Linux", "ip": "203.0.113.7"}
NEEDED: dict[MailTemplate, dict[str, str]] = {
    MailTemplate.VERIFY_EMAIL: {"link": LINK},
    MailTemplate.ALREADY_REGISTERED: {
        "sign_in": "https://auth.example/",
        "reset": "https://auth.example/forgot",
    },
    MailTemplate.RESET_PASSWORD: {"link": LINK},
    MailTemplate.CHANGE_EMAIL: {"link": LINK},
    MailTemplate.RECOVERY_CODE_USED: {"left": "9"},
}
MORE: dict[MailTemplate, dict[str, str]] = {
    MailTemplate.PASSKEY_ADDED: {"name": "My key"},
    MailTemplate.PASSKEY_REMOVED: {"name": "My key"},
    MailTemplate.ACCOUNT_LOCKED: {"until": "2026-11-23T22:05:00Z", "by": "administrator"},
}
NOTICES = set(MailTemplate) - NEEDED.keys() | {MailTemplate.RECOVERY_CODE_USED}


@pytest.fixture(scope="module")
def letters() -> Letters:
    return Letters(sender="Inphora <no-reply@mail.example>", product="Inphora")


@pytest.mark.parametrize("template", MailTemplate)
def test_every_mail_in_both_forms(letters: Letters, template: MailTemplate) -> None:
    """With the least and with all it may be told; each form has all of it."""
    for more in ({}, {**MORE.get(template, {}), **FACTS}):
        params = {**NEEDED.get(template, {}), **more}
        message = letters.write(
            Mail(template, "ada@people.example", params=params), number=7, at=AT
        )
        plain = body_of(message, "plain")
        page = body_of(message, "html")
        assert message["Subject"].startswith("Inphora: ")
        assert message["Subject"].removeprefix("Inphora: ") in page
        assert max(len(line) for line in plain.splitlines() if "://" not in line) <= 72
        assert "\n\n\n" not in plain
        for name, value in params.items():
            said = {"when": "23 November 2026, 21:50 UTC", "until": "23 November 2026, 22:05 UTC"}
            shown = said.get(name, value)
            assert shown in " ".join(plain.split())
            assert shown.replace("&", "&amp;") in page


@pytest.mark.parametrize("template", sorted(NOTICES))
def test_a_notice_has_no_link(letters: Letters, template: MailTemplate) -> None:
    """Nothing that a forged one could be told from by its link (ASVS 6.3.5)."""
    params = {**NEEDED.get(template, {}), **MORE.get(template, {}), **FACTS}
    message = letters.write(Mail(template, "ada@people.example", params=params), number=7, at=AT)
    for form in ("plain", "html"):
        text = body_of(message, form)
        assert "://" not in text
        assert "href" not in text


def test_the_same_mail_has_the_same_id(letters: Letters) -> None:
    """So that a mailbox can tell a repeat."""
    mail = Mail(MailTemplate.MFA_ENABLED, "ada@people.example")
    first, again = (letters.write(mail, number=7, at=AT)["Message-ID"] for _ in range(2))
    assert first == again == "<7.1795470600000.mfa_enabled@mail.example>"
    assert letters.write(mail, number=8, at=AT)["Message-ID"] != first


def test_what_is_missing_is_not_left_blank(letters: Letters) -> None:
    """A mail without its link is a bug, and is not sent."""
    with pytest.raises(UndefinedError):
        letters.write(Mail(MailTemplate.VERIFY_EMAIL, "ada@people.example"), number=7, at=AT)


def test_templates_of_ones_own(tmp_path: Path) -> None:
    """A file of the same name goes before ours; HTML is escaped in it, too."""
    (tmp_path / "mfa_enabled.jinja").write_text(
        '{% extends form ~ ".jinja" %}{% block title %}Hello{% endblock %}'
        "{% block body %}{{ device }}{% endblock %}"
    )
    own = Letters(sender="a@b.example", product="Shop", templates=tmp_path)
    mail = Mail(MailTemplate.MFA_ENABLED, "ada@people.example", params={"device": "<b>"})
    message = own.write(mail, number=7, at=AT)
    assert message["Subject"] == "Shop: Hello"
    assert "<b>" not in body_of(message, "html")
    other = Mail(MailTemplate.MFA_DISABLED, "ada@people.example")
    assert own.write(other, number=8, at=AT)["Subject"] == "Shop: Two-step sign-in is off"


async def test_mails_as_files(
    letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One each, for its owner's eyes, and none half written; sent again, it is the same file."""
    folder = FolderCarrier(tmp_path / "mail")
    mail = Mail(MailTemplate.VERIFY_EMAIL, "ada@people.example", params={"link": LINK})
    for _ in range(2):
        delivery = await folder.deliver(letters.write(mail, number=7, at=AT))
        assert delivery.fate is Fate.SENT
    assert LINK in capsys.readouterr().out, "a developer follows it from the terminal"
    [file] = (tmp_path / "mail").iterdir()
    assert file.name == "7.1795470600000.verify_email.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert LINK.encode() in file.read_bytes()
    (tmp_path / "file").touch()
    away = await FolderCarrier(tmp_path / "file").deliver(letters.write(mail, number=7, at=AT))
    assert away.fate is Fate.AWAY
