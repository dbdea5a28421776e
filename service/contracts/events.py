"""What the service tells the workers: one enum of types, one frozen shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any, NoReturn, Self

MAX_FIELD = 4096
"""Characters of one field; a longer one is refused, so that a row always fits its table."""

PLAIN_DATA = frozenset(
    {
        "amr",
        "counted_by",
        "enforced",
        "held",
        "hold",
        "limit",
        "month",
        "policy",
        "rows",
        "stub",
        "tab",
        "window_seconds",
    }
)
"""Names in `data` that never hold anything about a person: the audit keeps them readable.

Whatever else is in `data` is sealed under the person's key, so a new name is safe by default.
"""


class EventType(StrEnum):
    """`noun.past_verb`. A value may be added, never renamed or re-used."""

    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    MFA_CHALLENGED = "mfa.challenged"
    MFA_SUCCEEDED = "mfa.succeeded"
    MFA_FAILED = "mfa.failed"
    MFA_SETUP_STARTED = "mfa.setup_started"
    MFA_ENABLED = "mfa.enabled"
    TOKEN_REFRESHED = "token.refreshed"  # noqa: S105
    TOKEN_REPLAYED = "token.replayed"  # noqa: S105
    TOKEN_RECOVERED = "token.recovered"  # noqa: S105
    TOKEN_REUSE_DETECTED = "token.reuse_detected"  # noqa: S105
    SESSION_ENDED = "session.ended"
    SESSION_EXPIRED = "session.expired"
    SESSION_RESTORED = "session.restored"
    PASSWORD_REFUSED = "password.refused"  # noqa: S105
    USER_CREATED = "user.created"
    USER_ERASURE_REQUESTED = "user.erasure_requested"
    USER_ERASURE_CANCELLED = "user.erasure_cancelled"
    USER_ERASED = "user.erased"
    USER_HOLD_PLACED = "user.hold_placed"
    USER_HOLD_RELEASED = "user.hold_released"
    LIMIT_EXCEEDED = "limit.exceeded"
    EXPORT_REQUESTED = "export.requested"
    EXPORT_FETCHED = "export.fetched"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_MONTH_DROPPED = "audit.month_dropped"


class UnknownEventTypeError(ValueError):
    """A type from a newer release: kept as a dead letter until this one knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. Fields may be added with a default, never renamed.

    `at_ms` is the store's clock in epoch milliseconds. `actor_id` is who did it when that is not
    the person it happened to.
    """

    type: EventType
    at_ms: int
    user_id: str = ""
    session_id: str = ""
    generation: int | None = None
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    actor_id: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Mapping[bytes, bytes]) -> Self:
        """Read a stream entry; ignore fields we do not know.

        Raises ValueError for an entry that no table could hold, and its subclass
        UnknownEventTypeError for a type that this release does not know.
        """
        texts = dict[str, str]()
        for name, value in raw.items():
            if (known := _NAMES.get(name)) is None:
                known = name.decode()
            text = value.decode()
            if b"\0" in value or len(text) > MAX_FIELD:
                message = f"field {known!r} holds a NUL or more than {MAX_FIELD} characters"
                raise ValueError(message)
            texts[known] = text
        if "type" not in texts or "at_ms" not in texts:
            message = "an event needs the fields type and at_ms"
            raise ValueError(message)
        get = texts.get
        return cls(
            type=_type(texts["type"]),
            at_ms=int(texts["at_ms"]),
            user_id=get("user_id", ""),
            session_id=get("session_id", ""),
            generation=int(texts["generation"]) if get("generation") else None,
            ip=get("ip", ""),
            user_agent=get("user_agent", ""),
            request_id=get("request_id", ""),
            actor_id=get("actor_id", ""),
            reason=get("reason", ""),
            data=_object(get("data", "")),
        )


def _type(text: str) -> EventType:
    kind = _KINDS.get(text)
    if kind is None:
        raise UnknownEventTypeError(text)
    return kind


_NAMES = {field.name.encode(): field.name for field in fields(Event)}
_KINDS = {kind.value: kind for kind in EventType}


@lru_cache(maxsize=1024)
def _object(text: str) -> Mapping[str, Any]:
    """What a text holds; few texts come again and again, so nobody may change it."""
    value = _from_json(text) if text else {}
    if not isinstance(value, dict):
        message = "the field data must hold a JSON object"
        raise ValueError(message)  # noqa: TRY004 - the text is at fault, not a caller's type
    if "\\u" in text:
        _check(value)
    return value


def _refuse(constant: str) -> NoReturn:
    message = f"the field data holds {constant}, which is no JSON"
    raise ValueError(message)


_from_json = json.JSONDecoder(parse_constant=_refuse).decode


def _check(value: Any) -> None:
    """Raise ValueError for a text that jsonb can't hold: only an escape can write one."""
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            message = "the field data holds a NUL"
            raise ValueError(message)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name)
            _check(inner)
    elif isinstance(value, list):
        for inner in value:
            _check(inner)
