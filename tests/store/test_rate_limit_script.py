"""The window's rules, one by one, in both forms, on fakeredis and on a real Valkey."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from secrets import token_hex
from typing import Any, cast

import pytest

from service.contracts import keys
from service.domain.rate_limits import EXACT_UP_TO, LimitPolicy, Standing
from service.store.limit_windows import MAX_CLOSED, LimitWindows
from service.store.script_client import ScriptClient
from tests.store.conftest import World
from tests.support.waiting import wait_until

Ask = Callable[..., Awaitable[Standing]]


WINDOW_MS = 800_000
"""Eight buckets of 100 s. The store forgets by its own clock: a window is longer than any test."""

FORMS = pytest.mark.parametrize("limit", [3, EXACT_UP_TO + 2], ids=["exact", "coarse"])


def make_policy(limit: int, *, window_ms: int = WINDOW_MS) -> LimitPolicy:
    """A policy of its own for a test."""
    return LimitPolicy(
        name=f"t-{token_hex(4)}",
        routes=(),
        key=("ip",),
        limit=limit,
        window=timedelta(milliseconds=window_ms),
    )


@pytest.fixture
def windows(world: World) -> LimitWindows:
    """Windows of a process whose clock and the store's are the test's."""
    return LimitWindows(world.scripts, ticks_ms=world.clock, clock=world.clock)


@pytest.fixture
def ask(windows: LimitWindows) -> Ask:
    """Asks the store itself, whatever the process remembers."""

    async def ask(policy: LimitPolicy, subject: str = "x") -> Standing:
        windows.forget()
        return await windows.settle(windows.ask(policy, subject))

    return ask


@FORMS
async def test_the_limit_is_the_limit(ask: Ask, limit: int) -> None:
    """So many at once, not one more; the answer counts down."""
    policy = make_policy(limit)

    standings = [await ask(policy) for _ in range(limit + 3)]
    assert [s.admitted for s in standings] == [True] * limit + [False] * 3
    assert [s.remaining for s in standings] == [*range(limit - 1, -1, -1), 0, 0, 0]


@FORMS
async def test_concurrent_requests(windows: LimitWindows, limit: int) -> None:
    """All at once, through one pipeline: the same."""
    policy = make_policy(limit)

    asked = [windows.ask(policy, "x") for _ in range(limit * 3)]
    standings = [await windows.settle(question) for question in asked]
    assert sum(s.admitted for s in standings) == limit
    assert sum(s.first_refusal for s in standings) == 1


@FORMS
async def test_the_wait_is_true(ask: Ask, world: World, limit: int) -> None:
    """A millisecond before it is over the answer is no; then it is yes."""
    policy = make_policy(limit)
    for _ in range(limit):
        await ask(policy)

    wait_ms = (await ask(policy)).reset_ms
    assert WINDOW_MS <= wait_ms <= WINDOW_MS * 9 // 8
    world.clock.now_ms += wait_ms - 1
    assert not (await ask(policy)).admitted
    world.clock.now_ms += 1
    assert (await ask(policy)).admitted


async def test_an_exact_window_slides(ask: Ask, world: World) -> None:
    """One place comes free for each request that grows old, when it does."""
    policy = make_policy(3)
    for _ in range(3):
        assert (await ask(policy)).admitted
        world.clock.now_ms += 100_000

    assert (await ask(policy)).reset_ms == 500_000
    for step in (500_000, 100_000, 100_000):
        world.clock.now_ms += step
        assert (await ask(policy)).admitted
        assert not (await ask(policy)).admitted


async def test_a_coarse_window_has_no_seam(ask: Ask, world: World) -> None:
    """Twice the limit around the end of a fixed window is what two buckets would let through."""
    limit = EXACT_UP_TO + 2
    policy = make_policy(limit)
    world.clock.now_ms += WINDOW_MS - world.clock.now_ms % WINDOW_MS - 1
    for _ in range(limit):
        assert (await ask(policy)).admitted

    for step in (1, 100_000, 300_000, 200_000, 100_000, 99_999):
        world.clock.now_ms += step
        assert not (await ask(policy)).admitted
    world.clock.now_ms += 1
    assert (await ask(policy)).admitted


@FORMS
async def test_a_refused_request_is_not_counted(ask: Ask, world: World, limit: int) -> None:
    """Who keeps knocking waits no longer for it."""
    policy = make_policy(limit)
    for _ in range(limit):
        await ask(policy)
    wait_ms = (await ask(policy)).reset_ms

    for _ in range(10):
        world.clock.now_ms += wait_ms // 10
        standing = await ask(policy)
    world.clock.now_ms += wait_ms - wait_ms // 10 * 10
    assert standing.admitted or (await ask(policy)).admitted


@FORMS
async def test_the_first_refusal_is_marked_once_a_window(
    ask: Ask, world: World, limit: int
) -> None:
    """Also when the window has moved on in between."""
    policy = make_policy(limit)
    marks = []
    for _ in range(40):
        marks += [
            (world.clock.now_ms, (await ask(policy)).first_refusal) for _ in range(limit // 2 + 1)
        ]
        world.clock.now_ms += 50_000

    told = [at for at, first in marks if first]
    assert len(told) >= 2
    assert all(later - earlier >= WINDOW_MS for earlier, later in pairwise(told))


@FORMS
async def test_callers_and_policies_are_apart(ask: Ask, limit: int) -> None:
    """One caller's requests are nobody else's."""
    policy, other = make_policy(limit), make_policy(limit)
    for _ in range(limit + 1):
        last = await ask(policy)
    assert not last.admitted

    assert (await ask(policy, "y")).remaining == limit - 1
    assert (await ask(other)).remaining == limit - 1


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        pytest.param({"limit": 5}, {"limit": 7}, 2, id="raised"),
        pytest.param({"limit": 5}, {"limit": 3}, None, id="lowered"),
        pytest.param({"limit": 200}, {"limit": 300}, 295, id="coarse, raised"),
        pytest.param({"limit": 5}, {"window": timedelta(seconds=8000)}, None, id="a longer window"),
        pytest.param({"limit": 5}, {"limit": 200}, 200, id="another form begins anew"),
        pytest.param(
            {"limit": 200}, {"window": timedelta(seconds=8000)}, 200, id="so do other buckets"
        ),
    ],
)
async def test_a_policy_that_changes(
    ask: Ask, before: dict[str, Any], after: dict[str, Any], left: int | None
) -> None:
    """Its windows go on wherever they can."""
    policy = replace(make_policy(1), **before)
    for _ in range(5):
        await ask(policy)

    standing = await ask(replace(policy, **after))
    assert standing.admitted == (left is not None)
    if left is not None:
        assert standing.remaining == left - 1


async def test_the_wait_after_a_limit_was_lowered(ask: Ask, world: World) -> None:
    """As many must grow old as are too many."""
    policy = make_policy(5)
    for _ in range(5):
        await ask(policy)
        world.clock.now_ms += 100_000

    assert (await ask(replace(policy, limit=2))).reset_ms == 800_000 - 500_000 + 300_000


async def test_the_wait_after_a_coarse_limit_was_lowered(ask: Ask, world: World) -> None:
    """The same by bucket: two of three must go before less than 150 of 300 are left."""
    policy = make_policy(300)
    world.clock.now_ms -= world.clock.now_ms % 100_000
    for _ in range(3):
        for _ in range(100):
            await ask(policy)
        world.clock.now_ms += 100_000

    assert (await ask(replace(policy, limit=150))).reset_ms == 900_000 - 300_000 + 100_000


@FORMS
async def test_a_clock_that_steps_back_admits_nobody_twice(
    ask: Ask, world: World, limit: int
) -> None:
    """As after a failover: a window stands still until the clock has caught up."""
    policy = make_policy(limit)
    for _ in range(limit):
        assert (await ask(policy)).admitted
    world.clock.now_ms -= 3_600_000

    standing = await ask(policy)
    assert not standing.admitted
    assert 0 < standing.reset_ms <= WINDOW_MS * 9 // 8


@FORMS
async def test_memory(ask: Ask, world: World, limit: int) -> None:
    """4 bytes a request in the exact form, 40 bytes in all in the coarse one."""
    policy = make_policy(limit)
    key = keys.rate_limit(policy.name, "x")

    sizes = set()
    for _ in range(limit * 2):
        await ask(policy)
        sizes.add(await world.redis.strlen(key))
        world.clock.now_ms += 10
    assert max(sizes) == (5 + 4 * limit if limit <= EXACT_UP_TO else 40)


@FORMS
async def test_every_window_has_a_lifetime(ask: Ask, world: World, limit: int) -> None:
    """It lives as long as it could still refuse or stay silent, and no longer."""
    policy = make_policy(limit)
    for _ in range(limit + 2):
        await ask(policy)
        left = await world.redis.pttl(keys.rate_limit(policy.name, "x"))
        assert 0 < left <= WINDOW_MS * 9 // 8


@FORMS
async def test_it_goes_by_itself(world: World, limit: int) -> None:
    """By the store's own clock: nothing is left of a caller who has gone."""
    policy = make_policy(limit, window_ms=2000)
    windows = LimitWindows(world.scripts, ticks_ms=world.clock)
    standing = await windows.settle(windows.ask(policy, "x"))
    assert standing.admitted
    assert 0 < standing.reset_ms <= 2250

    async def kept() -> bool:
        return bool(await world.redis.exists(keys.rate_limit(policy.name, "x")))

    async def kept_if_asked() -> bool:
        await windows.settle(windows.ask(policy, "x"))
        return await kept()

    async def gone() -> bool:
        return not await kept()

    await wait_until(kept_if_asked)
    await wait_until(gone)


