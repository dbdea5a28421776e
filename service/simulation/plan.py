"""How much traffic of which kind is made up."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from service.domain.instants import to_ms
from service.domain.sessions import SessionPolicy

POLICY = SessionPolicy(
    access_ttl=timedelta(minutes=15),
    idle_ttl=timedelta(days=1),
    max_ttl=timedelta(days=30),
    replay_window=timedelta(seconds=10),
)
"""The defaults of docs/configuration.md."""


class Spell(NamedTuple):
    """A time in which something is away: `[begins, ends)` in epoch milliseconds."""

    begins: int
    ends: int

    def covers(self, at_ms: int) -> bool:
        """Whether an instant is in it."""
        return self.begins <= at_ms < self.ends


@dataclass(frozen=True)
class Plan:
    """What `simulate` makes. Nothing happens before `end - days` or from `end` on.

    Shares are of people, but `late` of events, `wrong_password`, `typos` and `wrong_codes` of
    tries, `replays` and `thefts` of refreshes, `sign_outs` of visits. The `devoted` come all day and
    never sign out, until a session is too old. Bots are a number of machines
    that sign in every hour, and `stuffing` one of bursts of guessed passwords a day.
    """

    end: datetime
    days: int = 90
    people: int = 2000
    newcomers: float = 0.4
    mean_stay: timedelta = timedelta(days=70)
    test_accounts: float = 0.02
    second_factor: float = 0.35
    disabled: float = 0.2
    devoted: float = 0.03
    wrong_password: float = 0.07
    typos: float = 0.02
    wrong_codes: float = 0.06
    replays: float = 0.012
    thefts: float = 0.002
    sign_outs: float = 0.15
    late: float = 0.002
    bots: int = 1
    stuffing: float = 2.0
    outages: int = 1
    stalls: int = 1
    spells: timedelta = timedelta(hours=3)
    policy: SessionPolicy = field(default=POLICY)

    @cached_property
    def start_ms(self) -> int:
        """The first instant."""
        return to_ms(self.end - timedelta(days=self.days))

    @cached_property
    def end_ms(self) -> int:
        """The first instant after."""
        return to_ms(self.end)
