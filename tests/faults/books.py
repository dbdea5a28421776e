"""What the tables must say after what clients were told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.journal import Journal, Told

MADE = frozenset({"token.refreshed", "token.recovered"})
GIVEN = MADE | {"login.succeeded", "token.replayed"}
"""Each answers one request: two with the same request id are one event twice."""
ENDS = frozenset({"session.ended", "session.expired"})


@dataclass(frozen=True)
class Damage:
    """What a fault itself destroyed.

    `requests`: their events were on streams that were deleted. `since`, `until`: between them what
    was written was on no server that survived.
    """

    requests: frozenset[str] = frozenset()
    since: float = 0.0
    until: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.requests) or self.until > self.since

    def took(self, told: Told) -> bool:
        """Whether an event may be missing."""
        return told.request_id in self.requests or (
            self.since <= told.at and told.sent <= self.until
        )


def missing(journal: Journal, audit: Sequence[Any]) -> list[Told]:
    """What clients were told and the audit does not know."""
    given = {row.request_id for row in audit if row.type in GIVEN}
    return [told for told in journal.told if told.request_id not in given]


def reconcile(
    journal: Journal, audit: Sequence[Any], sessions: Sequence[Any], damage: Damage
) -> list[str]:
    """Every promise that was broken, in words."""
    return [
        *journal.wrongs,
        *_ends(journal, audit, sessions),
        *_lost(journal, audit, damage),
        *_doubled(audit, damage),
    ]


def _ends(journal: Journal, audit: Sequence[Any], sessions: Sequence[Any]) -> Iterator[str]:
    """An acknowledged end is in both tables, once, whatever was destroyed; nothing else ended."""
    events = Counter(row.session_id for row in audit if row.type in ENDS)
    reasons = {row.id: row.end_reason for row in sessions}
    for session_id in journal.ended:
        if reasons.get(session_id) != "logout":
            yield f"{session_id} was ended, its row says {reasons.get(session_id)}"
    for row in sessions:
        if events[row.id] != (1 if row.end_reason else 0):
            yield f"{row.id} ({row.end_reason}) has {events[row.id]} events of its end"
    for session_id in journal.sessions - set(journal.ended):
        if reasons.get(session_id):
            yield f"{session_id} ended by {reasons[session_id]}: its owner did nothing wrong"
    for row in audit:
        if row.type == "token.reuse_detected":
            yield f"reuse detected in {row.session_id}: nobody stole anything"


def _lost(journal: Journal, audit: Sequence[Any], damage: Damage) -> Iterator[str]:
    for told in missing(journal, audit):
        if not damage.took(told):
            yield f"no event of {told}"


def _doubled(audit: Sequence[Any], damage: Damage) -> Iterator[str]:
    requests = Counter(row.request_id for row in audit if row.type in GIVEN)
    yield from (f"{n} events of request {request}" for request, n in requests.items() if n > 1)
    if damage:
        return  # a generation whose making was forgotten may be made again
    made = Counter((row.session_id, row.generation) for row in audit if row.type in MADE)
    yield from (f"{n} events of rotation {key}" for key, n in made.items() if n > 1)
