"""Every metric of the analytics, counted again from the truth: plain, slow, and nothing clever.

It knows no table and no event. Instants are epoch milliseconds, windows are `[since, until)`. Test
accounts, and devices behind which nobody sits, are left out from the beginning.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cached_property
from math import floor
from typing import NamedTuple

from service.simulation.agents import BOTS, THIEF
from service.simulation.truth import Failure, Flow, Person, Session, Truth
from tests.analytics.clocks import HOUR_MS, QUARTER_MS, Cell, local_days, midnight

MAU_DAYS = 28


class Place(NamedTuple):
    """Where something was done, and by what: a breakdown parts by these."""

    user_agent: str
    country: str
    method: str = ""


THIEFS = Place(THIEF.text, "")


class Rate(NamedTuple):
    """A share or a mean; its value is None on a denominator of 0."""

    numerator: float
    denominator: float

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """As PostgreSQL's `percentile_cont`; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


class Plain:
    """What the analytics must say of a truth. `only` keeps what was done at some places."""

    def __init__(
        self,
        truth: Truth,
        only: Callable[[Place], bool] = lambda _: True,
        *,
        tests: bool = False,
        bots: bool = False,
        now_ms: int = 0,
    ) -> None:
        def counts(person: Person | None, place: Place) -> bool:
            return (
                only(place)
                and (bots or place.user_agent not in BOTS)
                and (tests or person is None or not person.is_test)
            )

        self.truth, self.now_ms = truth, now_ms
        self.sessions = [s for s in truth.sessions if counts(s.person, place_of(s))]
        self.flows = [
            flow
            for flow in truth.flows
            if counts(flow.person, Place(flow.user_agent, flow.country))
        ]
        self.reused = [
            s for s in truth.sessions if s.reused_ms is not None and counts(s.person, THIEFS)
        ]
        self.activity = sorted(
            (at_ms, session.person.id) for session in self.sessions for at_ms in session.activity_ms
        )

    # people

    def active_users(self, since: int, until: int) -> set[str]:
        first, last = (bisect_left(self.activity, (at_ms, "")) for at_ms in (since, until))
        return {person for _, person in self.activity[first:last]}

    def dau(self, day: date, zone: str) -> int:
        return len(self.active_users(*local_days(day, zone)))

    def wau(self, day: date, zone: str) -> int:
        return len(self.active_users(*local_days(day, zone, 7)))

    def mau(self, day: date, zone: str) -> int:
        return len(self.active_users(*local_days(day, zone, MAU_DAYS)))

    def stickiness(self, day: date, zone: str) -> Rate:
        return Rate(self.dau(day, zone), self.mau(day, zone))

    @cached_property
    def first_seen(self) -> dict[str, int]:
        """When each person did anything for the first time ever, wherever that was."""
        seen: dict[str, int] = {}
        for session in self.truth.sessions:
            who, at_ms = session.person.id, min(session.activity_ms)
            seen[who] = min(seen.get(who, at_ms), at_ms)
        return seen

    def new_users(self, since: int, until: int) -> int:
        return sum(self.first_seen[who] >= since for who in self.active_users(since, until))

    def returning_users(self, since: int, until: int) -> int:
        return sum(self.first_seen[who] < since for who in self.active_users(since, until))

    def active_concurrent(self, since: int, until: int) -> int:
        """The most people of any quarter of an hour that begins in the window."""
        first, last = (bisect_left(self.activity, (at_ms, "")) for at_ms in (since, until))
        buckets: dict[int, set[str]] = {}
        for at_ms, who in self.activity[first:last]:
            buckets.setdefault(at_ms // QUARTER_MS, set()).add(who)
        return max(map(len, buckets.values()), default=0)

    def retention(self, zone: str, week: date, after: int) -> tuple[int, list[int | None]]:
        """A cohort's size, and how many came in each week after; None: that is not over."""

        def week_of(number: int) -> Cell:
            first = week + timedelta(days=7 * number)
            return Cell(midnight(first, zone), midnight(first + timedelta(days=7), zone))

        begins, ends = week_of(0)
        new = {who for who in self.active_users(begins, ends) if self.first_seen[who] >= begins}
        weeks = [week_of(number) for number in range(1, after + 1)]
        return len(new), [
            None if each.until > self.now_ms else len(new & self.active_users(*each))
            for each in weeks
        ]

    # sessions

    def started(self, since: int, until: int) -> list[Session]:
        starts = self._starts_and_ends[0]
        return self._by_start[bisect_left(starts, since) : bisect_left(starts, until)]

    def ended(self, since: int, until: int) -> list[Session]:
        ends = self._starts_and_ends[1]
        return self._by_end[bisect_left(ends, since) : bisect_left(ends, until)]

    def sessions_started(self, since: int, until: int) -> int:
        return len(self.started(since, until))

    def sessions_ended(self, since: int, until: int) -> Counter[str | None]:
        return Counter(session.end_reason for session in self.ended(since, until))

    def open_sessions_peak(self, since: int, until: int) -> int:
        """The most at any instant of the window: at its beginning, or when one has just begun."""
        instants = {since} | {session.started_ms for session in self.started(since, until)}
        starts, ends = self._starts_and_ends
        return max(bisect_right(starts, at) - bisect_right(ends, at) for at in instants)

    @cached_property
    def _by_start(self) -> list[Session]:
        return sorted(self.sessions, key=lambda session: session.started_ms)

    @cached_property
    def _by_end(self) -> list[Session]:
        ended = (session for session in self.sessions if session.ended_ms is not None)
        return sorted(ended, key=lambda session: session.ended_ms or 0)

    @cached_property
    def _starts_and_ends(self) -> tuple[list[int], list[int]]:
        return (
            [session.started_ms for session in self._by_start],
            [session.ended_ms for session in self._by_end if session.ended_ms is not None],
        )

    def open_sessions_average(self, since: int, until: int) -> Rate:
        """Seconds of sessions in the window ÷ its seconds."""
        overlap = 0
        for session in self.sessions:
            ends = until if session.ended_ms is None else min(session.ended_ms, until)
            overlap += max(ends - max(session.started_ms, since), 0)
        return Rate(overlap / 1000, (until - since) / 1000)

    def active_span(self, since: int, until: int) -> list[float]:
        """Seconds from sign-in to last activity, of sessions that ended in the window."""
        return [(max(s.activity_ms) - s.started_ms) / 1000 for s in self.ended(since, until)]

    def lifetime(self, since: int, until: int) -> list[float]:
        """Seconds from sign-in to end, of sessions that ended in the window."""
        return [
            (s.ended_ms - s.started_ms) / 1000
            for s in self.ended(since, until)
            if s.ended_ms is not None
        ]

    def refreshes_per_session(self, since: int, until: int, *, background: bool) -> Rate:
        """Of sessions that ended in the window, over their whole lives."""
        ended = self.ended(since, until)
        return Rate(sum(_refreshes(s, background=background) for s in ended), len(ended))

    def refreshes_per_hour(self, since: int, until: int, *, background: bool) -> Rate:
        """Of sessions that ended in the window ÷ the hours that they lived."""
        refreshes = self.refreshes_per_session(since, until, background=background).numerator
        return Rate(refreshes, sum(self.lifetime(since, until)) * 1000 / HOUR_MS)

    def mfa_use(self, since: int, until: int) -> Rate:
        started = self.started(since, until)
        return Rate(sum(session.method != "pwd" for session in started), len(started))

    def mfa_adoption(self, day: date, zone: str) -> Rate:
        """Of the people of the 28 days: who had a second factor when the day was over."""
        since, until = local_days(day, zone, MAU_DAYS)
        active = self.active_users(since, until)
        enrolled = {
            person.id
            for person in self.truth.people
            if person.enrolled_ms is not None and person.enrolled_ms < until
        }
        return Rate(len(active & enrolled), len(active))

    def reuse_detections(self, since: int, until: int) -> tuple[int, int, int]:
        """Events, sessions, users."""
        reused = [s for s in self.reused if _within(s.reused_ms, since, until)]
        return len(reused), len({s.id for s in reused}), len({s.person.id for s in reused})

    def replays(self, since: int, until: int) -> Counter[str]:
        """The benign ones, by cause."""
        return Counter(
            cause
            for session in self.sessions
            for at_ms, cause in session.replays
            if since <= at_ms < until
        )

    # sign-ins

    def login_attempt_success(self, since: int, until: int) -> Rate:
        """Sessions got ÷ sessions got and passwords and codes that were wrong."""
        right = sum(_within(flow.session_ms, since, until) for flow in self.flows)
        wrong = sum(since <= f.at_ms < until for flow in self.flows for f in flow.failures)
        return Rate(right, right + wrong)

    def login_flow_success(self, since: int, until: int) -> Rate:
        """Of flows that began in the window."""
        flows = self._flows(since, until)
        return Rate(sum(flow.session_ms is not None for flow in flows), len(flows))

    def login_funnel(self, since: int, until: int) -> tuple[int, int, int, int]:
        """Flows that began in the window, and of them: password, second factor, session."""
        flows = self._flows(since, until)
        return (
            len(flows),
            sum(flow.password_ms is not None for flow in flows),
            sum(flow.factor_ms is not None for flow in flows),
            sum(flow.session_ms is not None for flow in flows),
        )

    def failure_reasons(self, since: int, until: int) -> dict[str, tuple[int, int]]:
        """By reason: how often, and to how many people that are known."""
        found: dict[str, tuple[int, int]] = {}
        failures = self._failures(since, until)
        for reason in {failure.reason for failure, _ in failures}:
            who = [person for failure, person in failures if failure.reason == reason]
            found[reason] = len(who), len({person.id for person in who if person is not None})
        return found

    def failures(self, since: int, until: int) -> tuple[int, int]:
        """How many there were, and of how many people that are known."""
        who = [person for _, person in self._failures(since, until)]
        return len(who), len({person.id for person in who if person is not None})

    def _failures(self, since: int, until: int) -> list[tuple[Failure, Person | None]]:
        return [
            (failure, flow.person)
            for flow in self.flows
            for failure in flow.failures
            if since <= failure.at_ms < until
        ]

    # data

    def late_share(self, since: int, until: int) -> Rate:
        """Of all events that happened in the window, of whomever: an hour late or more."""
        late, told = (
            sum(since <= at_ms < until for at_ms in instants)
            for instants in (self.truth.late_ms, self.truth.told_ms)
        )
        return Rate(late, told)

    def _flows(self, since: int, until: int) -> list[Flow]:
        return [flow for flow in self.flows if since <= flow.started_ms < until]


def place_of(session: Session) -> Place:
    """That of its sign-in; whatever it does later belongs there."""
    return Place(session.user_agent, session.country, session.method)


def _refreshes(session: Session, *, background: bool) -> int:
    return len(session.background_ms if background else session.foreground_ms)


def _within(at_ms: int | None, since: int, until: int) -> bool:
    return at_ms is not None and since <= at_ms < until
