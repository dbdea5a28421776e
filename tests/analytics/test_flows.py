"""Sign-in flows: 30 minutes after the last step they close, whatever the order that facts come in."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random

from tests.analytics.conftest import NOW, Facts, person

DAY = ("2026-11-10", "2026-11-11")
STEPS = (
    ("login.failed", "2026-11-10T09:00Z"),
    ("mfa.challenged", "2026-11-10T09:29Z"),
    ("mfa.succeeded", "2026-11-10T09:58Z"),
    ("login.succeeded", "2026-11-10T09:58Z"),
    ("login.failed", "2026-11-10T10:28Z"),
)


async def test_a_flow_closes_after_30_minutes(facts: Facts) -> None:
    """Steps 29 minutes apart are one flow; the next, 30 minutes later, begins another."""
    for name, at in STEPS:
        await facts.event(name, at, "ada")
    await facts.refresh()

    assert await facts.ask("login_flow_success,login_attempt_success", *DAY) == [
        ["2026-11-10", 0.5, 1, 2, 1 / 3, 1, 3]
    ]
    assert await facts.ask("login_funnel", *DAY) == [["2026-11-10", 2, 1, 1, 1]]


async def test_a_step_up_is_no_sign_in(facts: Facts) -> None:
    """Whoever proves again who they are was signed in: no flow, no attempt, no success."""
    await facts.event("login.failed", "2026-11-10T09:00Z", "ada")
    await facts.event("login.succeeded", "2026-11-10T09:01Z", "ada", reason_code="step_up")
    await facts.event("login.succeeded", "2026-11-10T12:00Z", "ada", reason_code="step_up")
    await facts.refresh()

    assert await facts.ask("login_flow_success,login_attempt_success", *DAY) == [
        ["2026-11-10", 0.0, 0, 1, 0.0, 0, 1]
    ]


async def test_no_order_of_arrival_matters(facts: Facts) -> None:
    """A step between two flows makes one of them; each arrives in a refresh of its own."""
    steps = [("login.failed", f"2026-11-10T09:{minute:02}Z") for minute in (0, 20, 40, 59)]
    for number, order in enumerate(permutations(steps)):
        for hour, (name, at) in enumerate(order):
            got = NOW + timedelta(hours=number * 10 + hour)
            await facts.event(name, at, f"p{number}", received_at=got)
            await facts.refresh(now=got)
        flows = await facts.sql(
            "select started_at, last_at, attempts from analytics.agg_flow where subject_key = :who",
            who=person(f"p{number}"),
        )
        assert flows == [
            (datetime(2026, 11, 10, 9, tzinfo=UTC), datetime(2026, 11, 10, 9, 59, tzinfo=UTC), 4)
        ]


async def test_as_a_plain_recount_has_it(facts: Facts) -> None:
    """Random steps of some people, in random order, over several refreshes; then rebuilt."""
    chance = Random(7)  # noqa: S311 - steps, not secrets
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    seen = [
        (f"p{chance.randrange(6)}", begin + timedelta(minutes=chance.randrange(3 * 1440)))
        for _ in range(400)
    ]
    for part in range(4):
        got = NOW + timedelta(hours=part)
        for who, at in seen[part * 100 : part * 100 + 100]:
            await facts.event("login.failed", at, who, received_at=got)
        await facts.refresh(now=got)
    expected = set()
    for who in {who for who, _ in seen}:
        flow: list[datetime] = []
        for at in sorted(at for name, at in seen if name == who):
            if flow and at - flow[-1] >= timedelta(minutes=30):
                expected.add((person(who), flow[0], flow[-1], len(flow)))
                flow = []
            flow.append(at)
        expected.add((person(who), flow[0], flow[-1], len(flow)))
    query = (
        "select cast(subject_key as text), started_at, last_at, attempts from analytics.agg_flow"
    )

    assert set(map(tuple, await facts.sql(query))) == expected


async def test_failures_by_reason(facts: Facts) -> None:
    """Counts and distinct users; too few users of a reason are merged."""
    for number in range(12):
        await facts.event(
            "login.failed",
            "2026-11-10T09:00Z",
            f"p{number % 6}",
            reason_code="wrong_password",
        )
    await facts.refresh()
    assert await facts.ask("failure_reasons", *DAY, by="reason") == [
        ["2026-11-10", "wrong_password", 12, 6]
    ]
