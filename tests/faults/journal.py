"""What clients were told, kept while a fault goes on, and what must follow from it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

MADE = frozenset({"token.refreshed", "token.recovered"})
STALE_SECONDS = 2.5
"""How long another process may take a token whose end it has not read yet, while degraded."""


@dataclass
class Journal:
    """Acknowledged operations and violations, in order."""

    ended: dict[str, float] = field(default_factory=dict)
    """Session id → when its end was acknowledged."""
    rotations: Counter[tuple[str, int]] = field(default_factory=Counter)
    """(session id, generation) of every pair that was handed out."""
    logins: set[str] = field(default_factory=set)
    wrongs: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    last_failure: float = 0.0

    def wrong(self, what: str) -> None:
        """A promise was broken."""
        self.wrongs.append(what)

    def note(self, operation: str, status: int) -> None:
        """Count an answer."""
        self.statuses[f"{operation} {status}"] += 1
        if status >= 500:
            self.last_failure = monotonic()

    def dead_token_accepted(self, session_id: str, sent: float, *, degraded: bool) -> None:
        """An access token was taken after its session's end had been acknowledged."""
        late = sent - self.ended[session_id]
        if not degraded or late > STALE_SECONDS:
            self.wrong(f"revoked token accepted {late:.2f} s after its end, degraded={degraded}")


def reconcile(
    journal: Journal, audit: Sequence[Any], sessions: Sequence[Any], *, events_lost: bool
) -> list[str]:
    """Every promise that the tables break, in words. `events_lost`: the fault destroyed streams."""
    broken = [*journal.wrongs, *_ends(journal, audit, sessions)]
    if not events_lost:
        broken += _events(journal, audit)
    return broken


def _ends(journal: Journal, audit: Sequence[Any], sessions: Sequence[Any]) -> Iterator[str]:
    """An acknowledged end is in both tables, once; nothing else ended."""
    ends = Counter(r.session_id for r in audit if r.type in {"session.ended", "session.expired"})
    reasons = {row.id: row.end_reason for row in sessions}
    for session_id in journal.ended:
        if reasons.get(session_id) != "logout":
            yield f"{session_id} was ended, its row says {reasons.get(session_id)}"
        if ends[session_id] != 1:
            yield f"{session_id} has {ends[session_id]} events of its end"
    for session_id in journal.logins - set(journal.ended):
        if reasons.get(session_id):
            yield f"{session_id} ended by {reasons[session_id]}: its owner did nothing wrong"
    for row in audit:
        if row.type == "token.reuse_detected":
            yield f"reuse detected in {row.session_id}: nobody stole anything"


def _events(journal: Journal, audit: Sequence[Any]) -> Iterator[str]:
    """Every acknowledged sign-in and pair has its event, and none was made twice."""
    made = Counter((r.session_id, r.generation) for r in audit if r.type in MADE)
    told = made + Counter((r.session_id, r.generation) for r in audit if r.type == "token.replayed")
    opened = Counter(r.session_id for r in audit if r.type == "login.succeeded")
    yield from (f"no event of rotation {key}" for key in journal.rotations if not told[key])
    yield from (
        f"{opened[sid]} events of login {sid}" for sid in journal.logins if opened[sid] != 1
    )
    yield from (f"{count} events of rotation {key}" for key, count in made.items() if count > 1)
