"""MAX_SESSIONS_PER_USER: decided in SQL, under a lock of the person's."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from secrets import token_bytes
from typing import Literal

import pytest
from pytest_aiohttp import AiohttpClient
from redis.asyncio import Redis
from sqlalchemy import func, select, update

from service.app import build_app
from service.contracts import keys
from service.contracts.tables import sessions
from service.domain.errors import SessionLimitError
from service.domain.ids import make_id
from service.domain.sessions import Origin, Session, SessionCap
from service.store.database import Database
from service.store.session_records import SessionRecords
from service.wiring.policies import session_policy
from tests.conftest import MakeSettings, now_ms
from tests.support.people import Browser, Person, Reply
from tests.support.waiting import wait_until

Capped = Callable[..., Awaitable[list[Browser]]]


CROWD = 100
CAP = 3


@pytest.fixture
def capped(aiohttp_client: AiohttpClient, make_settings: MakeSettings) -> Capped:
    """Two processes' worth of the service with a cap."""

    async def start(how: str, most: int = CAP) -> list[Browser]:
        settings = make_settings(max_sessions_per_user=most, session_cap=how, rate_limits="off")
        return [Browser(await aiohttp_client(build_app(settings))) for _ in range(2)]

    return start


@pytest.fixture
def alive(
    database: Database, make_settings: MakeSettings
) -> Callable[[Person], Awaitable[set[str]]]:
    """The ids of a person's live sessions in SQL."""

    async def find(person: Person) -> set[str]:
        policy = session_policy(make_settings())
        found = await SessionRecords(database).live_of(person.id, policy=policy, now_ms=now_ms())
        return {session.id for session in found}

    return find


async def sign_in(browser: Browser, person: Person) -> Reply:
    body = {"email": person.email, "password": person.password}
    return await browser.send("POST", "/api/auth/login", json=body)


async def sign_in_at_last(browser: Browser, person: Person) -> Reply:
    """As clients do: 503 means to try again."""

    async def answered() -> Reply | Literal[False]:
        reply = await sign_in(browser, person)
        return reply.status != 503 and reply

    return await wait_until(answered)


async def count(database: Database, person: Person, reason: str) -> int:
    """How many of their sessions ended so, by SQL."""
    query = select(func.count()).where(
        sessions.c.user_id == person.id, sessions.c.end_reason == reason
    )
    async with database.transaction() as connection:
        return await connection.scalar(query) or 0


@pytest.mark.parametrize("how", ["evict", "refuse"])
async def test_the_cap_holds_under_a_race(
    capped: Capped,
    person: Person,
    alive: Callable[[Person], Awaitable[set[str]]],
    redis: Redis,
    database: Database,
    how: str,
) -> None:
    """ASVS 7.1.2: of a hundred sign-ins at once, over two processes, as many sessions live as may.

    In SQL, in Redis, and by what their tokens do.
    """
    browsers = await capped(how)
    replies = await asyncio.gather(
        *(sign_in_at_last(browsers[n % 2], person) for n in range(CROWD))
    )

    living = await alive(person)
    assert len(living) == CAP
    given = [reply.body for reply in replies if reply.status == 200]
    assert {reply.code for reply in replies} - {""} <= {"session_limit"}
    if how == "refuse":
        assert Counter(reply.status for reply in replies) == {200: CAP, 409: CROWD - CAP}
    for browser in browsers:
        heard = [(tokens, await browser.me(tokens["access_token"])) for tokens in given]
        assert {t["session_id"] for t, me in heard if me.status == 200} == living
        assert {me.body["reason"] for _, me in heard if me.status != 200} <= {"evicted"}
    entries = await redis.xrange(keys.events(keys.partition_of(person.id)))
    mine = [fields for _, fields in entries if fields.get(b"user_id") == person.id.encode()]
    told = Counter((fields[b"type"], fields.get(b"reason")) for fields in mine)
    if how == "refuse":
        assert told[b"session.refused", b"cap"] == CROWD - CAP
    else:
        assert told[b"session.ended", b"evicted"] == await count(database, person, "evicted")


@pytest.mark.parametrize("refuse", [False, True], ids=["evict", "refuse"])
async def test_the_cap_holds_under_a_race_in_sql(
    database: Database,
    person: Person,
    alive: Callable[[Person], Awaitable[set[str]]],
    make_settings: MakeSettings,
    refuse: bool,
) -> None:
    """ASVS 7.1.2: where no queue for passwords stands before it, transactions still follow each other."""
    records, policy = SessionRecords(database), session_policy(make_settings())
    cap = SessionCap(CAP, refuse=refuse)

    async def add(session: Session) -> None:
        with suppress(SessionLimitError):
            await records.add(session, Origin(), cap=cap, policy=policy)

    for _ in range(5):
        await asyncio.gather(*(add(session_of(person)) for _ in range(12)))
        assert len(await alive(person)) == CAP


async def test_the_one_not_used_for_longest_goes(
    capped: Capped,
    person: Person,
    alive: Callable[[Person], Awaitable[set[str]]],
    database: Database,
) -> None:
    """Its holder hears why; those who are over anyway make no room and take none."""
    [browser, _] = await capped("evict", most=2)
    idle, used, unused = [(await sign_in(browser, person)).body for _ in range(3)]
    assert len(await alive(person)) == 2  # the first is gone already
    assert (await browser.me(idle["access_token"])).body["reason"] == "evicted"
    assert (await browser.refresh(idle["refresh_token"])).body["reason"] == "evicted"
    await move(database, used["session_id"], timedelta(seconds=5))

    newest = (await sign_in(browser, person)).body
    assert await alive(person) == {unused["session_id"], newest["session_id"]}


async def test_sessions_that_are_over_do_not_count(
    capped: Capped,
    person: Person,
    alive: Callable[[Person], Awaitable[set[str]]],
    database: Database,
) -> None:
    """Past a limit and not yet swept: a new one is let in, and nobody is evicted for it."""
    [browser, _] = await capped("refuse", most=2)
    old, other = [(await sign_in(browser, person)).body for _ in range(2)]
    assert (await sign_in(browser, person)).code == "session_limit"
    await move(database, old["session_id"], timedelta(days=2))

    fresh = await sign_in(browser, person)
    assert fresh.status == 200
    assert await alive(person) == {other["session_id"], fresh.body["session_id"]}


@pytest.mark.parametrize("refuse", [False, True], ids=["evict", "refuse"])
async def test_a_session_that_replaces_another_takes_its_room(
    database: Database, person: Person, make_settings: MakeSettings, refuse: bool
) -> None:
    """ASVS 7.2.4: a step-up at the cap neither fails nor ends a third one."""
    records, policy = SessionRecords(database), session_policy(make_settings())
    old, third, new = [session_of(person) for _ in range(3)]
    for each in (old, third):
        await records.add(each, Origin())
    cap = SessionCap(2, refuse=refuse)

    added = await records.add(new, Origin(), cap=cap, policy=policy, replaces=old.id)
    assert list(added) == []


def session_of(person: Person) -> Session:
    """A new one."""
    return Session(
        id=make_id(keys.partition_of(person.id), token_bytes(16)),
        user_id=person.id,
        created_ms=now_ms(),
        last_used_ms=now_ms(),
        ip="",
        device="",
        amr=("pwd",),
    )


async def move(database: Database, session_id: str, by: timedelta) -> None:
    """Make the last use of a session earlier, as SQL has it."""
    async with database.transaction() as connection:
        await connection.execute(
            update(sessions)
            .where(sessions.c.id == session_id)
            .values(last_used_at=sessions.c.last_used_at - by)
        )
