"""What really happened, as the generator decided it; events only tell of it.

Instants are epoch milliseconds. A session's activity is what anybody outside could know: sign-in,
refreshes of a tab in the foreground, and the first request in a quarter of an hour.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(slots=True)
class Person:
    """Somebody with an account. `created_ms` is None where it is older than the traffic."""

    id: str
    country: str
    zone: str
    is_test: bool = False
    created_ms: int | None = None
    enrolled_ms: int | None = None


@dataclass(slots=True)
class Session:
    """A session from its sign-in to its end; `ended_ms` is None while it is open."""

    id: str
    person: Person
    user_agent: str
    country: str
    method: str
    started_ms: int
    activity_ms: list[int] = field(default_factory=list)
    foreground_ms: list[int] = field(default_factory=list)
    background_ms: list[int] = field(default_factory=list)
    replays: list[tuple[int, str]] = field(default_factory=list)
    ended_ms: int | None = None
    end_reason: str | None = None
    reused_ms: int | None = None


class Failure(NamedTuple):
    """A password or a code that was tried in vain, and why."""

    at_ms: int
    reason: str


@dataclass(slots=True)
class Flow:
    """One wish to sign in, from its first password to its session or to giving up."""

    person: Person | None
    user_agent: str
    country: str
    started_ms: int
    failures: list[Failure] = field(default_factory=list)
    password_ms: int | None = None
    factor_ms: int | None = None
    session_ms: int | None = None


@dataclass(slots=True)
class Truth:
    """All of it. `told_ms` is when each event happened, `late_ms` of those over an hour late."""

    people: list[Person] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    told_ms: list[int] = field(default_factory=list)
    late_ms: list[int] = field(default_factory=list)
