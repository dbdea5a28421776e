"""A mail goes out once, in both forms, however the server behaves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.contracts.mails import MailTemplate
from service.domain.errors import ServiceUnavailableError
from service.domain.mail_tries import EXPIRES
from service.outbound.mails.smtp import MailServer, by_smtp
from service.store.event_log import EventLog
from tests.mails.conftest import LINK, TOKEN, Office, Postbox, postbox, server_context, takes
from tests.support.mails import body_of
from tests.support.people import Person
from tests.support.processes import free_port
from tests.support.tls import Authority

USER = "9c44b5c9-8279-4821-a08e-98e8f07f0981"


async def test_a_mail_in_two_forms_once(
    office: Office, box: Postbox, said: Callable[[], Any]
) -> None:
    """Text and HTML, with the link; nothing of it is left in the table; an event without address."""
    before = len(await said())
    await office.put(user_id=USER)
    send = office.worker(box.url)
    assert await send() == 1
    assert await send() == 0

    [message] = box.got
    assert box.recipients == ["ada@people.example"]
    assert message["Subject"] == "Inphora: Choose a new password"
    assert message["From"] == "Inphora <no-reply@mail.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    for form in ("plain", "html"):
        assert LINK in body_of(message, form)
    assert await office.rows() == []
    [event] = (await said())[before:]
    assert event["type"] == "mail.sent"
    assert event["user_id"] == USER
    assert event["data"] == '{"template":"reset_password"}'.replace(":", ": ")


async def test_a_server_that_is_away_loses_nothing(office: Office) -> None:
    """However long it is away; that is no try of the mail's, and one connection a run is enough."""
    port = free_port()
    send = office.worker(f"smtp://127.0.0.1:{port}")
    await office.put()
    await office.put("bob@people.example")
    for _ in range(30):
        assert await send() == 0
        office.clock.move(timedelta(minutes=5))
    assert [(row.tries, row.last_error) for row in await office.rows()] == [
        (0, "no connection"),
        (0, "no connection"),
    ]
    assert office.vitals.mails_waiting == 2
    async with postbox(port=port) as box:
        assert await send() == 2
        assert box.connections == 1
    assert sorted(box.recipients) == ["ada@people.example", "bob@people.example"]


async def test_a_redis_that_is_away_sends_nothing_twice(
    office: Office, box: Postbox, said: Callable[[], Any]
) -> None:
    """The event of a mail that was sent waits for Redis; nobody gets the mail again meanwhile."""

    class Silent(EventLog):
        def __init__(self) -> None:
            pass

        async def append(self, *_: object, **__: object) -> None:
            raise ServiceUnavailableError

    before = len(await said())
    await office.put(user_id=USER)
    cut_off = replace(office, events=Silent())
    for _ in range(3):
        with pytest.raises(ServiceUnavailableError):
            await cut_off.worker(box.url)()
        office.clock.move(timedelta(minutes=6))
    assert len(box.got) == 1
    assert await office.worker(box.url)() == 1
    assert (len(box.got), await office.rows()) == (1, [])
    assert [event["type"] for event in (await said())[before:]] == ["mail.sent"]


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_it_is_put_off_and_comes_again(office: Office, box: Postbox, at: str) -> None:
    """A 4xx is about this mail: it waits, ever longer, and others go meanwhile."""
    box.at, box.answers = at, ["451 try again ada@people.example", "450 greylisted"]
    send = office.worker(box.url)
    await office.put()
    await office.put("bob@people.example")
    assert await send() == 0
    assert box.answers == []
    for row in await office.rows():
        assert row.last_error in {"smtp_451", "smtp_450"}
        assert (row.due_at - office.clock.now) == timedelta(minutes=1)
    assert await send() == 0
    office.clock.move(timedelta(minutes=1))
    assert await send() == 2


