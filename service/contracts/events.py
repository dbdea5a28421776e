"""What the service tells the workers: one enum of types, one frozen shape."""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, Self

MAX_FIELD = 4096
"""Characters of one field; a longer one is refused, so that a row always fits its table."""

PLAIN_DATA = frozenset(
    {
        "algorithm",
        "amr",
        "counted_by",
        "deliveries",
        "ended",
        "endpoint",
        "enforced",
        "export",
        "file",
        "format",
        "held",
        "hold",
        "host",
        "kid",
        "limit",
        "month",
        "policy",
        "range",
        "role",
        "roles",
        "rows",
        "sealed",
        "stub",
        "tab",
        "table",
        "template",
        "types",
        "until",
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
    SESSION_USED = "session.used"
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
    AUDIT_SEARCHED = "audit.searched"
    AUDIT_MONTH_DROPPED = "audit.month_dropped"
    WEBHOOK_ADDED = "webhook.added"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105
    WEBHOOK_REPLAYED = "webhook.replayed"
    ANALYTICS_SEARCHED = "analytics.searched"
    ANALYTICS_EXPORTED = "analytics.exported"
    ANALYTICS_FETCHED = "analytics.fetched"
    ANALYTICS_GRANTED = "analytics.granted"
    MFA_DISABLED = "mfa.disabled"
    MFA_RECOVERY_CODES_RENEWED = "mfa.recovery_codes_renewed"
    DEVICE_TRUSTED = "device.trusted"
    DEVICE_REVOKED = "device.revoked"
    PASSKEY_ADDED = "passkey.added"
    PASSKEY_RENAMED = "passkey.renamed"
    PASSKEY_REMOVED = "passkey.removed"
    PASSKEY_REFUSED = "passkey.refused"
    SESSION_STEPPED_UP = "session.stepped_up"
    SESSION_REFUSED = "session.refused"
    SESSIONS_REVOKED = "session.all_revoked"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    PASSWORD_RESET_REQUESTED = "password.reset_requested"  # noqa: S105
    PASSWORD_RESET = "password.reset"  # noqa: S105
    USER_REGISTERED = "user.registered"
    USER_EMAIL_VERIFIED = "user.email_verified"
    USER_EMAIL_CHANGE_REQUESTED = "user.email_change_requested"
    USER_EMAIL_CHANGED = "user.email_changed"
    USER_RENAMED = "user.renamed"
    USER_LOCKED = "user.locked"
    USER_UNLOCKED = "user.unlocked"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_ROLES_CHANGED = "user.roles_changed"
    USER_MFA_RESET = "user.mfa_reset"
    KEY_ROTATED = "key.rotated"
    KEY_RETIRED = "key.retired"
    SECRET_RESEALED = "secret.resealed"  # noqa: S105
    MAIL_SENT = "mail.sent"
    MAIL_FAILED = "mail.failed"


STEP_UP = "step_up"
"""The reason of `login.succeeded` by which a session replaced one of somebody who was signed in."""


class Outcome(StrEnum):
    """How it went. NEUTRAL: nobody asked for it, or it is not decided yet."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


OUTCOMES: Mapping[EventType, Outcome] = {
    EventType.LOGIN_SUCCEEDED: Outcome.SUCCESS,
    EventType.LOGIN_FAILED: Outcome.FAILURE,
    EventType.MFA_CHALLENGED: Outcome.NEUTRAL,
    EventType.MFA_SUCCEEDED: Outcome.SUCCESS,
    EventType.MFA_FAILED: Outcome.FAILURE,
    EventType.MFA_SETUP_STARTED: Outcome.SUCCESS,
    EventType.MFA_ENABLED: Outcome.SUCCESS,
    EventType.TOKEN_REFRESHED: Outcome.SUCCESS,
    EventType.TOKEN_REPLAYED: Outcome.SUCCESS,
    EventType.TOKEN_RECOVERED: Outcome.SUCCESS,
    EventType.TOKEN_REUSE_DETECTED: Outcome.FAILURE,
    EventType.SESSION_ENDED: Outcome.SUCCESS,
    EventType.SESSION_EXPIRED: Outcome.NEUTRAL,
    EventType.SESSION_RESTORED: Outcome.NEUTRAL,
    EventType.SESSION_USED: Outcome.SUCCESS,
    EventType.PASSWORD_REFUSED: Outcome.FAILURE,
    EventType.USER_CREATED: Outcome.SUCCESS,
    EventType.USER_ERASURE_REQUESTED: Outcome.SUCCESS,
    EventType.USER_ERASURE_CANCELLED: Outcome.SUCCESS,
    EventType.USER_ERASED: Outcome.SUCCESS,
    EventType.USER_HOLD_PLACED: Outcome.SUCCESS,
    EventType.USER_HOLD_RELEASED: Outcome.SUCCESS,
    EventType.LIMIT_EXCEEDED: Outcome.FAILURE,
    EventType.EXPORT_REQUESTED: Outcome.SUCCESS,
    EventType.EXPORT_FETCHED: Outcome.SUCCESS,
    EventType.AUDIT_EXPORTED: Outcome.SUCCESS,
    EventType.AUDIT_SEARCHED: Outcome.SUCCESS,
    EventType.AUDIT_MONTH_DROPPED: Outcome.NEUTRAL,
    EventType.WEBHOOK_ADDED: Outcome.SUCCESS,
    EventType.WEBHOOK_REMOVED: Outcome.SUCCESS,
    EventType.WEBHOOK_ENABLED: Outcome.SUCCESS,
    EventType.WEBHOOK_DISABLED: Outcome.NEUTRAL,
    EventType.WEBHOOK_SECRET_ROTATED: Outcome.SUCCESS,
    EventType.WEBHOOK_REPLAYED: Outcome.SUCCESS,
    EventType.ANALYTICS_SEARCHED: Outcome.SUCCESS,
    EventType.ANALYTICS_EXPORTED: Outcome.SUCCESS,
    EventType.ANALYTICS_FETCHED: Outcome.SUCCESS,
    EventType.ANALYTICS_GRANTED: Outcome.SUCCESS,
    EventType.MFA_DISABLED: Outcome.SUCCESS,
    EventType.MFA_RECOVERY_CODES_RENEWED: Outcome.SUCCESS,
    EventType.DEVICE_TRUSTED: Outcome.SUCCESS,
    EventType.DEVICE_REVOKED: Outcome.SUCCESS,
    EventType.PASSKEY_ADDED: Outcome.SUCCESS,
    EventType.PASSKEY_RENAMED: Outcome.SUCCESS,
    EventType.PASSKEY_REMOVED: Outcome.SUCCESS,
    EventType.PASSKEY_REFUSED: Outcome.FAILURE,
    EventType.SESSION_STEPPED_UP: Outcome.SUCCESS,
    EventType.SESSION_REFUSED: Outcome.FAILURE,
    EventType.SESSIONS_REVOKED: Outcome.SUCCESS,
    EventType.PASSWORD_CHANGED: Outcome.SUCCESS,
    EventType.PASSWORD_RESET_REQUESTED: Outcome.SUCCESS,
    EventType.PASSWORD_RESET: Outcome.SUCCESS,
    EventType.USER_REGISTERED: Outcome.SUCCESS,
    EventType.USER_EMAIL_VERIFIED: Outcome.SUCCESS,
    EventType.USER_EMAIL_CHANGE_REQUESTED: Outcome.SUCCESS,
    EventType.USER_EMAIL_CHANGED: Outcome.SUCCESS,
    EventType.USER_RENAMED: Outcome.SUCCESS,
    EventType.USER_LOCKED: Outcome.SUCCESS,
    EventType.USER_UNLOCKED: Outcome.SUCCESS,
    EventType.USER_DISABLED: Outcome.SUCCESS,
    EventType.USER_ENABLED: Outcome.SUCCESS,
    EventType.USER_ROLES_CHANGED: Outcome.SUCCESS,
    EventType.USER_MFA_RESET: Outcome.SUCCESS,
    EventType.KEY_ROTATED: Outcome.SUCCESS,
    EventType.KEY_RETIRED: Outcome.NEUTRAL,
    EventType.SECRET_RESEALED: Outcome.SUCCESS,
    EventType.MAIL_SENT: Outcome.SUCCESS,
    EventType.MAIL_FAILED: Outcome.FAILURE,
}
"""Of every type, unless its reason says otherwise."""

OUTCOMES_BY_REASON: Mapping[EventType, Mapping[str, Outcome]] = {
    EventType.SESSION_ENDED: {
        "token_reuse": Outcome.FAILURE,
        "aborted": Outcome.FAILURE,  # a sign-in whose answer could never be sent
        "evicted": Outcome.NEUTRAL,
    },
}
"""Where the type does not decide: the reasons whose outcome is another."""


def outcome_of(kind: str, reason: str | None) -> Outcome:
    """How an event of a type, with a reason, went; NEUTRAL for a type of a newer release."""
    known = _KINDS.get(kind.encode())
    if known is None:
        return Outcome.NEUTRAL
    return OUTCOMES_BY_REASON.get(known, {}).get(reason or "", OUTCOMES[known])


class UnknownEventTypeError(ValueError):
    """A type from a newer release: kept as a dead letter until this one knows it."""


NO_DATA: Mapping[str, Any] = {}


class Event(NamedTuple):
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
    data: Mapping[str, Any] = NO_DATA

    @classmethod
    def read(cls, raw: Mapping[bytes, bytes]) -> Self:
        """Read a stream entry; ignore fields we do not know.

        Raises ValueError for an entry that no table could hold, and its subclass
        UnknownEventTypeError for a type that this release does not know.
        """
        whole = b"".join(raw.values())
        # Most are small and hold nothing strange: then one look at all of it is enough.
        if len(whole) > MAX_FIELD or b"\0" in whole or raw.keys() - _NAMES:
            _check_fields(raw)
        get = raw.get
        kind, at_ms, generation = get(b"type"), get(b"at_ms"), get(b"generation")
        if kind is None or at_ms is None:
            message = "an event needs the fields type and at_ms"
            raise ValueError(message)
        return cls(
            _KINDS.get(kind) or _unknown(kind),
            int(at_ms),
            get(b"user_id", b"").decode(),
            get(b"session_id", b"").decode(),
            int(generation) if generation else None,
            get(b"ip", b"").decode(),
            get(b"user_agent", b"").decode(),
            get(b"request_id", b"").decode(),
            get(b"actor_id", b"").decode(),
            get(b"reason", b"").decode(),
            _object(get(b"data", b"")),
        )


_NAMES = frozenset(name.encode() for name in Event._fields)
_KINDS = {kind.value.encode(): kind for kind in EventType}


def _check_fields(raw: Mapping[bytes, bytes]) -> None:
    """Raise ValueError for a field that no table could hold, known or not."""
    for name, value in raw.items():
        if b"\0" in value or len(value.decode()) > MAX_FIELD:
            message = f"field {name.decode()!r} holds a NUL or more than {MAX_FIELD} characters"
            raise ValueError(message)
        name.decode()


def _unknown(kind: bytes) -> NoReturn:
    raise UnknownEventTypeError(kind.decode())


@lru_cache(maxsize=1024)
def _object(raw: bytes) -> Mapping[str, Any]:
    """What a text holds; few texts come again and again, so nobody may change it."""
    text = raw.decode()
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
