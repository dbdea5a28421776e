"""Nothing stays in Redis for ever."""

from service.contracts.events import EventType
from service.domain.sessions import EndReason
from service.store.challenges import Challenge, Challenges
from service.store.event_log import EventLog
from tests.store.conftest import ORIGIN, POLICY, World


async def test_every_key_but_the_streams_has_a_lifetime(world: World) -> None:
    """Sessions, tombstones, users and challenges all go by themselves."""
    before = set(await world.redis.keys("auth:{*"))
    session, other, third = [await world.open() for _ in range(3)]
    live, challenges = world.live(), Challenges(world.scripts)
    await live.check(session.id, world.user_id, generation=1)
    await live.rotate(session.id, generation=1, origin=ORIGIN)
    await live.end(world.user_id, [other.id], EndReason.LOGOUT, ORIGIN)
    await world.redis.delete(await world.key(third))
    await live.restore(third, generation=1, request_id="")
    await live.sweep(third)
    await live.rotate(session.id, generation=0, origin=ORIGIN)
    token = await challenges.open(session.id, Challenge(world.user_id, 1, "d"), ORIGIN)
    await challenges.attempt(token, ORIGIN)
    await EventLog(world.scripts).append(EventType.LOGIN_FAILED, ORIGIN, user_id=world.user_id)

    made = set(await world.redis.keys("auth:{*")) - before
    assert len(made) >= 5
    for key in made:
        if not key.endswith(b":events"):
            assert await world.redis.pttl(key) > 0, key


async def test_the_key_outlives_its_limits_a_little(world: World) -> None:
    """The next caller after a limit still learns why; then the key is gone."""
    session = await world.open()

    left = await world.redis.pttl(await world.key(session))
    assert 86_400_000 < left <= 86_400_000 + 60_000


async def test_a_tombstone_outlives_every_access_token(world: World) -> None:
    """Also one from a process whose clock is half a minute ahead, whatever ended the session."""
    live = world.live()
    signed_out, reused, overdue = [await world.open() for _ in range(3)]
    await live.end(world.user_id, [signed_out.id], EndReason.LOGOUT, ORIGIN)
    await live.rotate(reused.id, generation=1, origin=ORIGIN)
    await live.rotate(reused.id, generation=0, origin=ORIGIN)
    world.clock.now_ms += POLICY.idle_ms
    await live.rotate(overdue.id, generation=1, origin=ORIGIN)

    half_a_minute = 30_000
    for session in (signed_out, reused, overdue):
        left = await world.redis.pttl(await world.key(session))
        assert left > POLICY.access_ms + half_a_minute
