"""The refresh rules of DESIGN.md, case by case."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.sessions import REPLAY_CAP, EndReason, Rotation, Session, SessionPolicy
from service.store.session_replies import Rotated
from tests.store.conftest import ORIGIN, POLICY, World

WINDOW_MS = 10_000
STRICT = type(POLICY)(
    access_ttl=POLICY.access_ttl,
    idle_ttl=POLICY.idle_ttl,
    max_ttl=POLICY.max_ttl,
    replay_window=timedelta(0),
)


async def rotate(
    world: World, session: Session, generation: int, policy: SessionPolicy = POLICY
) -> Rotated:
    return await world.live(policy).rotate(session.id, generation=generation, origin=ORIGIN)


async def at_generation(world: World, generation: int, *, seen: bool) -> Session:
    """A session that has been refreshed up to a generation, its answer seen or lost."""
    session = await world.open()
    for g in range(1, generation):
        await rotate(world, session, g)
    if seen:
        await world.live().check(session.id, world.user_id, generation=generation)
    return session


@pytest.mark.parametrize(
    ("presented", "seen", "later_ms", "outcome", "generation", "event"),
    [
        pytest.param(3, True, 0, "rotated", 4, "token.refreshed", id="the current token earns a successor"),
        pytest.param(3, False, 0, "rotated", 4, "token.refreshed", id="also when its access token was never used"),
        pytest.param(2, True, WINDOW_MS, "replayed", 3, "token.replayed", id="tabs and retries agree within the window"),
        pytest.param(2, False, WINDOW_MS + 1, "replayed", 3, "token.replayed", id="a lost answer may be asked for again later"),
        pytest.param(2, True, WINDOW_MS + 1, "reused", None, "token.reuse_detected", id="a generation that was seen is never replayed after the window"),
        pytest.param(1, False, 0, "reused", None, "token.reuse_detected", id="two behind is theft, even at once"),
        pytest.param(7, True, 0, "recovered", 8, "token.recovered", id="ahead of the store: it lost a write; go forward"),
    ],
)  # fmt: skip
async def test_case(
    world: World,
    presented: int,
    seen: bool,
    later_ms: int,
    outcome: str,
    generation: int | None,
    event: str,
) -> None:
    """Each row of the table has its outcome, its generation and exactly one event."""
    session = await at_generation(world, 3, seen=seen)
    before = len(await world.said())
    world.clock.now_ms += later_ms

    rotated = await rotate(world, session, presented)

    assert rotated.outcome == outcome
    assert (await world.said())[before:] == [event]
    if generation is None:
        assert (await rotate(world, session, 3)).end_reason is EndReason.TOKEN_REUSE
    else:
        assert rotated.generation == generation


@pytest.mark.parametrize("later_ms", [0, 1, WINDOW_MS * 2])
async def test_strict_reading(world: World, later_ms: int) -> None:
    """REFRESH_REPLAY_SECONDS=0: any second use of a token ends its session (ASVS 10.4.5)."""
    session = await world.open(STRICT)
    await rotate(world, session, 1, STRICT)
    world.clock.now_ms += later_ms

    assert (await rotate(world, session, 1, STRICT)).outcome is Rotation.REUSED


async def test_replays_of_a_lost_answer_are_capped(world: World) -> None:
    """A generation is given out again so often and no more."""
    session = await world.open()
    await rotate(world, session, 1)
    world.clock.now_ms += WINDOW_MS + 1

    outcomes = [(await rotate(world, session, 1)).outcome for _ in range(REPLAY_CAP + 1)]

    assert outcomes == [Rotation.REPLAYED] * REPLAY_CAP + [Rotation.REUSED]


async def test_each_generation_has_its_own_replays(world: World) -> None:
    """Replays of one lost answer do not count against the next."""
    session = await world.open()
    for generation in (1, 2, 3):
        await rotate(world, session, generation)
        world.clock.now_ms += WINDOW_MS + 1
        for _ in range(REPLAY_CAP):
            assert (await rotate(world, session, generation)).outcome is Rotation.REPLAYED


async def test_leapfrog(world: World) -> None:
    """Thief and owner alternate, each one behind: caught, for what was seen is not replayed."""
    session = await world.open()
    await rotate(world, session, 1)  # the thief rotates a copied token first
    world.clock.now_ms += WINDOW_MS + 1
    owner = await rotate(world, session, 1)  # the owner asks with the same token: a lost answer?
    assert (owner.outcome, owner.generation) == (Rotation.REPLAYED, 2)
    await world.live().check(session.id, world.user_id, generation=2)

    assert (await rotate(world, session, 1)).outcome is Rotation.REUSED


@pytest.mark.parametrize(
    ("idle", "age", "reason"),
    [
        pytest.param(POLICY.idle_ttl, timedelta(0), "idle_timeout", id="idle too long"),
        pytest.param(timedelta(hours=23), POLICY.max_ttl, "absolute_timeout", id="too old"),
    ],
)
async def test_limits(world: World, idle: timedelta, age: timedelta, reason: str) -> None:
    """A limit ends the session on the store's clock, with one event, and is told ever after."""
    session = await world.open()
    generation = 1
    while (
        world.clock.now_ms + idle.total_seconds() * 1000
        < session.created_ms + age.total_seconds() * 1000
    ):
        world.clock.now_ms += int(idle.total_seconds() * 1000)
        generation = (await rotate(world, session, generation)).generation
    world.clock.now_ms += int(idle.total_seconds() * 1000)

    checked = await world.live().check(session.id, world.user_id, generation=generation)
    assert checked.end_reason == reason
    for _ in range(2):
        rotated = await rotate(world, session, generation)
        assert (rotated.outcome, rotated.end_reason) == (Rotation.ENDED, reason)
    assert (await world.said()).count("session.expired") == 1


