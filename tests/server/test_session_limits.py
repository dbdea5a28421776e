"""Idle and absolute limits are the server's, at every request, and said in every refusal."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from service.contracts import keys
from service.contracts.tables import sessions
from service.embedded import EmbeddedServer
from service.store.database import Database
from service.store.redis_pool import open_redis
from tests.conftest import MakeSettings, Serve
from tests.support.people import Browser, Person
from tests.support.redis_answers import answer_of
from tests.support.waiting import PATIENCE

DAY_MS = 86_400_000
PAST = {"idle_timeout": ("last_used_at", "l", 2), "absolute_timeout": ("created_at", "c", 31)}
"""What is moved back, in SQL and in Redis, by how many days."""


@pytest.fixture
async def own(serve: Serve, make_settings: MakeSettings, own_valkey: EmbeddedServer) -> Browser:
    return await serve(make_settings(redis_url=own_valkey.url))


@pytest.mark.parametrize("limit", PAST)
@pytest.mark.parametrize("where", ["Redis has it", "Redis lost it", "Redis is away"])
async def test_idle_and_absolute_limits_on_the_server(
    own: Browser,
    own_valkey: EmbeddedServer,
    person: Person,
    database: Database,
    limit: str,
    where: str,
) -> None:
    """ASVS 7.3.1, 7.3.2: refused with the reason, whatever became of Redis.

    Without Redis a fresh token itself proves that its session was in use.
    """
    tokens = await own.login(person)
    column, field, days = PAST[limit]
    async with database.transaction() as connection:
        of_session = update(sessions).where(sessions.c.id == tokens["session_id"])
        earlier = sessions.c[column] - timedelta(days=days)
        await connection.execute(of_session.values({column: earlier}))
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    key = keys.session(keys.partition_of(person.id), tokens["session_id"])
    if where == "Redis has it":
        await answer_of(redis.hincrby(key, field, -days * DAY_MS))
    elif where == "Redis lost it":
        await redis.delete(key)
    else:
        own_valkey.kill()
    await redis.aclose()

    me = await own.me(tokens["access_token"])
    if where == "Redis is away" and limit == "idle_timeout":
        assert me.status == 200
        return
    assert (me.status, me.code, me.body["reason"]) == (401, "token_revoked", limit)
    if where != "Redis is away":
        refused = await own.refresh(tokens["refresh_token"])
        assert (refused.code, refused.body["reason"]) == ("session_expired", limit)


@pytest.mark.parametrize(
    ("scope", "by", "reason"),
    [("local", "own", "logout"), ("global", "other", "revoked_user")],
    ids=["signed out here", "signed out elsewhere"],
)
async def test_every_refusal_of_an_ended_session_says_why(
    browser: Browser, person: Person, scope: str, by: str, reason: str
) -> None:
    """The access token's, the refresh token's, and a second sign-out's."""
    own, other = await browser.login(person), await browser.login(person)
    tokens = {"own": own, "other": other}
    await browser.logout(tokens[by]["access_token"], scope=scope)

    me = await browser.me(own["access_token"])
    assert (me.code, me.body["reason"]) == ("token_revoked", reason)
    refused = await browser.refresh(own["refresh_token"])
    assert (refused.code, refused.body["reason"]) == ("session_revoked", reason)
    again = await browser.logout(own["access_token"])
    assert (again.code, again.body["reason"]) == ("token_revoked", reason)


async def test_a_reused_token_says_so_to_all_that_come_after(
    browser: Browser, person: Person
) -> None:
    """The family ends; its newest token hears of the reuse too."""
    first = await browser.login(person)
    second = (await browser.refresh(first["refresh_token"])).body
    third = (await browser.refresh(second["refresh_token"])).body
    reused = await browser.refresh(first["refresh_token"])

    assert (reused.code, reused.body["reason"]) == ("refresh_token_reused", "token_reuse")
    assert (await browser.me(third["access_token"])).body["reason"] == "token_reuse"
