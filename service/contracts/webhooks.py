"""What products may be told: which events, and which of their fields.

A type that does not stand here goes to nobody, so a new one is kept inside by default. No field is
about a person but by an id: whoever needs more asks the API, where rights are checked.
"""

from collections.abc import Iterable, Mapping

from service.contracts.events import Event, EventType

USER, SESSION = ("user_id", "actor_id", "reason"), ("user_id", "session_id", "actor_id", "reason")

OFFERED: Mapping[EventType, tuple[str, ...]] = {
    EventType.LOGIN_SUCCEEDED: SESSION,
    EventType.LOGIN_FAILED: USER,
    EventType.MFA_FAILED: USER,
    EventType.MFA_ENABLED: USER,
    EventType.MFA_DISABLED: USER,
    EventType.PASSKEY_ADDED: USER,
    EventType.PASSKEY_REMOVED: USER,
    EventType.TOKEN_REUSE_DETECTED: SESSION,
    EventType.SESSION_ENDED: SESSION,
    EventType.SESSION_EXPIRED: SESSION,
    EventType.PASSWORD_REFUSED: USER,
    EventType.PASSWORD_CHANGED: USER,
    EventType.PASSWORD_RESET: USER,
    EventType.USER_CREATED: USER,
    EventType.USER_EMAIL_CHANGED: USER,
    EventType.USER_LOCKED: USER,
    EventType.USER_UNLOCKED: USER,
    EventType.USER_DISABLED: USER,
    EventType.USER_ENABLED: USER,
    EventType.USER_ROLES_CHANGED: USER,
    EventType.USER_MFA_RESET: USER,
    EventType.USER_ERASURE_REQUESTED: USER,
    EventType.USER_ERASURE_CANCELLED: USER,
    EventType.USER_ERASED: USER,
}
"""By type: the members of `data`; one that the event does not have is left out."""

TEST_TYPE = "webhook.test"
"""What `webhooks test` sends; goes to one endpoint, whatever that wants."""


def event_id(partition: int, stream_id: str) -> str:
    """`evt_7_1789000000000-0`: the same for the same event, at every try and replay."""
    return f"evt_{partition}_{stream_id}"


def data_of(event: Event) -> dict[str, str]:
    """The payload's `data`."""
    fields = ((name, getattr(event, name)) for name in OFFERED[event.type])
    return {name: value for name, value in fields if value}


def wants(patterns: Iterable[str], kind: str) -> bool:
    """Whether one of `session.ended`, `session.*` and `*` names a type."""
    noun = kind.partition(".")[0]
    return any(pattern in {kind, f"{noun}.*", "*"} for pattern in patterns)


def unknown(patterns: Iterable[str]) -> list[str]:
    """The patterns that no offered type answers to."""
    return [one for one in patterns if not any(wants([one], kind) for kind in OFFERED)]