async def test_just_before_a_limit(world: World) -> None:
    """One millisecond earlier it is alive."""
    session = await world.open()
    world.clock.now_ms += int(POLICY.idle_ttl.total_seconds() * 1000) - 1

    assert (await rotate(world, session, 1)).outcome is Rotation.ROTATED


async def test_ended_stays_ended(world: World) -> None:
    """A tombstone answers with its reason and writes nothing."""
    session = await world.open()
    await world.live().end(world.user_id, [session.id], EndReason.LOGOUT, ORIGIN)
    said = await world.said()

    assert (await rotate(world, session, 1)).end_reason is EndReason.LOGOUT
    checked = await world.live().check(session.id, world.user_id, generation=1)
    assert checked.end_reason is EndReason.LOGOUT
    assert not await world.live().restore(session, generation=1, request_id="")
    await world.live().end(world.user_id, [session.id], EndReason.REVOKED_ADMIN, ORIGIN)
    assert await world.said() == said


async def test_restored(world: World) -> None:
    """A session comes back at the generation SQL knows, and one lost answer is forgiven."""
    session = await world.open()
    for generation in (1, 2):
        await rotate(world, session, generation)
    await world.redis.delete(await world.key(session))
    assert (await rotate(world, session, 3)).outcome is Rotation.ABSENT

    assert await world.live().restore(session, generation=3, request_id="")
    world.clock.now_ms += WINDOW_MS + 1
    assert (await rotate(world, session, 2)).outcome is Rotation.REPLAYED
    assert (await rotate(world, session, 3)).outcome is Rotation.ROTATED
    assert (await rotate(world, session, 1)).outcome is Rotation.REUSED


async def test_use_is_noted_once_a_minute(world: World) -> None:
    """An authenticated request moves the last use, but writes it at most once a minute."""
    session = await world.open()
    world.clock.now_ms += 59_999
    first = await world.live().check(session.id, world.user_id, generation=1)
    world.clock.now_ms += 1
    second = await world.live().check(session.id, world.user_id, generation=1)

    assert first.session is not None
    assert second.session is not None
    assert first.session.last_used_ms == session.created_ms
    assert second.session.last_used_ms == session.created_ms + 60_000


async def test_events_say_who_and_whence(world: World) -> None:
    """An event carries what an auditor asks for."""
    session = await world.open()
    await rotate(world, session, 1)

    opened, refreshed = await world.events()
    assert (opened.session_id, opened.generation, opened.ip) == (session.id, 1, ORIGIN.ip)
    assert (refreshed.generation, refreshed.request_id) == (2, ORIGIN.request_id)
    assert refreshed.at_ms == world.clock.now_ms


async def test_a_newer_user_is_never_overwritten(world: World) -> None:
    """A slow reader's older copy of a person does not replace a change."""
    old = world.account
    new = replace(old, version=2, user=old.user._replace(name="New"))
    session = await world.open()
    await world.live().cache_user(new)
    await world.live().cache_user(old)

    checked = await world.live().check(session.id, world.user_id, generation=1)
    assert checked.user is not None
    assert checked.user.name == "New"
