"""What analysts count, from events: pure, and the same whatever the order events come in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hmac import digest
from typing import NamedTuple
from uuid import UUID

from service.contracts.events import Event, EventType, outcome_of
from service.domain.instants import to_datetime

SCHEMA_VERSION = 1
NOT_COUNTED = frozenset({"analytics", "audit", "export", "webhook", "hold"})
"""First words of event types that are about the work of operators, auditors and analysts."""

BACKGROUND = "background"
REFRESHES = frozenset({EventType.TOKEN_REFRESHED, EventType.TOKEN_RECOVERED})
ENDS = frozenset(
    {EventType.SESSION_ENDED, EventType.SESSION_EXPIRED, EventType.TOKEN_REUSE_DETECTED}
)


class Keys(NamedTuple):
    """Keys of the dimensions of an event."""

    client: int = 0
    device: int = 0
    geo: int = 0


NO_KEYS = Keys()


class EventFact(NamedTuple):
    """A row of `fct_auth_events`, in the order of its columns."""

    event_id: str
    event_name: str
    occurred_at: datetime
    received_at: datetime
    user_key: str | None
    subject_key: str | None
    session_id: str | None
    client_key: int
    device_key: int
    geo_key: int
    outcome: str
    reason_code: str | None
    auth_method: str | None
    is_foreground: bool | None
    is_test: bool
    schema_version: int = SCHEMA_VERSION


@dataclass(slots=True)
class SessionFact:
    """What some events say of one session. Adding up such facts is the table's work."""

    user_key: str | None
    keys: Keys = NO_KEYS
    started_at: datetime | None = None
    last_active_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    auth_method: str | None = None
    refreshes: int = 0
    background_refreshes: int = 0
    reuse_detected: bool = False
    is_test: bool = False

    def add(self, event: Event, fact: EventFact) -> None:
        """Take one more event of the session into account, in whatever order they come."""
        at = fact.occurred_at
        if event.type is EventType.LOGIN_SUCCEEDED:
            self.started_at = at if self.started_at is None else min(self.started_at, at)
            self.auth_method = fact.auth_method
            self.keys = Keys(fact.client_key, fact.device_key, fact.geo_key)
        if is_activity(event):
            self.last_active_at = max(self.last_active_at or at, at)
        if event.type in REFRESHES:
            self.refreshes += 1
            self.background_refreshes += event.data.get("tab") == BACKGROUND
        if event.type in ENDS:
            end = (at, event.reason)
            if self.ended_at is None or end < (self.ended_at, self.end_reason or ""):
                self.ended_at, self.end_reason = end
            self.reuse_detected |= event.type is EventType.TOKEN_REUSE_DETECTED


class Pseudonyms:
    """Who is who, without saying who: HMAC-SHA-256 under a key of the analytics' own."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    def of(self, text: str) -> str:
        """A UUID of 128 of the 256 bits."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) > 100_000:
                self._known.clear()
            found = str(UUID(bytes=digest(self._key, text.encode(), "sha256")[:16]))
            self._known[text] = found
        return found

    def user(self, user_id: str) -> str | None:
        """The pseudonym of a person; None for nobody known."""
        return self.of(f"user/{user_id}") if user_id else None

    def subject(self, event: Event) -> str | None:
        """Whose sign-in a step belongs to; of people unknown by address and user agent."""
        if event.user_id:
            return self.user(event.user_id)
        if not event.ip:
            return None
        return self.of(f"visitor/{event.ip}/{event.user_agent}")


def counts(event: Event) -> bool:
    """Whether analysts see it."""
    return event.type.partition(".")[0] not in NOT_COUNTED


def is_activity(event: Event) -> bool:
    """A sign-in, a refresh that a tab in the foreground made, or a request of a session."""
    if event.type in (EventType.LOGIN_SUCCEEDED, EventType.SESSION_USED):
        return True
    return event.type in REFRESHES and event.data.get("tab") != BACKGROUND


def read_event(
    event_id: str, event: Event, received_at: datetime, who: Pseudonyms, keys: Keys, *, test: bool
) -> EventFact:
    """The row of an event."""
    tab = event.data.get("tab")
    return EventFact(
        event_id,
        event.type.value,
        to_datetime(event.at_ms),
        received_at,
        who.user(event.user_id),
        who.subject(event),
        event.session_id or None,
        *keys,
        outcome_of(event.type, event.reason).value,
        event.reason or None,
        _method(event.data.get("amr")),
        None if tab is None else tab != BACKGROUND,
        test,
    )


def session_facts(pairs: Iterable[tuple[Event, EventFact]]) -> dict[str, SessionFact]:
    """What events say of their sessions."""
    found: dict[str, SessionFact] = {}
    for event, fact in pairs:
        if fact.session_id is not None:
            session = found.get(fact.session_id)
            if session is None:
                session = found[fact.session_id] = SessionFact(fact.user_key, is_test=fact.is_test)
            session.add(event, fact)
    return found


def _method(amr: object) -> str | None:
    """How somebody signed in, as one text."""
    if isinstance(amr, list):
        return " ".join(map(str, amr))
    return str(amr) if amr else None
