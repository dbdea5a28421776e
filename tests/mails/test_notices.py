"""What happened to an account is told by mail, once, to whom it happened."""

from secrets import token_bytes, token_hex
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event as listen
from sqlalchemy.ext.asyncio import AsyncEngine

from service.contracts.events import Event, EventType
from service.domain.ids import make_id
from service.domain.sessions import Origin, Session
from service.store.audit import StreamedEvent
from service.store.erasures import Erasures, RequestedBy
from service.store.session_records import SessionRecords
from tests.mails.conftest import Office
from tests.support.people import Person
from tests.support.waiting import WAITING, wait_until

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HOME, OFFICE, ABROAD = "203.0.113.7", "198.51.100.20", "2001:db8:7::1"
PARTITION = 4
TOLD = [
    (EventType.TOKEN_REUSE_DETECTED, {}, "token_reuse", {}),
    (EventType.PASSWORD_CHANGED, {}, "password_changed", {}),
    (EventType.PASSWORD_RESET, {}, "password_changed", {}),
    (EventType.MFA_ENABLED, {}, "mfa_enabled", {}),
    (EventType.MFA_DISABLED, {}, "mfa_disabled", {}),
    (EventType.USER_MFA_RESET, {}, "mfa_disabled", {}),
    (EventType.MFA_SUCCEEDED, {"reason": "recovery_code"}, "recovery_code_used", {"left": "0"}),
    (EventType.PASSKEY_ADDED, {"data": {"name": "My key"}}, "passkey_added", {"name": "My key"}),
    (EventType.PASSKEY_REMOVED, {"data": {"name": "My key"}}, "passkey_removed", {"name": "My key"}),
    *[
        (kind, {"data": {member: "2026-11-23T22:05:00Z"}}, "account_locked", {"until": "2026-11-23T22:05:00Z"})
        for kind, member in [
            (EventType.LOGIN_FAILED, "locked_until"),
            (EventType.MFA_FAILED, "locked_until"),
            (EventType.PASSWORD_REFUSED, "locked_until"),
        ]
    ],
    (EventType.USER_LOCKED, {"data": {"until": "2026-11-23T22:05:00Z"}}, "account_locked",
     {"until": "2026-11-23T22:05:00Z", "by": "administrator"}),
]  # fmt: skip


async def store(office: Office, *events: Event) -> list[StreamedEvent]:
    """As a worker does."""
    streamed = [StreamedEvent(f"{office.clock()}-{token_hex(4)}", each) for each in events]
    await office.audit.record(PARTITION, streamed)
    return streamed


async def sign_in(
    office: Office, person: Person, ip: str, device: str = "Firefox on Linux"
) -> Event:
    """A session's row, as a web process writes it before the event."""
    office.clock.ms += 1000
    session = Session(
        id=make_id(PARTITION, token_bytes(16)),
        user_id=person.id,
        created_ms=office.clock(),
        last_used_ms=office.clock(),
        ip=ip,
        device=device,
        amr=("pwd",),
    )
    await SessionRecords(office.database).add(session, Origin(ip, FIREFOX, "request"))
    return Event(
        EventType.LOGIN_SUCCEEDED,
        office.clock(),
        user_id=person.id,
        session_id=session.id,
        ip=ip,
        user_agent=FIREFOX,
    )


@pytest.mark.parametrize(("kind", "given", "template", "told"), TOLD)
async def test_who_is_told_of_what(
    office: Office, person: Person, kind: EventType, given: Any, template: str, told: Any
) -> None:
    """At their address, with time, device and network; a batch that comes again tells nobody anew."""
    event = Event(kind, office.clock(), user_id=person.id, ip=HOME, user_agent=FIREFOX, **given)
    streamed = await store(office, event)
    await office.audit.record(PARTITION, streamed)
    [(found, to, params, user_id)] = await office.waiting()
    assert (found, to, user_id) == (template, person.email, person.id)
    assert params.pop("when").startswith(office.clock.now.strftime("%Y-%m-%dT%H:%M:%S"))
    assert params == {"device": "Firefox on Linux", "ip": HOME, **told}


@pytest.mark.parametrize(
    "event",
    [
        Event(EventType.LOGIN_FAILED, 0, reason="wrong_password"),
        Event(EventType.MFA_SUCCEEDED, 0, reason="totp"),
        Event(EventType.USER_LOCKED, 0),
        Event(EventType.USER_EMAIL_CHANGED, 0),
        Event(EventType.TOKEN_REFRESHED, 0),
    ],
    ids=lambda event: f"{event.type} {event.reason}",
)
async def test_of_what_nobody_is_told(office: Office, person: Person, event: Event) -> None:
    """What is daily bread, and what an operation writes itself."""
    await store(office, event._replace(user_id=person.id, at_ms=office.clock()))
    assert await office.waiting() == []


async def test_a_step_up_is_no_sign_in_from_a_new_device(office: Office, person: Person) -> None:
    """Whoever proves again who they are was signed in already, wherever they have gone since."""
    await store(office, await sign_in(office, person, HOME))
    elsewhere = await sign_in(office, person, ABROAD)
    await store(office, elsewhere._replace(reason="step_up"))
    assert await office.waiting() == []


async def test_where_an_administrator_sits_is_not_told(office: Office, person: Person) -> None:
    """Of what somebody else did: what and when, but neither their address nor their device."""
    by_admin: dict[str, Any] = {
        "user_id": person.id,
        "actor_id": str(uuid4()),
        "ip": HOME,
        "user_agent": FIREFOX,
    }
    await store(office, Event(EventType.USER_MFA_RESET, office.clock(), **by_admin))
    [(_, _, params, _)] = await office.waiting()
    assert params.keys() == {"when"}