async def test_it_is_put_off_for_three_days_at_most(
    office: Office, box: Postbox, said: Callable[[], Any]
) -> None:
    """Twenty-one tries, ever further apart; then an event says so."""
    box.answers = ["450 no"] * 21
    send, begun = office.worker(box.url), office.clock.now
    await office.put()
    while box.answers:
        assert await send() == 0
        for row in await office.rows():
            office.clock.move(row.due_at - office.clock.now)
    assert timedelta(days=3) < office.clock.now - begun < timedelta(days=3.2)
    assert await office.rows() == []
    assert (await said())[-1]["reason"] == "smtp_450"


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_a_refusal_is_final(
    office: Office, box: Postbox, said: Callable[[], Any], at: str
) -> None:
    """A 5xx fails at once, with an event that names no address; the next mail goes out."""
    box.at, box.answers = at, ["550 no such user ada@people.example"]
    await office.put()
    await office.put("bob@people.example")
    assert await office.worker(box.url)() == 1
    assert await office.rows() == []
    failed = [event for event in await said() if event["type"] == "mail.failed"][-1]
    assert (failed["reason"], failed["data"]) == ("smtp_550", '{"template": "reset_password"}')
    assert (office.vitals.mails_sent, office.vitals.mails_failed) == (1, 1)


@pytest.mark.parametrize(
    ("at", "answer", "why"),
    [
        ("MAIL", "550 not from here", "the sender is refused: 550"),
        ("RCPT", "530 5.7.0 authentication required", "the server refuses us: 530"),
        ("DATA", "421 too many", "the server refuses us: 421"),
    ],
)
async def test_what_is_no_word_on_the_mail(
    office: Office, box: Postbox, at: str, answer: str, why: str
) -> None:
    """A wrong MAIL_FROM or password costs no mail: all wait until it is mended."""
    box.at, box.answers = at, [answer]
    await office.put()
    assert await office.worker(box.url)() == 0
    [row] = await office.rows()
    assert (row.tries, row.last_error) == (0, why)
    office.clock.move(timedelta(minutes=1))
    assert await office.worker(box.url)() == 1


@pytest.mark.parametrize(
    "to",
    [
        "ada@people.example\r\nBcc: all@people.example",
        "ada@people.example\nRCPT TO:<all@people.example>",
        "ada@people.example, all@people.example",
        "<ada@people.example>",
        "ada@people..example",
        "ada",
        "",
    ],
)
async def test_no_header_by_an_address(
    office: Office, box: Postbox, said: Callable[[], Any], to: str
) -> None:
    """What is no address is given up, whatever it tries to smuggle in (ASVS 1.3.11)."""
    await office.put(to)
    assert await office.worker(box.url)() == 0
    assert (box.got, box.recipients) == ([], [])
    assert (await said())[-1]["reason"] == "address_unusable"


async def test_no_header_and_no_markup_by_a_name(office: Office, box: Postbox) -> None:
    """Hostile names of devices and of the product stay text, on one line (ASVS 1.2.1, 1.3.11)."""
    hostile = '<img src=x onerror=alert(1)>"\r\nBcc: all@people.example\r\n\r\n<script>'
    params = {"when": "2026-11-23T21:50:00Z", "device": hostile, "ip": "203.0.113.7"}
    await office.put(template=MailTemplate.NEW_DEVICE, params=params)
    await office.worker(box.url, product="In\r\nBcc: all@people.example <b>")()
    [message] = box.got
    assert box.recipients == ["ada@people.example"]
    assert "Bcc" not in message
    page = body_of(message, "html")
    assert "<img" not in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


async def test_addresses_of_the_world(office: Office, box: Postbox) -> None:
    """A host's name in any script; a local part only where the server knows RFC 6531."""
    await office.put("ada@bücher.example")
    await office.put("jürgen@people.example")
    assert await office.worker(box.url)() == 1
    assert box.recipients == ["ada@xn--bcher-kva.example"]
    async with postbox(enable_SMTPUTF8=True) as knowing:
        await office.put("jürgen@people.example")
        assert await office.worker(knowing.url)() == 1
        assert knowing.recipients == ["jürgen@people.example"]


