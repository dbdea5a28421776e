"""Every metric of the analytics, counted again from the truth: plain, slow, and nothing clever.

It knows no table and no event. Instants are epoch milliseconds, windows are `[since, until)`. Test
accounts, and devices behind which nobody sits, are left out from the beginning.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.simulation.agents import BOTS
from service.simulation.truth import Flow, Person, Session, Truth

QUARTER_MS = 900_000
HOUR_MS = 3_600_000
MAU_DAYS = 28


class Rate(NamedTuple):
    """A share or a mean; its value is None on a denominator of 0."""

    numerator: float
    denominator: float

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None


class Cell(NamedTuple):
    """A local hour, day or week: where it begins and ends."""

    since: int
    until: int


def midnight(day: date, zone: str) -> int:
    """When a local day begins."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return round(local.timestamp() * 1000)


def local_date(at_ms: int, zone: str) -> date:
    """Which day it is there."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()


def local_days(day: date, zone: str, count: int = 1) -> Cell:
    """So many local days that end with this one."""
    return Cell(
        midnight(day - timedelta(days=count - 1), zone), midnight(day + timedelta(days=1), zone)
    )


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def cells(since: int, until: int, zone: str, grain: str) -> Iterator[Cell]:
    """The local hours, days or weeks of a window, the first and the last cut where it is.

    An hour begins wherever a clock there shows a full hour, also the one that comes twice.
    """
    edges = [since]
    if grain == "hour":
        # Quarters of an hour are enough: no zone in use has a finer offset.
        first = -(-since // QUARTER_MS) * QUARTER_MS
        edges += [
            at_ms
            for at_ms in range(first, until, QUARTER_MS)
            if datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).minute == 0
        ]
    else:
        day = local_date(since, zone)
        while midnight(day, zone) < until:
            if grain == "day" or day.weekday() == 0:
                edges.append(midnight(day, zone))
            day += timedelta(days=1)
    edges = sorted({edge for edge in edges if since <= edge < until} | {until})
    for begins, ends in pairwise(edges):
        yield Cell(begins, ends)


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
    """What the analytics must say of a truth. `only` keeps some sessions: a breakdown's."""

    def __init__(self, truth: Truth, only: Callable[[Session], bool] = lambda _: True) -> None:
        self.truth = truth
        self.sessions = [
            session
            for session in truth.sessions
            if counted(session.person, session.user_agent) and only(session)
        ]
        self.flows = [flow for flow in truth.flows if counted(flow.person, flow.user_agent)]
        self.activity = [
            (at_ms, session.person) for session in self.sessions for at_ms in session.activity_ms
        ]

    # people

    def active_users(self, since: int, until: int) -> set[str]:
        return {person.id for at_ms, person in self.activity if since <= at_ms < until}

    def dau(self, day: date, zone: str) -> int:
        return len(self.active_users(*local_days(day, zone)))

    def wau(self, day: date, zone: str) -> int:
        return len(self.active_users(*local_days(day, zone, 7)))

    def mau(self, day: date, zone: str) -> int:
        return len(self.active_users(*local_days(day, zone, MAU_DAYS)))

    def stickiness(self, day: date, zone: str) -> Rate:
        return Rate(self.dau(day, zone), self.mau(day, zone))

    def first_seen(self) -> dict[str, int]:
        """When each person did anything for the first time."""
        seen: dict[str, int] = {}
        for at_ms, person in self.activity:
            seen[person.id] = min(seen.get(person.id, at_ms), at_ms)
        return seen

    def new_users(self, since: int, until: int) -> int:
        return sum(since <= at_ms < until for at_ms in self.first_seen().values())

    def returning_users(self, since: int, until: int) -> int:
        seen = self.first_seen()
        return sum(seen[person] < since for person in self.active_users(since, until))

    def active_concurrent(self, since: int, until: int) -> int:
        """The most people of any quarter of an hour that begins in the window."""
        buckets: dict[int, set[str]] = {}
        for at_ms, person in self.activity:
            buckets.setdefault(at_ms // QUARTER_MS * QUARTER_MS, set()).add(person.id)
        return max((len(who) for at, who in buckets.items() if since <= at < until), default=0)

    def retention(self, zone: str, until: int) -> dict[date, list[float | None]]:
        """By the Monday of each cohort: the share active in its week 0, 1, …; None: unfinished."""
        cohorts: dict[date, set[str]] = {}
        for person, at_ms in self.first_seen().items():
            cohorts.setdefault(monday(local_date(at_ms, zone)), set()).add(person)
        found: dict[date, list[float | None]] = {}
        for cohort, members in sorted(cohorts.items()):
            found[cohort] = []
            week = cohort
            while midnight(week, zone) < until:
                since, ends = midnight(week, zone), midnight(week + timedelta(days=7), zone)
                active = members & self.active_users(since, ends)
                found[cohort].append(None if ends > until else len(active) / len(members))
                week += timedelta(days=7)
        return found

    # sessions

    def started(self, since: int, until: int) -> list[Session]:
        return [s for s in self.sessions if since <= s.started_ms < until]

    def ended(self, since: int, until: int) -> list[Session]:
        return [s for s in self.sessions if s.ended_ms is not None and since <= s.ended_ms < until]

    def sessions_started(self, since: int, until: int) -> int:
        return len(self.started(since, until))

    def sessions_ended(self, since: int, until: int) -> Counter[str | None]:
        return Counter(session.end_reason for session in self.ended(since, until))

    def open_sessions_peak(self, since: int, until: int) -> int:
        """The most at any instant of the window: at its beginning, or when one has just begun."""
        instants = {since} | {session.started_ms for session in self.started(since, until)}
        starts = sorted(s.started_ms for s in self.sessions)
        ends = sorted(s.ended_ms for s in self.sessions if s.ended_ms is not None)
        return max(_up_to(starts, at) - _up_to(ends, at) for at in instants)

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

    def refreshes(self, since: int, until: int, *, background: bool) -> int:
        """How many there were in the window."""
        return sum(
            since <= at_ms < until
            for session in self.sessions
            for at_ms in (session.background_ms if background else session.foreground_ms)
        )

    def refreshes_per_session(self, since: int, until: int, *, background: bool) -> Rate:
        """Of sessions that ended in the window, over their whole lives."""
        ended = self.ended(since, until)
        kind = [s.background_ms if background else s.foreground_ms for s in ended]
        return Rate(sum(map(len, kind)), len(ended))

    def refreshes_per_hour(self, since: int, until: int, *, background: bool) -> Rate:
        """Refreshes in the window ÷ its hours."""
        count = self.refreshes(since, until, background=background)
        return Rate(count, (until - since) / HOUR_MS)

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
        reused = [
            s for s in self.sessions if s.reused_ms is not None and since <= s.reused_ms < until
        ]
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
        counts: Counter[str] = Counter()
        who: dict[str, set[str]] = {}
        for flow in self.flows:
            for failure in flow.failures:
                if since <= failure.at_ms < until:
                    counts[failure.reason] += 1
                    people = who.setdefault(failure.reason, set())
                    if flow.person is not None:
                        people.add(flow.person.id)
        return {reason: (count, len(who[reason])) for reason, count in counts.items()}

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


def counted(person: Person | None, user_agent: str) -> bool:
    """Whether the default filter lets it through."""
    return user_agent not in BOTS and not (person is not None and person.is_test)


def _within(at_ms: int | None, since: int, until: int) -> bool:
    return at_ms is not None and since <= at_ms < until


def _up_to(ordered: Sequence[int], at_ms: int) -> int:
    return sum(each <= at_ms for each in ordered)