async def test_a_notice_of_a_sign_in_from_a_new_device(office: Office, person: Person) -> None:
    """A device or a network not used before; never the first sign-in (ASVS 6.3.5)."""
    story = [
        (HOME, "Firefox on Linux", False),
        (HOME, "Firefox on Linux", False),
        ("203.0.113.200", "Firefox on Linux", False),
        (HOME, "Safari on iPhone", True),
        (OFFICE, "Firefox on Linux", True),
        (OFFICE, "Safari on iPhone", False),
        (ABROAD, "Firefox on Linux", True),
        ("2001:db8:7:99::5", "Firefox on Linux", False),
    ]
    for ip, device, tells in story:
        await store(office, await sign_in(office, person, ip, device))
        found = await office.waiting()
        assert bool(found) == tells, (ip, device)
        if tells:
            [(template, to, params, _)] = found
            assert (template, to) == ("new_device", person.email)
            assert (params["device"], params["ip"]) == (device, ip)
        await office.sql("truncate mails")


async def test_a_device_s_name_is_no_link(office: Office, person: Person) -> None:
    """Whoever signs in chooses it, a thief too; a notice has no link at all."""
    await store(office, await sign_in(office, person, HOME, "Firefox on Linux"))
    named = "See http://evil.example/x or a@evil.example"
    await store(office, await sign_in(office, person, HOME, named))

    [(_, _, params, _)] = await office.waiting()
    assert params["device"] == "See http evil example x or a evil example"


async def test_sign_ins_of_one_batch_are_compared_with_each_other(
    office: Office, person: Person
) -> None:
    """Three from the same new device: one mail. The earlier ones count, not the later."""
    events = [await sign_in(office, person, HOME)]
    events += [await sign_in(office, person, ABROAD, "curl") for _ in range(3)]
    await store(office, *events)
    assert [template for template, *_ in await office.waiting()] == ["new_device"]


async def test_a_sign_in_that_was_aborted_makes_nothing_known(
    office: Office, person: Person
) -> None:
    """Its answer was never sent, and nobody was told of it."""
    await store(office, await sign_in(office, person, HOME))
    unseen = await sign_in(office, person, ABROAD)
    await office.sql(
        "update sessions set ended_at = now(), end_reason = 'aborted' where id = :id",
        id=unseen.session_id,
    )
    await store(office, await sign_in(office, person, ABROAD))
    assert len(await office.waiting()) == 1


async def test_who_has_no_account_is_told_nothing(office: Office, person: Person) -> None:
    """Erased people, unknown ones, and ids that are none; their events are stored all the same."""
    await Erasures(office.database).erase(person.id, RequestedBy.OPERATOR)
    events = [
        Event(EventType.PASSWORD_CHANGED, office.clock(), user_id=user_id)
        for user_id in (person.id, "", "nobody", "9c44b5c9-8279-4821-a08e-98e8f07f0981")
    ]
    assert await office.audit.record(PARTITION, [StreamedEvent(f"{office.clock()}-{n}", e) for n, e in enumerate(events)]) == 4  # fmt: skip
    assert await office.waiting() == []


async def test_an_erasure_that_is_under_way_is_waited_for(office: Office, person: Person) -> None:
    """No mail is written behind its back, and neither waits for the other for ever."""
    import asyncio

    event = await sign_in(office, person, HOME)
    changed = event._replace(type=EventType.PASSWORD_CHANGED)
    used = event._replace(type=EventType.SESSION_USED)
    async with office.database.transaction() as connection:
        from sqlalchemy import text

        await connection.execute(
            text("select 1 from users where id = :id for update"), {"id": person.id}
        )
        storing = asyncio.create_task(store(office, used, changed))
        await wait_until(lambda: office.sql(WAITING))
        assert not storing.done()
        await connection.execute(
            text("select 1 from sessions where user_id = :id for update"), {"id": person.id}
        )
        await connection.execute(text("delete from users where id = :id"), {"id": person.id})
    await storing
    assert await office.waiting() == []


async def test_it_is_one_transaction(office: Office, person: Person) -> None:
    """Where the audit row is not committed there is no mail, and the other way round."""
    await office.sql("alter table mails add constraint no_way check (id < 0)")
    before = await office.sql("select count(*) from audit_log")
    try:
        with pytest.raises(Exception, match="no_way"):
            await store(
                office, Event(EventType.PASSWORD_CHANGED, office.clock(), user_id=person.id)
            )
    finally:
        await office.sql("alter table mails drop constraint no_way")
    assert await office.sql("select count(*) from audit_log") == before


async def test_what_it_costs(office: Office, person: Person, engine: AsyncEngine) -> None:
    """One look at the people for a batch with something to tell, none for others."""
    statements: list[str] = []
    listen.listen(
        engine.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    refreshed = Event(EventType.TOKEN_REFRESHED, office.clock(), user_id=person.id)
    await store(office, *[refreshed] * 3)
    assert not [one for one in statements if "join users" in one or "mails" in one]
    await store(office, *[refreshed._replace(type=EventType.PASSWORD_CHANGED)] * 50)
    assert len([one for one in statements if "join users" in one]) == 1
    assert len([one for one in statements if "into mails" in one.lower()]) == 1
