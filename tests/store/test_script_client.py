"""Calls that travel together are independent all the same."""

import asyncio
import os
import signal
from collections.abc import Awaitable
from secrets import token_bytes
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from service.contracts import keys
from service.domain.errors import ServiceUnavailableError
from service.domain.ids import make_id
from service.domain.sessions import EndReason
from service.embedded import EmbeddedServer
from service.store import sender
from service.store.live_sessions import LiveSessions
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from tests.store.conftest import ORIGIN, POLICY, World
from tests.support.waiting import PATIENCE, wait_until


async def test_each_caller_gets_its_own_answer(world: World) -> None:
    """A thousand calls at once: no reply reaches the wrong request."""
    sessions = [await world.open() for _ in range(20)]
    live = world.live()

    async def check(index: int) -> bool:
        session = sessions[index % 20]
        checked = await live.check(session.id, world.user_id, generation=1)
        return checked.session is not None and checked.session.id == session.id

    assert all(await asyncio.gather(*[check(i) for i in range(1000)]))


async def test_a_caller_that_gives_up_disturbs_nobody(world: World) -> None:
    """Cancelling one call of a batch leaves the others' answers theirs."""
    session = await world.open()
    live = world.live()
    calls = [
        asyncio.ensure_future(live.check(session.id, world.user_id, generation=1))
        for _ in range(50)
    ]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()

    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
    assert [getattr(answer, "session", None) for answer in answers[1::2]] == [session] * 25


async def test_a_failing_call_disturbs_nobody(world: World) -> None:
    """A script error is its caller's alone."""
    session = await world.open()
    wrong = keys.events(world.partition)  # a stream where a hash is expected
    calls: list[Awaitable[Any]] = [
        world.live().check(session.id, world.user_id, generation=1),
        world.scripts.run(
            "session_check",
            session=wrong,
            user=wrong,
            events=wrong,
            generation=1,
            now_ms=0,
            idle_ms=1,
            max_ms=1,
        ),
        world.live().check(session.id, world.user_id, generation=1),
    ]

    first, failed, last = await asyncio.gather(*calls, return_exceptions=True)
    assert not isinstance(first, BaseException)
    assert not isinstance(last, BaseException)
    assert first.session == last.session == session
    assert isinstance(failed, ResponseError)


@pytest.mark.parametrize("calls", [1, 100])
async def test_scripts_that_the_server_forgot(world: World, calls: int) -> None:
    """SCRIPT FLUSH or a restart costs a round trip, never an error, never a second execution."""
    session = await world.open()
    await world.redis.script_flush()

    answers = await asyncio.gather(
        *[world.live().rotate(session.id, generation=1, origin=ORIGIN) for _ in range(calls)]
    )
    assert {answer.generation for answer in answers} == {2}
    assert (await world.said()).count("token.refreshed") == 1


async def test_a_mistake_of_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every caller of the batch hears of it; the next batch goes through."""

    async def slip(_: object) -> None:
        raise TypeError

    live, session = world.live(), await world.open()
    with monkeypatch.context() as patch:
        patch.setattr(world.scripts, "_send", slip)
        calls = [live.check(session.id, world.user_id, generation=1) for _ in range(3)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TypeError] * 3
    assert (await live.check(session.id, world.user_id, generation=1)).session == session


async def test_a_server_that_is_away(own_valkey: EmbeddedServer) -> None:
    """Every caller hears service_unavailable, nobody waits for ever, and it heals by itself."""
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    scripts = ScriptClient(redis, seconds=PATIENCE)
    await scripts.load_scripts()
    arguments: dict[str, Any] = {"user": "auth:{00}:u:x", "blob": "1|{}", "lifetime_ms": 1000}
    assert (await scripts.run("user_cache", **arguments))[0] == b"cached"

    own_valkey.kill()
    calls = [scripts.run("user_cache", **arguments) for _ in range(100)]
    answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), PATIENCE)
    assert all(isinstance(answer, ServiceUnavailableError) for answer in answers)

    assert scripts.breaker.trips == 1
    returned = []

    async def note() -> None:
        returned.append(scripts.breaker.closed)

    scripts.on_return(note)

    own_valkey.restart()

    async def closed() -> bool:
        return scripts.breaker.closed

    await wait_until(closed)
    assert returned == [False]  # hooks run before anybody is let through
    assert (await scripts.run("user_cache", **arguments))[0] == b"cached"
    await scripts.aclose()
    await redis.aclose()


async def test_a_silent_server(own_valkey: EmbeddedServer) -> None:
    """A server that takes requests and never answers is found out once; then nobody waits."""
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    await ScriptClient(redis, seconds=PATIENCE).load_scripts()
    scripts = ScriptClient(redis, seconds=2)
    arguments: dict[str, Any] = {"user": "auth:{00}:u:x", "blob": "1|{}", "lifetime_ms": 1000}
    os.kill(own_valkey.pid, signal.SIGSTOP)
    try:
        first = [scripts.run("user_cache", **arguments) for _ in range(600)]
        answers = await asyncio.gather(*first, return_exceptions=True)
        assert all(isinstance(answer, ServiceUnavailableError) for answer in answers)
        later = scripts.run("user_cache", **arguments)
        assert later.done()  # refused without a wait
        assert isinstance(later.exception(), ServiceUnavailableError)
    finally:
        os.kill(own_valkey.pid, signal.SIGCONT)

    async def answers_again() -> bool:
        return scripts.breaker.closed

    await wait_until(answers_again)
    assert (await scripts.run("user_cache", **arguments))[0] == b"cached"
    await scripts.aclose()
    await redis.aclose()


class Forgetful(ScriptClient):
    """Somebody flushes the scripts whenever they have been loaded."""

    async def load_scripts(self) -> None:
        await super().load_scripts()
        await self.redis.script_flush()


async def test_a_script_that_is_forgotten_again(own_valkey: EmbeddedServer) -> None:
    """It did not run: the caller may try again, and the client goes on."""
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    client = Forgetful(redis, seconds=PATIENCE)
    call: dict[str, Any] = {"user": "k", "blob": "1|{}", "lifetime_ms": 1000}
    with pytest.raises(ServiceUnavailableError):
        await client.run("user_cache", **call)
    assert client.breaker.closed

    await ScriptClient(redis, seconds=PATIENCE).load_scripts()
    assert await client.run("user_cache", **call) == [b"cached"]
    await client.aclose()
    await redis.aclose()


async def test_waits_in_vain_do_not_add_up(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends at once, and no replica to have them: each caller hears so, and Redis is not away."""
    monkeypatch.setattr(sender, "WAIT_MS", 1000)
    scripts, user_id = ScriptClient(redis, seconds=4), str(uuid4())
    await scripts.load_scripts()
    live = LiveSessions(scripts, POLICY, replicas=1)
    ids = [make_id(keys.partition_of(user_id), token_bytes(16)) for _ in range(8)]
    ends = [live.end(user_id, [one], EndReason.LOGOUT, ORIGIN) for one in ids]
    outcomes = await asyncio.gather(*ends, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [ServiceUnavailableError] * 8
    assert scripts.breaker.trips == 0
    checks = [await live.check(one, user_id, generation=1) for one in ids]
    assert [checked.end_reason for checked in checks] == [EndReason.LOGOUT] * 8
    await scripts.aclose()
