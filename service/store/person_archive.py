"""All that is held on a person, as they may read it: docs/privacy.md describes it."""

import json
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, Table, bindparam, func, select

from service.contracts.events import EventType
from service.contracts.factor_tables import sign_in_failures, trusted_devices
from service.contracts.link_tables import email_changes, password_resets
from service.contracts.mail_tables import mails
from service.contracts.passkey_tables import passkeys
from service.contracts.tables import erasures, recovery_codes, sessions, users
from service.domain.instants import to_ms, to_rfc3339
from service.domain.sessions import MILLISECOND
from service.store.audit_filters import Filters
from service.store.audit_search import AuditSearch, Opened
from service.store.database import Database
from service.store.dead_letters import DeadLetters

FORMAT = "inphora-person-1"
GZIP = zlib.MAX_WBITS + 16
"""zlib's name for it."""
PIECE = 16_384
UNTOLD = frozenset({EventType.USER_HOLD_PLACED, EventType.USER_HOLD_RELEASED})
"""Of proceedings, which may not be told while they last."""
WITHHELD = [
    "legal holds, if there were any: telling of them could defeat a proceeding",
    "links in mails that wait to be sent: they go to your address, and to it alone",
    "password hash, second-factor secret, recovery codes: whoever read them could sign in as you",
    "what proves links that were mailed to you: whoever had them could do what they are for",
    "hashes of trusted devices' tokens and of your address as failures are counted by it",
]
MEMBERS: Mapping[str, str] = {
    "format": f"`{FORMAT}`; members may be added, never renamed",
    "made_at": "when it was made; what happened later is in the next one",
    "kept_until": "until then the same archive is given",
    "account": "id, e-mail address, name, roles, when it was made or disabled, when it will be "
    "erased, whether there are a password and a second factor, how many recovery codes are left; "
    "locks, failed tries, trusted devices; a new password or address that was asked for",
    "sessions": "every sign-in, ended ones too, with the columns of "
    "[sessions](data-dictionary.md#sessions)",
    "passkeys": "each one's id, name, when it was added and last used, whether it is backed up, how "
    "it connects, and its model (AAGUID)",
    "events": "every row of the audit about them, personal fields opened: "
    "[what happened](events.md), when, from where, by which request, and `data`",
    "mails": "those that wait to be sent: which, since when, how often tried; not what they say",
    "unread_events": "entries about them that could not become rows of the audit, as received",
    "withheld": "what is held and not given, and why",
}
"""What each member of the archive holds: docs/privacy.md prints it."""
_LINKS = select(
    select(func.max(password_resets.c.requested_at))
    .where(password_resets.c.user_id == bindparam("user_id"))
    .scalar_subquery()
    .label("reset_at"),
    select(email_changes.c.email)
    .where(email_changes.c.user_id == bindparam("user_id"))
    .scalar_subquery()
    .label("email"),
    select(email_changes.c.requested_at)
    .where(email_changes.c.user_id == bindparam("user_id"))
    .scalar_subquery()
    .label("change_at"),
)
"""What waits for a link to be followed."""
FAILURE_FIELDS = ("failures", "tried_at", "locked_until")
DEVICE_FIELDS = ("id", "device", "ip", "created_at", "last_used_at", "expires_at")
PASSKEY_FIELDS = ("id", "name", "created_at", "last_used_at", "backed_up", "transports", "aaguid")
SESSION_FIELDS = tuple(c.name for c in sessions.columns if c.name not in {"user_id", "end_applied"})


