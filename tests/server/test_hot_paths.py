"""What refresh and an authenticated request cost: one round trip, no SQL."""

import asyncio
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from service.domain.ids import encode
from tests.support.people import Browser, Person
from tests.support.statements import noted_statements


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every SQL statement of requests while the test runs."""
    with noted_statements() as seen:
        yield seen


async def commands(redis: Redis) -> int:
    """How many scripts Redis has run."""
    stats = await redis.info("commandstats")
    return sum(
        stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval", "fcall")
    )


async def test_no_sql(browser: Browser, person: Person, statements: list[str]) -> None:
    """Once signed in, refreshing and using the access token ask SQL nothing."""
    tokens = await browser.login(person)
    assert statements
    statements.clear()

    for _ in range(5):
        tokens = (await browser.refresh(tokens["refresh_token"])).body
        assert (await browser.me(tokens["access_token"])).status == 200
    assert statements == []


@pytest.mark.parametrize("path", ["refresh", "me"])
async def test_one_round_trip(browser: Browser, person: Person, redis: Redis, path: str) -> None:
    """Each request runs exactly one script."""
    tokens = await browser.login(person)
    before = await commands(redis)

    for _ in range(3):
        if path == "refresh":
            tokens = (await browser.refresh(tokens["refresh_token"])).body
        else:
            await browser.me(tokens["access_token"])
    assert await commands(redis) - before == 3


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("rt_", id="the prefix"),
        pytest.param("rt_" + "A" * 52, id="the right shape"),
        pytest.param("rt_" + encode(bytes([2]) + bytes(38)), id="another version"),
        pytest.param("mfa_AAAA", id="another kind of token"),
        pytest.param("rt_" + "A" * 400, id="too long"),
    ],
)
async def test_a_garbled_token_is_refused_without_redis(
    browser: Browser, redis: Redis, token: str
) -> None:
    """No MAC, no question."""
    before = await commands(redis)

    reply = await browser.refresh(token)
    assert reply.status in {401, 422}
    assert reply.code in {"refresh_token_invalid", "validation_failed"}
    assert await commands(redis) == before


async def test_one_flipped_bit(browser: Browser, person: Person, redis: Redis) -> None:
    """Every single-character change of a real token is a forgery."""
    token = (await browser.login(person))["refresh_token"]
    before = await commands(redis)

    for index in range(3, len(token)):
        forged = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        assert (await browser.refresh(forged)).code == "refresh_token_invalid"
    assert await commands(redis) == before
    assert (await browser.refresh(token)).status == 200


async def test_concurrent_requests_share_round_trips(browser: Browser, person: Person) -> None:
    """A burst is answered whole, each its own."""
    tokens = await asyncio.gather(*[browser.login(person) for _ in range(8)])

    replies = await asyncio.gather(*[browser.me(tokens[i % 8]["access_token"]) for i in range(200)])
    for i, reply in enumerate(replies):
        assert reply.body["session"]["id"] == tokens[i % 8]["session_id"]
