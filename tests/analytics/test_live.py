"""`GET /api/analytics/live`: who is signed in now and what the last minutes brought, by way of Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from service.contracts import keys
from service.domain.errors import ServiceUnavailableError
from service.embedded import EmbeddedServer
from service.store.database import Database
from service.store.live_numbers import LIFETIME, LiveNumbers, TellLiveNumbers
from service.store.redis_pool import open_redis
from tests.analytics.conftest import NOW, Facts
from tests.conftest import MakeSettings, Serve, add_person
from tests.support.people import Reply
from tests.support.waiting import PATIENCE

PATH = "/api/analytics/live"
BOT = 2


@pytest.fixture
async def live_redis(own_valkey: EmbeddedServer) -> AsyncIterator[Redis]:
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    yield redis
    await redis.aclose()


@pytest.fixture
async def analyst(
    serve: Serve, make_settings: MakeSettings, own_valkey: EmbeddedServer, database: Database
) -> Callable[[], Awaitable[Reply]]:
    """Signed in to a service whose Redis is nobody else's."""
    browser = await serve(make_settings(redis_url=own_valkey.url))
    somebody = await add_person(database, roles=["analyst"])
    token = (await browser.login(somebody))["access_token"]
    return lambda: browser.send("GET", PATH, token=token)


async def test_what_goes_on(
    facts: Facts, live_redis: Redis, analyst: Callable[[], Awaitable[Reply]]
) -> None:
    """Without test accounts, bots, and what is over; the last minute is the one that is not."""
    await facts.session("ada", "2026-11-20T08:00Z")
    await facts.session("ada", "2026-11-20T09:00Z")
    await facts.session("bob", "2026-11-20T09:00Z", "2026-11-20T10:00Z")
    await facts.session("eve", "2026-11-20T09:00Z", is_test=True)
    await facts.session("bot", "2026-11-20T09:00Z", device_key=BOT)
    await facts.session("old", "2026-10-01T09:00Z")
    for name, back, more in (
        ("login.succeeded", 20, {}),
        ("login.succeeded", 90, {}),
        ("login.succeeded", 90, {"reason_code": "step_up"}),
        ("login.failed", 90, {}),
        ("mfa.failed", 90, {}),
        ("login.failed", 90, {"is_test": True}),
        ("login.failed", 90, {"device_key": BOT}),
        ("login.succeeded", 30 * 60, {}),
    ):
        await facts.event(name, NOW + timedelta(seconds=30 - back), "ada", **more)
    await TellLiveNumbers(facts.database, live_redis)(NOW + timedelta(seconds=30))

    told = (await analyst()).body

    assert (told["as_of"], told["approx"]) == ("2026-11-20T12:00:30.000Z", True)
    assert told["signed_in"] == {"users": 1, "sessions": 2}
    assert len(told["per_minute"]) == 30
    assert told["per_minute"][-1] == {
        "minute": "2026-11-20T12:00:00.000Z",
        "logins": 1,
        "failures": 0,
    }
    assert told["per_minute"][-2] == {
        "minute": "2026-11-20T11:59:00.000Z",
        "logins": 1,
        "failures": 2,
    }
    assert sum(minute["logins"] for minute in told["per_minute"]) == 2
    left = await live_redis.pttl(keys.LIVE_NUMBERS)
    assert 0 < left <= LIFETIME / timedelta(milliseconds=1)


async def test_nobody_is_told_old_numbers(
    live_redis: Redis, analyst: Callable[[], Awaitable[Reply]], database: Database
) -> None:
    """503 where no worker has told any for a minute; then they are there."""
    assert (await analyst()).status == 503
    await TellLiveNumbers(database, live_redis)(datetime.now(UTC))
    assert (await analyst()).status == 200


async def test_while_redis_is_away() -> None:
    """What the service makes a 503 of."""
    redis = open_redis("redis://127.0.0.1:1")
    with pytest.raises(ServiceUnavailableError):
        await LiveNumbers(redis).get()
    await redis.aclose()
