"""What clients were told, kept while a fault goes on."""

import os
from collections import Counter
from dataclasses import dataclass, field
from time import monotonic

FULL = "FAULT_SECONDS" in os.environ
"""`make faults`, which measures; the short form runs beside everything else, on a busy machine."""
STALE_SECONDS = 5.0 if FULL else 30.0
"""How long a token whose end was committed, but is not everywhere yet, may still be taken.

The service says a second (each process reads the ends that often); the rest is the machine's.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A sign-in (generation 1) or a refresh that a client knows to have succeeded."""

    request_id: str
    session_id: str
    generation: int
    sent: float
    at: float


@dataclass(frozen=True, slots=True)
class End:
    """A sign-out that a client knows of. `applied`: 204, Redis had heard of it; else 202."""

    at: float
    applied: bool


@dataclass
class Journal:
    """Acknowledged operations, and promises that were seen to break."""

    told: list[Told] = field(default_factory=list)
    ended: dict[str, End] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    troubles: list[float] = field(default_factory=list)
    """When somebody heard 503, or that Redis was done without."""

    @property
    def answers(self) -> int:
        """How many there were, of all kinds."""
        return self.statuses.total()

    @property
    def sessions(self) -> set[str]:
        """All that a client ever held tokens of."""
        return {told.session_id for told in self.told}

    def wrong(self, what: str) -> None:
        """A promise was broken."""
        self.wrongs.append(what)

    def note(self, operation: str, status: int, *, sent: float, degraded: bool) -> None:
        """Count an answer."""
        now = monotonic()
        self.statuses[f"{operation} {status}{' degraded' if degraded else ''}"] += 1
        self.slowest = max(self.slowest, now - sent)
        if status >= 500 or degraded:
            self.troubles.append(now)

    def end(self, session_id: str, *, applied: bool) -> None:
        """A client was told that a session is over."""
        self.ended.setdefault(session_id, End(monotonic(), applied))

    def accepted_dead(self, what: str, session_id: str, *, sent: float, degraded: bool) -> None:
        """A token was taken that had been sent after its session's end was acknowledged."""
        end = self.ended[session_id]
        late = sent - end.at
        if (end.applied and not degraded) or late > STALE_SECONDS:
            self.wrong(f"{what} {late:.2f} s after its end, {end}, degraded={degraded}")
