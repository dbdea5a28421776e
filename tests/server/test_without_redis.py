"""Redis is away: DESIGN.md's table, row by row."""

from secrets import token_hex

import pytest
from sqlalchemy import select

from service.contracts.tables import sessions
from service.embedded import EmbeddedServer
from service.store.database import Database
from service.store.redis_pool import open_redis
from tests.conftest import MakeSettings, Serve
from tests.support.people import Browser, Person
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture
async def own(serve: Serve, make_settings: MakeSettings, own_valkey: EmbeddedServer) -> Browser:
    """A service on a Valkey that may be killed."""
    return await serve(make_settings(redis_url=own_valkey.url))


async def back(browser: Browser) -> None:
    """Return when the service has noticed that Redis is there again."""

    async def fresh() -> bool:
        if (await browser.send("GET", "/api/health/ready")).status != 200:
            return False
        wrong = {"email": f"{token_hex(6)}@people.example", "password": "x"}  # no one is locked yet
        return (await browser.send("POST", "/api/auth/login", json=wrong)).status == 401

    await wait_until(fresh)


async def breaker(browser: Browser) -> str:
    """What health says of it."""
    health = await browser.send("GET", "/api/health")
    return str(health.body["checks"]["redis"]["breaker"])


async def test_access_tokens_go_on(
    own: Browser, own_valkey: EmbeddedServer, person: Person
) -> None:
    """A session that lives is served, and the answer says on what terms."""
    tokens = await own.login(person)
    assert "Auth-Degraded" not in (await own.me(tokens["access_token"])).headers
    own_valkey.kill()

    me = await own.me(tokens["access_token"])
    assert (me.status, me.headers["Auth-Degraded"]) == (200, "redis")
    assert me.body["user"]["email"] == person.email
    assert me.body["session"]["id"] == tokens["session_id"]
    assert (await breaker(own)) in {"open", "half_open"}

    own_valkey.restart()
    await back(own)
    assert (await breaker(own)) == "closed"
    assert "Auth-Degraded" not in (await own.me(tokens["access_token"])).headers


async def test_a_step_up_waits_and_takes_nothing_away(
    own: Browser, own_valkey: EmbeddedServer, person: Person
) -> None:
    """503; the session that it would have replaced goes on."""
    token = (await own.login(person))["access_token"]
    own_valkey.kill()

    async def noticed() -> bool:
        await own.me(token)
        return await breaker(own) == "open"

    await wait_until(noticed)
    body = {"password": person.password}
    tried = await own.send("POST", "/api/auth/step-up", token=token, json=body)
    assert (tried.status, tried.code) == (503, "service_unavailable")

    own_valkey.restart()
    await back(own)
    assert (await own.me(token)).status == 200


async def test_a_full_redis_is_not_well(
    own: Browser, own_valkey: EmbeddedServer, person: Person
) -> None:
    """Nobody can sign in or refresh: health says so, and that nothing is down."""
    tokens = await own.login(person)
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    await redis.config_set("maxmemory", "1mb")
    assert (await own.refresh(tokens["refresh_token"])).status == 503
    health = await own.send("GET", "/api/health")
    assert health.status == 200
    assert health.body["checks"]["redis"]["status"] == "degraded"

    await redis.config_set("maxmemory", "0")
    health = await own.send("GET", "/api/health")
    assert health.body["checks"]["redis"]["status"] == "ok"
    await redis.aclose()


async def test_redis_down_deny(
    serve: Serve, make_settings: MakeSettings, own_valkey: EmbeddedServer, person: Person
) -> None:
    """REDIS_DOWN=deny: no answer rather than one that may be a moment old."""
    own = await serve(make_settings(redis_url=own_valkey.url, redis_down="deny"))
    tokens = await own.login(person)
    own_valkey.kill()

    reply = await own.me(tokens["access_token"])
    assert (reply.status, reply.code) == (503, "service_unavailable")


async def test_ended_sessions_stay_refused(
    own: Browser, own_valkey: EmbeddedServer, person: Person
) -> None:
    """What ended before the outage is refused in it, and after it."""
    tokens = await own.login(person)
    await own.logout(tokens["access_token"])
    own_valkey.kill()

    assert (await own.me(tokens["access_token"])).code == "token_revoked"
    assert (await own.refresh(tokens["refresh_token"])).code == "session_revoked"
    own_valkey.restart()
    await back(own)
    assert (await own.me(tokens["access_token"])).code == "token_revoked"


async def test_what_needs_redis_says_so(
    own: Browser, own_valkey: EmbeddedServer, person: Person
) -> None:
    """Refresh and login answer 503 with Retry-After, never a 401: the client keeps its session."""
    tokens = await own.login(person)
    own_valkey.kill()

    login = {"email": person.email, "password": person.password}
    for reply in (
        await own.refresh(tokens["refresh_token"]),
        await own.send("POST", "/api/auth/login", json=login),
    ):
        assert (reply.status, reply.code) == (503, "service_unavailable")
        assert int(reply.headers["Retry-After"]) >= 1

    own_valkey.restart()
    await back(own)
    assert (await own.refresh(tokens["refresh_token"])).status == 200


async def test_logout_is_taken(
    own: Browser, own_valkey: EmbeddedServer, person: Person, database: Database
) -> None:
    """Committed, refused here at once, and answered 202; Redis hears of it from the workers."""
    tokens, other = await own.login(person), await own.login(person)
    own_valkey.kill()

    assert (await own.logout(tokens["access_token"])).status == 202
    assert (await own.me(tokens["access_token"])).code == "token_revoked"
    assert (await own.me(other["access_token"])).status == 200
    async with database.transaction() as connection:
        row = (
            await connection.execute(select(sessions).where(sessions.c.id == tokens["session_id"]))
        ).one()
    assert (row.end_reason, row.end_applied) == ("logout", False)

    own_valkey.restart()
    await back(own)
    assert (await own.me(tokens["access_token"])).code == "token_revoked"
    assert (await own.refresh(tokens["refresh_token"])).code == "session_revoked"


async def test_an_end_elsewhere_is_known_here(
    serve: Serve, make_settings: MakeSettings, own_valkey: EmbeddedServer, person: Person
) -> None:
    """Another process' logout reaches this one's copy within seconds, Redis or not."""
    here, there = [await serve(make_settings(redis_url=own_valkey.url)) for _ in range(2)]
    tokens = await here.login(person)
    own_valkey.kill()
    assert (await here.me(tokens["access_token"])).status == 200
    assert (await there.logout(tokens["access_token"])).status == 202

    async def refused() -> bool:
        return (await here.me(tokens["access_token"])).code == "token_revoked"

    await wait_until(refused)


async def test_a_login_in_vain_leaves_nothing(
    own: Browser, own_valkey: EmbeddedServer, person: Person, database: Database
) -> None:
    """A sign-in that cannot open its session leaves no live row behind."""
    own_valkey.kill()
    login = {"email": person.email, "password": person.password}
    for _ in range(2):
        assert (await own.send("POST", "/api/auth/login", json=login)).status == 503

    async with database.transaction() as connection:
        query = select(sessions).where(sessions.c.user_id == person.id)
        rows = (await connection.execute(query)).all()
    assert all(row.end_reason == "aborted" for row in rows)