async def test_what_waits_is_sealed(office: Office) -> None:
    """A dump of the table shows neither token nor address; nor does what is logged of a mail."""
    await office.put()
    [(dump,)] = await office.sql("select m::text from mails m")
    for secret in (TOKEN, "ada@people.example", "people"):
        assert secret not in dump
        assert secret.encode().hex() not in dump
    claimed = await office.queue.claim(office.clock.now, lease=timedelta(minutes=1))
    assert claimed is not None
    assert claimed.params["link"] == LINK
    assert TOKEN not in repr(claimed)
    assert "ada" not in repr(claimed)


async def test_two_workers_share(office: Office, box: Postbox) -> None:
    """What one has taken, no other takes before its lease ends."""
    import asyncio

    for n in range(12):
        await office.put(f"p{n}@people.example")
    assert sum(await asyncio.gather(*[office.worker(box.url)() for _ in range(3)])) == 12
    assert sorted(box.recipients) == sorted(f"p{n}@people.example" for n in range(12))


async def test_who_was_erased_is_not_written_to(
    office: Office, box: Postbox, person: Person
) -> None:
    """Their mails go with the account, also those of a server that was away."""
    from service.store.erasures import Erasures, RequestedBy

    await office.put(person.email, user_id=person.id)
    await Erasures(office.database).erase(person.id, RequestedBy.OPERATOR)
    assert await office.worker(box.url)() == 0
    assert box.got == []


async def test_without_a_way_out_mails_wait(
    office: Office, box: Postbox, said: Callable[[], Any]
) -> None:
    """Neither SMTP_URL nor MAIL_DIR: nothing is lost for 30 days; then it is of no use any more."""
    await office.put()
    assert await office.worker(None)() == 0
    assert len(await office.rows()) == 1
    office.clock.move(EXPIRES)
    await office.worker(box.url)()
    assert box.got == []
    assert (await said())[-1]["reason"] == "expired"


async def test_a_mail_that_no_key_opens(office: Office, box: Postbox) -> None:
    """It waits for SECRET_KEY_PREVIOUS, and holds up no other."""
    await office.put()
    await office.sql("update mails set sealed = decode('00', 'hex')")
    await office.put("bob@people.example")
    assert await office.worker(box.url)() == 1
    [row] = await office.rows()
    assert row.last_error == "SECRET_KEY does not open it"


async def test_it_goes_by_tls_and_with_a_password(office: Office, tmp_path: Path) -> None:
    """STARTTLS first, then the password."""
    import ssl

    authority = Authority(tmp_path, "mx")
    context = server_context(authority.issue("127.0.0.1"))
    async with postbox(
        tls_context=context, require_starttls=True, **takes("us", "p@ss", plain=False)
    ) as box:
        url = f"smtp://us:p%40ss@127.0.0.1:{box.port}"
        trust = ssl.create_default_context(cafile=authority.file)
        await office.put()
        send = office.worker(None, open_carrier=lambda: by_smtp(MailServer.of(url), trust))
        assert await send() == 1
        await office.put()
        assert await office.worker(url)() == 0
        [row] = await office.rows()
        assert "certificate is not trusted" in row.last_error
        wrong = f"smtp://us:wrong@127.0.0.1:{box.port}"
        office.clock.move(timedelta(minutes=1))
        send = office.worker(None, open_carrier=lambda: by_smtp(MailServer.of(wrong), trust))
        assert await send() == 0
        [row] = await office.rows()
        assert row.last_error == "user or password is refused: 535"


async def test_starttls_that_is_required_is_required(office: Office) -> None:
    """A server that offers none hears neither password nor mail (ASVS 12.3.1)."""
    async with postbox(**takes("us", "secret", plain=True)) as box:
        for url in (
            f"smtp://127.0.0.1:{box.port}?starttls=required",
            f"smtp://us:secret@127.0.0.1:{box.port}",
        ):
            await office.put()
            assert await office.worker(url)() == 0
            await office.sql("truncate mails")
        assert box.got == []
        await office.put()
        assert await office.worker(f"smtp://us:secret@127.0.0.1:{box.port}?starttls=off")() == 1