class Counting:
    """Scripts, and how many were run."""

    def __init__(self, scripts: ScriptClient) -> None:
        self.scripts = scripts
        self.runs = 0

    def run(self, name: str, **given: Any) -> Any:
        self.runs += 1
        return self.scripts.run(name, **given)


@FORMS
async def test_who_was_refused_is_refused_from_memory(world: World, limit: int) -> None:
    """A flood costs Redis nothing; when the wait is over Redis is asked again."""
    scripts = Counting(world.scripts)
    windows = LimitWindows(cast("ScriptClient", scripts), ticks_ms=world.clock, clock=world.clock)
    policy = make_policy(limit)
    for _ in range(limit + 1):
        standing = await windows.settle(windows.ask(policy, "x"))
    runs = scripts.runs

    world.clock.now_ms += 100
    again = [await windows.settle(windows.ask(policy, "x")) for _ in range(100)]
    assert {(s.admitted, s.reset_ms, s.first_refusal) for s in again} == {
        (False, standing.reset_ms - 100, False)
    }
    assert scripts.runs == runs

    world.clock.now_ms += standing.reset_ms - 100
    assert (await windows.settle(windows.ask(policy, "x"))).admitted
    assert scripts.runs == runs + 1


async def test_the_memory_of_refusals_is_bounded(world: World) -> None:
    """Callers without end cannot fill a process."""
    windows = LimitWindows(world.scripts, ticks_ms=world.clock, clock=world.clock)
    for number in range(MAX_CLOSED + 50):
        windows._close(f"k{number}", 1000)

    assert len(windows._closed) == MAX_CLOSED
