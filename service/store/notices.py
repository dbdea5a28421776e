"""What people are told by mail of what happened to their account: written with the audit row.

Where the audit knows an event already, nobody is told again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.events import STEP_UP, Event, EventType
from service.contracts.mails import Mail, MailTemplate
from service.domain.devices import device_label
from service.domain.instants import to_rfc3339
from service.domain.neighbourhoods import neighbourhood_of
from service.store.mail_outbox import MailOutbox

Params = Mapping[str, str]

REMEMBERED = 200
"""Earlier sign-ins of a person that a new one is compared with."""
RECOVERY_CODE = "recovery_code"

_ALWAYS: Mapping[EventType, MailTemplate] = {
    EventType.LOGIN_SUCCEEDED: MailTemplate.NEW_DEVICE,
    EventType.TOKEN_REUSE_DETECTED: MailTemplate.TOKEN_REUSE,
    EventType.PASSWORD_CHANGED: MailTemplate.PASSWORD_CHANGED,
    EventType.PASSWORD_RESET: MailTemplate.PASSWORD_CHANGED,
    EventType.MFA_ENABLED: MailTemplate.MFA_ENABLED,
    EventType.MFA_DISABLED: MailTemplate.MFA_DISABLED,
    EventType.USER_MFA_RESET: MailTemplate.MFA_DISABLED,
    EventType.PASSKEY_ADDED: MailTemplate.PASSKEY_ADDED,
    EventType.PASSKEY_REMOVED: MailTemplate.PASSKEY_REMOVED,
}
_LOCKS: Mapping[EventType, str] = {
    EventType.LOGIN_FAILED: "locked_until",
    EventType.MFA_FAILED: "locked_until",
    EventType.PASSWORD_REFUSED: "locked_until",
    EventType.USER_LOCKED: "until",
}
"""By type: the member of `data` that says until when the account is locked by it, if it is."""

# Whom an erasure is about to forget is waited for, so that no mail is written behind its back; a
# mail that is written first goes with it. Before the rows of sessions are locked, as erasures do.
_PEOPLE = text("""
    select told.n, u.id, u.email, s.device,
           (select count(*) from recovery_codes c where c.user_id = u.id and c.used_at is null)
               as codes_left,
           case when told.signed_in then array(
               select array[e.device, e.ip] from sessions e
               where e.user_id = u.id and (e.created_at, e.id) < (s.created_at, s.id)
                 and e.end_reason is distinct from 'aborted'
               order by e.created_at desc limit :remembered) end as earlier
    from unnest(cast(:ns as int[]), cast(:users as uuid[]), cast(:sessions as text[]),
                cast(:signed_in as boolean[])) as told (n, user_id, session_id, signed_in)
    join users u on u.id = told.user_id
    left join sessions s on s.id = told.session_id
    order by told.n
    for key share of u
""")


class Notice(NamedTuple):
    """An event that its person may have to be told of."""

    event: Event
    template: MailTemplate


@dataclass(frozen=True, slots=True)
class Notices:
    """Puts mails into the outbox, within the transaction that stores the events."""

    outbox: MailOutbox

    async def tell(self, connection: AsyncConnection, events: Sequence[Event]) -> None:
        """One look at the people when there is anything to tell, and none otherwise.

        They are told at the address they have now. Who has no account is told nothing.
        """
        notices = [notice for event in events if (notice := notice_of(event)) is not None]
        if not notices:
            return
        given = {
            "ns": list(range(len(notices))),
            "users": [notice.event.user_id for notice in notices],
            "sessions": [notice.event.session_id or None for notice in notices],
            "signed_in": [notice.template is MailTemplate.NEW_DEVICE for notice in notices],
            "remembered": REMEMBERED,
        }
        rows = (await connection.execute(_PEOPLE, given)).all()
        found = [(notices[row.n], row) for row in rows]
        await self.outbox.put_all(
            connection,
            [
                Mail(notice.template, row.email, str(row.id), _params(notice, row))
                for notice, row in found
                if notice.template is not MailTemplate.NEW_DEVICE or is_new(notice.event, row)
            ],
        )


def notice_of(event: Event) -> Notice | None:
    """What an event may be told by; None for most, and for those of nobody."""
    template = _template_of(event)
    return Notice(event, template) if template and _is_uuid(event.user_id) else None


def _template_of(event: Event) -> MailTemplate | None:
    if event.type in _LOCKS and event.data.get(_LOCKS[event.type]):
        return MailTemplate.ACCOUNT_LOCKED
    if event.type is EventType.MFA_SUCCEEDED and event.reason == RECOVERY_CODE:
        return MailTemplate.RECOVERY_CODE_USED
    if event.type is EventType.LOGIN_SUCCEEDED and event.reason == STEP_UP:
        return None
    return _ALWAYS.get(event.type)


def is_new(event: Event, row: Row[tuple[object, ...]]) -> bool:
    """Whether a sign-in is from a device, or from a network, that the person has not used before.

    A device is known by the name it has in the list of sessions, a network is the /24 or /48 of an
    address. Nobody is told of their first sign-in.
    """
    if not row.earlier:
        return False
    devices = {device for device, _ in row.earlier}
    networks = {neighbourhood_of(ip) for _, ip in row.earlier}
    return row.device not in devices or neighbourhood_of(event.ip) not in networks


def _params(notice: Notice, row: Row[tuple[object, ...]]) -> Params:
    event, told = notice.event, {"when": to_rfc3339(notice.event.at_ms)}
    if event.actor_id in {"", event.user_id}:  # else it is where an administrator sits
        device = row.device or (device_label(event.user_agent) if event.user_agent else "")
        told |= {"device": _without_link(device), "ip": event.ip}
    own = _OWN.get(notice.template, _nothing)
    return {name: value for name, value in {**told, **own(event, row)}.items() if value}


def _without_link(name: object) -> str:
    """A name that somebody chose, perhaps a stranger: mail programs make no link of it."""
    return re.sub(r"[.:/@]+(?=\w)", " ", str(name or ""))


def _nothing(_: Event, __: Row[tuple[object, ...]]) -> Params:
    return {}


_OWN: Mapping[MailTemplate, Callable[[Event, Row[tuple[object, ...]]], Params]] = {
    MailTemplate.RECOVERY_CODE_USED: lambda _, row: {"left": str(row.codes_left)},
    MailTemplate.PASSKEY_ADDED: lambda event, _: {"name": _without_link(event.data.get("name"))},
    MailTemplate.PASSKEY_REMOVED: lambda event, _: {"name": _without_link(event.data.get("name"))},
    MailTemplate.ACCOUNT_LOCKED: lambda event, _: {
        "until": str(event.data[_LOCKS[event.type]]),
        "by": "administrator" if event.type is EventType.USER_LOCKED else "",
    },
}


def _is_uuid(user_id: str) -> bool:
    try:
        UUID(user_id)
    except ValueError:
        return False
    return True
