"""Redis loses what it held; SQL knows better."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from service.contracts import keys
from service.contracts.tables import sessions
from service.domain.sessions import EndReason, Origin, SessionPolicy
from service.embedded import EmbeddedServer
from service.operations.restore_session import RestoreSession
from service.store.database import Database
from service.store.live_sessions import LiveSessions
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from service.wiring.policies import session_policy
from tests.conftest import MakeSettings, Serve
from tests.support.people import Browser, Person
from tests.support.redis_answers import answer_of
from tests.support.waiting import PATIENCE


@pytest.fixture
async def own(serve: Serve, make_settings: MakeSettings, own_valkey: EmbeddedServer) -> Browser:
    """A service on a Valkey that may be emptied."""
    return await serve(make_settings(redis_url=own_valkey.url))


@pytest.fixture
def policy(make_settings: MakeSettings) -> SessionPolicy:
    return session_policy(make_settings())


@pytest.fixture
async def empty(own_valkey: EmbeddedServer) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Empties the service's Valkey."""
    redis = open_redis(own_valkey.url, timeout=PATIENCE)

    async def flush() -> None:
        await redis.flushall()

    yield flush
    await redis.aclose()


async def test_a_live_session_survives(
    own: Browser, empty: Callable[[], Awaitable[None]], person: Person
) -> None:
    """Nobody notices but the audit: access and refresh tokens go on working."""
    tokens = await own.login(person)
    await empty()
    assert (await own.me(tokens["access_token"])).status == 200

    await empty()
    again = await own.refresh(tokens["refresh_token"])
    assert again.status == 200
    assert again.body["user"]["email"] == person.email


async def test_generations_that_sql_has_not_heard_of(
    own: Browser, empty: Callable[[], Awaitable[None]], person: Person
) -> None:
    """A token ahead of SQL goes forward; one far behind is still theft."""
    first = await own.login(person)
    tokens = first
    for _ in range(4):
        tokens = (await own.refresh(tokens["refresh_token"])).body
    await empty()

    assert (await own.refresh(tokens["refresh_token"])).status == 200
    assert (await own.refresh(first["refresh_token"])).code == "refresh_token_reused"


@pytest.mark.parametrize("how", ["logout", "reuse"])
async def test_an_ended_session_stays_dead(
    own: Browser, empty: Callable[[], Awaitable[None]], person: Person, how: str
) -> None:
    """Neither token works again, whatever Redis forgot."""
    first = await own.login(person)
    tokens = first
    for _ in range(3):
        tokens = (await own.refresh(tokens["refresh_token"])).body
    if how == "logout":
        await own.logout(tokens["access_token"])
    else:
        assert (await own.refresh(first["refresh_token"])).code == "refresh_token_reused"
    await empty()

    assert (await own.me(tokens["access_token"])).code == "token_revoked"
    expected = "session_revoked" if how == "logout" else "refresh_token_reused"
    for _ in range(2):
        assert (await own.refresh(tokens["refresh_token"])).code == expected


async def test_an_overdue_session_is_not_forgiven(
    own: Browser, empty: Callable[[], Awaitable[None]], person: Person, database: Database
) -> None:
    """A session past its idle limit in SQL expires instead of coming back."""
    tokens = await own.login(person)
    async with database.transaction() as connection:
        await connection.execute(
            update(sessions)
            .where(sessions.c.id == tokens["session_id"])
            .values(last_used_at=sessions.c.last_used_at - timedelta(days=1))
        )
    await empty()

    assert (await own.me(tokens["access_token"])).code == "token_revoked"
    assert (await own.refresh(tokens["refresh_token"])).code == "session_expired"
    async with database.transaction() as connection:
        row = (
            await connection.execute(select(sessions).where(sessions.c.id == tokens["session_id"]))
        ).one()
    assert row.end_reason == "idle_timeout"


class EndsInBetween(LiveSessions):
    """A Redis whose restoring is so slow that the session ends meanwhile, in SQL only."""

    records: SessionRecords

    async def restore(self, session: Any, *, generation: Any, request_id: Any) -> Any:
        await self.records.end(session.id, EndReason.LOGOUT)
        return await super().restore(session, generation=generation, request_id=request_id)


async def test_a_logout_during_the_restoring_wins(
    own: Browser,
    empty: Callable[[], Awaitable[None]],
    person: Person,
    database: Database,
    own_valkey: EmbeddedServer,
    policy: SessionPolicy,
) -> None:
    """SQL is read again after Redis was written: the tombstone is put back."""
    tokens = await own.login(person)
    await empty()
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    scripts = ScriptClient(redis, seconds=PATIENCE)
    live = EndsInBetween(scripts, policy)
    live.records = SessionRecords(database)
    restore = RestoreSession(live.records, live, policy, lambda: 0)

    assert await restore(tokens["session_id"], Origin()) is EndReason.LOGOUT
    partition = keys.partition_of(person.id)
    ended: Any = await answer_of(redis.hget(keys.session(partition, tokens["session_id"]), "e"))
    assert ended == b"logout"
    assert (await own.me(tokens["access_token"])).code == "token_revoked"
    await scripts.aclose()
    await redis.aclose()
