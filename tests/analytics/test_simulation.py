"""Made-up traffic: the same for the same seed, within its plan, and like people in their zones."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from service.contracts import keys
from service.contracts.events import EventType
from service.domain.ids import partition_in
from service.domain.user_agents import read_device
from service.simulation import Plan, simulate
from service.simulation.agents import BOTS, DESKTOPS, PHONES
from service.simulation.places import PLACES, country_of
from service.simulation.plan import POLICY
from service.simulation.simulate import Simulation
from service.simulation.stage import Arrival

PLAN = Plan(
    end=datetime(2026, 11, 9, 16, tzinfo=UTC),
    days=40,
    people=80,
    thefts=0.02,
    replays=0.5,
    outages=2,
    devoted=0.15,
    test_accounts=0.1,
    policy=replace(POLICY, max_ttl=timedelta(days=7)),
)
"""Clocks change in it in Lord Howe, Berlin and New York."""

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def told() -> tuple[Simulation, list[Arrival]]:
    """A simulation that was read to its end, and all it told."""
    simulation = simulate(PLAN, 7)
    return simulation, list(simulation)


def test_a_seed_makes_the_same_again(told: tuple[Simulation, list[Arrival]]) -> None:
    simulation, arrivals = told
    again = simulate(PLAN, 7)

    assert list(again) == arrivals
    assert again.truth == simulation.truth
    assert list(simulate(PLAN, 8)) != arrivals


def test_everything_happens_within_the_plan_and_arrives_in_order(
    told: tuple[Simulation, list[Arrival]],
) -> None:
    simulation, arrivals = told

    assert all(PLAN.start_ms <= each.event.at_ms < PLAN.end_ms for each in arrivals)
    assert all(one.at_ms <= other.at_ms for one, other in pairwise(arrivals))
    assert all(each.at_ms > each.event.at_ms for each in arrivals)
    assert len(simulation.truth.told_ms) == len(arrivals)


def test_an_outage_is_silent_and_a_stall_is_not(told: tuple[Simulation, list[Arrival]]) -> None:
    simulation, arrivals = told
    at_ms = [each.event.at_ms for each in arrivals]

    assert not [at for at in at_ms for spell in simulation.stage.outages if spell.covers(at)]
    assert [at for at in at_ms for spell in simulation.stage.stalls if spell.covers(at)]


def test_late_is_never_nearly_late(told: tuple[Simulation, list[Arrival]]) -> None:
    simulation, arrivals = told
    late = [each for each in arrivals if each.at_ms - each.event.at_ms > 60 * MINUTE_MS]

    assert sorted(each.event.at_ms for each in late) == sorted(simulation.truth.late_ms)
    assert late
    assert not [
        each for each in arrivals if MINUTE_MS < each.at_ms - each.event.at_ms < 80 * MINUTE_MS
    ]


def test_events_travel_in_the_partition_of_their_person(
    told: tuple[Simulation, list[Arrival]],
) -> None:
    _, arrivals = told

    for each in arrivals:
        event = each.event
        assert each.partition == keys.partition_of(event.user_id or event.request_id)
        if event.session_id:
            assert each.partition == partition_in(event.session_id, partitions=keys.PARTITIONS)


RARE = {
    EventType.MFA_DISABLED,
    EventType.MFA_RECOVERY_CODES_RENEWED,
    EventType.SESSIONS_REVOKED,
    EventType.SESSION_REFUSED,
    EventType.SESSION_STEPPED_UP,
}
"""Of factors that change, and of administrators: nobody made up does that."""


def test_all_sorts_of_things_happen(told: tuple[Simulation, list[Arrival]]) -> None:
    """Each type that sign-in and sessions have, each usual end, each cause of a replay."""
    simulation, arrivals = told
    kinds = {each.event.type for each in arrivals}
    missing = {
        kind
        for kind in EventType
        if kind.partition(".")[0] in {"login", "mfa", "token", "session"} and kind not in kinds
    } - RARE
    truth = simulation.truth
    ends = {session.end_reason for session in truth.sessions}

    assert not missing
    assert {EventType.LIMIT_EXCEEDED, EventType.USER_CREATED} < kinds
    assert ends == {
        *("logout", "idle_timeout", "absolute_timeout", "revoked_user", "token_reuse"),
        None,
    }
    assert {cause for s in truth.sessions for _, cause in s.replays} == {
        "concurrent",
        "lost_response",
    }
    assert {person.zone for person in truth.people} == {place.zone for place in PLACES}
    assert any(person.is_test for person in truth.people)
    assert any(session.background_ms for session in truth.sessions)
    assert {flow.user_agent for flow in truth.flows} > BOTS


def test_sessions_obey_their_limits(told: tuple[Simulation, list[Arrival]]) -> None:
    """Nothing is told of a session after its end or past a limit, and generations only rise."""
    simulation, arrivals = told
    policy = PLAN.policy
    told_of = defaultdict(list)
    for each in arrivals:
        if each.event.session_id:
            told_of[each.event.session_id].append(each.event)
    for session in simulation.truth.sessions:
        events = sorted(told_of[session.id], key=lambda event: event.at_ms)
        last = session.ended_ms or PLAN.end_ms
        assert events[0].type is EventType.LOGIN_SUCCEEDED
        assert [event.at_ms for event in events if event.at_ms > last] == []
        assert session.activity_ms == sorted(session.activity_ms)
        assert max(session.activity_ms) < session.started_ms + policy.max_ms
        refreshed = [
            event.generation
            for event in events
            if event.type in {EventType.TOKEN_REFRESHED, EventType.TOKEN_RECOVERED}
        ]
        assert refreshed == list(range(2, 2 + len(refreshed)))
        if session.end_reason == "idle_timeout":
            uses = [*session.activity_ms, *session.background_ms]
            assert session.ended_ms is not None
            assert session.ended_ms - max(uses) >= policy.idle_ms


def test_wishes_to_sign_in_cannot_be_confused(told: tuple[Simulation, list[Arrival]]) -> None:
    """Two of one person begin so far apart that thirty minutes part them, whatever counts."""
    simulation, _ = told
    begun = defaultdict(list)
    for flow in simulation.truth.flows:
        if flow.person is not None and flow.user_agent not in BOTS:
            begun[flow.person.id].append(flow)
    gaps = [
        other.started_ms - max([one.started_ms, *(each.at_ms for each in one.failures)])
        for flows in begun.values()
        for one, other in pairwise(sorted(flows, key=lambda flow: flow.started_ms))
    ]

    assert min(gaps) > 31 * MINUTE_MS


@pytest.mark.parametrize("zone", [place.zone for place in PLACES])
def test_people_live_by_their_own_clock(told: tuple[Simulation, list[Arrival]], zone: str) -> None:
    """They sleep at four in the morning there, and rest at weekends, also after clocks changed."""
    simulation, _ = told
    local = [
        datetime.fromtimestamp(session.activity_ms[0] / 1000, ZoneInfo(zone))
        for session in simulation.truth.sessions
        if session.person.zone == zone and session.user_agent not in BOTS
    ]
    night = sum(1 <= at.hour < 5 for at in local)
    day = sum(9 <= at.hour < 13 for at in local)
    weekend = sum(at.weekday() >= 5 for at in local)

    assert day > 4 * night
    assert weekend / 2 < (len(local) - weekend) / 5


def test_people_come_and_leave(told: tuple[Simulation, list[Arrival]]) -> None:
    simulation, _ = told
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for session in simulation.truth.sessions:
        first.setdefault(session.person.id, session.started_ms)
        last[session.person.id] = max(session.activity_ms)
    half_ms = (PLAN.start_ms + PLAN.end_ms) // 2

    assert sum(at > half_ms for at in first.values()) > 5
    assert sum(at < half_ms for at in last.values()) > 5


def test_addresses_and_agents_are_what_they_say() -> None:
    assert [country_of(place.address(7)) for place in PLACES] == [p.country for p in PLACES]
    assert country_of("192.0.2.1") == ""
    assert {read_device(agent.text).kind for agent in PHONES} == {"mobile"}
    assert {read_device(agent.text).kind for agent in DESKTOPS} >= {"desktop", "tablet"}
    assert all(read_device(text).is_bot for text in BOTS)


def test_another_policy_gives_other_sessions() -> None:
    """A short idle limit ends sessions that a long one keeps."""
    short = replace(POLICY, idle_ttl=timedelta(hours=1), max_ttl=timedelta(hours=8))
    simulation = simulate(Plan(end=PLAN.end, days=10, people=20, bots=0, policy=short), 7)
    list(simulation)
    lives = [s.ended_ms - s.started_ms for s in simulation.truth.sessions if s.ended_ms]
    ends = Counter(session.end_reason for session in simulation.truth.sessions)

    assert ends["idle_timeout"] > ends["logout"]
    assert max(lives) < timedelta(hours=8, minutes=1) / timedelta(milliseconds=1)