@dataclass(frozen=True, slots=True)
class PersonArchive:
    """Reads what the tables hold; what Redis holds besides is on its way there."""

    database: Database
    search: AuditSearch
    letters: DeadLetters

    async def build(self, user_id: str, *, made_ms: int, keep: timedelta) -> bytes | None:
        """Gzipped JSON, which says until when it is kept; None when the account is gone."""
        account = await self._account(user_id)
        if account is None:
            return None
        packed = _Gzip()
        head = {
            "format": FORMAT,
            "made_at": to_rfc3339(made_ms),
            "kept_until": to_rfc3339(made_ms + keep // MILLISECOND),
            "account": account,
            "sessions": await self._sessions(user_id),
            "passkeys": await self._passkeys(user_id),
            "mails": await self._mails(user_id),
            "unread_events": [each async for each in self._letters(user_id)],
            "withheld": WITHHELD,
        }
        packed.add(f'{_json(head)[:-1]},"events":[')
        comma = ""
        async for opened in self.search.rows(Filters(user_id=user_id)):
            if opened.row.type not in UNTOLD:
                packed.add(comma + _json(_event(opened)))
                comma = ","
        packed.add("]}")
        return packed.end()

    async def _account(self, user_id: str) -> dict[str, Any] | None:
        codes = select(func.count()).where(
            recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None)
        )
        erasure = select(erasures.c.due_at).where(erasures.c.user_id == user_id)
        async with self.database.transaction() as connection:
            query = select(users).where(users.c.id == user_id)
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            left, due_at = await connection.scalar(codes), await connection.scalar(erasure)
            asked = (await connection.execute(_LINKS, {"user_id": user_id})).one()
            devices = (await connection.execute(_of(trusted_devices, user_id))).all()
            failures = (await connection.execute(_of(sign_in_failures, user_id))).all()
        return {
            "id": row.id,
            "email": row.email,
            "name": row.name,
            "roles": row.roles,
            "created_at": _text(row.created_at),
            "disabled_at": _text(row.disabled_at),
            "locked_at": _text(row.locked_at),
            "locked_until": _text(row.locked_until),
            "erase_at": _text(due_at),
            "password": row.password_hash is not None,
            "second_factor": row.totp_secret is not None,
            "recovery_codes_left": left,
            "new_password_asked_at": _text(asked.reset_at),
            "new_email": asked.email,
            "new_email_asked_at": _text(asked.change_at),
            "trusted_devices": [_fields(row, DEVICE_FIELDS) for row in devices],
            "failed_tries": [_fields(row, FAILURE_FIELDS) for row in failures],
        }

    async def _sessions(self, user_id: str) -> list[dict[str, Any]]:
        query = select(sessions).where(sessions.c.user_id == user_id)
        async with self.database.transaction() as connection:
            rows = (await connection.execute(query.order_by(sessions.c.created_at))).all()
        return [_fields(row, SESSION_FIELDS) for row in rows]

    async def _passkeys(self, user_id: str) -> list[dict[str, Any]]:
        query = select(passkeys).where(passkeys.c.user_id == user_id)
        async with self.database.transaction() as connection:
            rows = (await connection.execute(query.order_by(passkeys.c.created_at))).all()
        return [{name: _plain(getattr(row, name)) for name in PASSKEY_FIELDS} for row in rows]

    async def _mails(self, user_id: str) -> list[dict[str, Any]]:
        """Those on their way; what they say reaches its person by mail, and nobody else."""
        query = select(mails.c.template, mails.c.created_at, mails.c.tries)
        async with self.database.transaction() as connection:
            rows = await connection.execute(
                query.where(mails.c.user_id == user_id).order_by(mails.c.id)
            )
            return [{name: _plain(value) for name, value in row.items()} for row in rows.mappings()]

    async def _letters(self, user_id: str) -> Any:
        """What could not become a row of the audit, as it was received."""
        for letter_id in await self.letters.of_person(user_id):
            letter = await self.letters.find(letter_id)
            if letter is not None:
                yield {
                    name.decode(errors="replace"): value.decode(errors="replace")
                    for name, value in letter.fields.items()
                }


def _event(opened: Opened) -> dict[str, Any]:
    row: Row[Any] = opened.row
    said: Mapping[str, Any] = opened.personal or {}
    if (
        row.actor_id and row.actor_id != row.user_id
    ):  # where somebody else sits is not theirs to know
        said = {"data": said.get("data", {})}
    return {
        "type": row.type,
        "occurred_at": _text(row.occurred_at),
        "session_id": row.session_id,
        "generation": row.generation,
        "ip": said.get("ip"),
        "user_agent": said.get("user_agent"),
        "request_id": row.request_id,
        "actor_id": row.actor_id,
        "reason": row.reason,
        "data": {**row.data, **said.get("data", {})},
    }


def _of(table: Table, user_id: str) -> Select[Any]:
    return select(table).where(table.c.user_id == user_id)


def _fields(row: Row[Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _text(at: datetime | None) -> str | None:
    return None if at is None else to_rfc3339(to_ms(at))


def _plain(value: Any) -> Any:
    return _text(value) if isinstance(value, datetime) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Gzip:
    """Text that is packed as it comes: of millions of events, one page is in memory."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(wbits=GZIP)
        self._parts: list[bytes] = []

    def add(self, text: str) -> None:
        self._parts.append(self._packer.compress(text.encode()))

    def end(self) -> bytes:
        return b"".join([*self._parts, self._packer.flush()])


async def unpacked(archive: bytes) -> AsyncIterator[bytes]:
    """The JSON of an archive, piece by piece."""
    unpacker = zlib.decompressobj(wbits=GZIP)
    for start in range(0, len(archive), PIECE):
        yield unpacker.decompress(archive[start : start + PIECE])
