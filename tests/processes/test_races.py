"""Many requests at once, over real connections to two web processes: each race has one winner."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any, Literal

import pyotp
import pytest
from redis.asyncio import Redis

from service.contracts import keys
from service.domain.ids import partition_in
from service.embedded import EmbeddedServer
from service.store.database import Database
from service.store.session_records import SessionRecords
from tests.conftest import SECRET_KEY, MakePerson
from tests.support.people import TOTP_SECRET, Browser, Person, Reply
from tests.support.processes import web_process
from tests.support.waiting import REDIS_TIMEOUT_MS, wait_until

CROWD = 1000
ROUNDS = 25


@pytest.fixture(scope="module")
def addresses(
    postgres: EmbeddedServer, valkey: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """Two web processes on the same stores."""
    logs = tmp_path_factory.mktemp("web")
    env = {
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "SECRET_KEY": SECRET_KEY,
        "LOG_LEVEL": "error",
        "REDIS_TIMEOUT_MS": REDIS_TIMEOUT_MS,
        "RATE_LIMITS": "off",
    }
    with ExitStack() as stack:
        yield [stack.enter_context(web_process(env, logs / f"{n}.log")) for n in (1, 2)]


@pytest.fixture
def browsers(addresses: list[str], visit: Callable[[str], Browser]) -> list[Browser]:
    """A client of each."""
    return [visit(base) for base in addresses]


@pytest.fixture
def told(redis: Redis) -> Callable[[Person], Awaitable[Counter[Any]]]:
    """Counts by type what the streams say of a person; nothing drains them here."""

    async def count(person: Person) -> Counter[Any]:
        entries = await redis.xrange(keys.events(keys.partition_of(person.id)))
        return Counter(
            fields[b"type"].decode()
            for _, fields in entries
            if fields.get(b"user_id") == person.id.encode()
        )

    return count


async def test_a_thousand_refreshes_of_one_token(
    browsers: list[Browser], person: Person, told: Callable[[Person], Awaitable[Counter[Any]]]
) -> None:
    """One new generation, one event of it, and the same new refresh token for everybody."""
    token = (await browsers[0].login(person))["refresh_token"]
    refused = []

    async def trade(browser: Browser) -> Reply:
        """As clients do: 503 means to keep the token and try again."""

        async def answered() -> Reply | Literal[False]:
            reply = await browser.refresh(token)
            if reply.status == 503:
                refused.append(reply)
            return reply.status != 503 and reply

        return await wait_until(answered)

    replies = await asyncio.gather(*(trade(browsers[n % 2]) for n in range(CROWD)))

    assert Counter(reply.status for reply in replies) == {200: CROWD}
    [successor] = {reply.body["refresh_token"] for reply in replies}
    assert successor != token
    events = await told(person)
    replays = events.pop("token.replayed")
    assert events == {"login.succeeded": 1, "token.refreshed": 1}
    assert CROWD - 1 <= replays <= CROWD - 1 + len(refused)
    assert [(await b.me(replies[0].body["access_token"])).status for b in browsers] == [200, 200]


@pytest.mark.parametrize("lost", [False, True], ids=["session in Redis", "session in SQL only"])
@pytest.mark.parametrize("by", ["access token", "refresh token"])
async def test_refresh_against_logout(
    browsers: list[Browser],
    person: Person,
    told: Callable[[Person], Awaitable[Counter[Any]]],
    redis: Redis,
    lost: bool,
    by: str,
) -> None:
    """After the 204 no token works on either process, whenever it was given out."""
    for n in range(ROUNDS):
        tokens = await browsers[0].login(person)
        if lost:
            await redis.delete(session_key(tokens["session_id"]))
        refreshes = [
            asyncio.create_task(browser.refresh(tokens["refresh_token"]))
            for browser in browsers * 3
        ]
        assert (await sign_out(browsers[n % 2], tokens, by)).status == 204
        at_once = await asyncio.gather(*(b.me(tokens["access_token"]) for b in browsers))
        assert [reply.code for reply in at_once] == ["token_revoked"] * 2

        given = [tokens]
        for reply in await asyncio.gather(*refreshes):
            assert reply.status == 200 or reply.code == "session_revoked", reply
            given += [reply.body] if reply.status == 200 else []
        for browser in browsers:
            me = await asyncio.gather(*(browser.me(pair["access_token"]) for pair in given))
            assert {reply.code for reply in me} == {"token_revoked"}
            again = await asyncio.gather(
                *(browser.refresh(text) for text in {pair["refresh_token"] for pair in given})
            )
            assert {reply.code for reply in again} == {"session_revoked"}
    assert (await told(person))["session.ended"] == ROUNDS


async def test_one_code_for_many_challenges(
    browsers: list[Browser],
    make_person: MakePerson,
    told: Callable[[Person], Awaitable[Counter[Any]]],
) -> None:
    """A TOTP code signs in once, however many challenges are open."""
    person = await make_person(totp_secret=TOTP_SECRET)
    challenges = await asyncio.gather(*(browsers[n % 2].login(person) for n in range(20)))
    code = pyotp.TOTP(TOTP_SECRET).now()
    replies = await asyncio.gather(
        *(verify(browsers[n % 2], c["mfa_token"], code) for n, c in enumerate(challenges))
    )
    codes = Counter(reply.code for reply in replies)
    assert codes.pop("") == 1
    assert codes.keys() <= {"mfa_code_invalid", "account_locked"}, "tries at once count as failures"
    events = await told(person)
    assert (events["mfa.succeeded"], events["login.succeeded"]) == (1, 1)


async def test_one_challenge_for_many_codes(
    browsers: list[Browser], person: Person, told: Callable[[Person], Awaitable[Counter[Any]]]
) -> None:
    """A challenge is met once, however many good codes arrive for it."""
    access = (await browsers[0].login(person))["access_token"]
    setup = await browsers[0].send("POST", "/api/auth/2fa/setup", token=access)
    body = {"code": pyotp.TOTP(setup.body["secret"]).now()}
    enabled = await browsers[0].send("POST", "/api/auth/2fa/enable", token=access, json=body)
    codes = enabled.body["recovery_codes"][:5]

    token = (await browsers[0].login(person))["mfa_token"]
    replies = await asyncio.gather(
        *(verify(browsers[n % 2], token, code) for n, code in enumerate(codes))
    )
    assert Counter(reply.code for reply in replies) == {"": 1, "mfa_token_invalid": 4}
    events = await told(person)
    assert (events["mfa.succeeded"], events["login.succeeded"]) == (1, 2)


async def test_logout_everywhere_against_logins(
    browsers: list[Browser], person: Person, database: Database
) -> None:
    """Who was signed in before is out; of who comes meanwhile, all processes and SQL say the same."""
    verdicts: Counter[bool] = Counter()
    for n in range(ROUNDS // 2):
        mine, other = await asyncio.gather(*(browser.login(person) for browser in browsers))
        racing = [asyncio.create_task(browsers[i % 2].login(person)) for i in range(4)]
        ended = await browsers[n % 2].logout(mine["access_token"], scope="global")
        assert ended.status == 204
        gone = [await b.me(t["access_token"]) for b in browsers for t in (mine, other)]
        assert [reply.code for reply in gone] == ["token_revoked"] * 4
        for tokens in await asyncio.gather(*racing):
            alive = await row_lives(database, tokens["session_id"])
            verdicts[alive] += 1
            statuses = [(await b.me(tokens["access_token"])).status for b in browsers]
            statuses += [(await b.refresh(tokens["refresh_token"])).status for b in browsers]
            assert statuses == [200 if alive else 401] * 4
        await browsers[0].logout((await browsers[0].login(person))["access_token"], scope="global")
    assert sum(verdicts.values()) == 4 * (ROUNDS // 2)


def session_key(session_id: str) -> str:
    partition = partition_in(session_id, partitions=keys.PARTITIONS)
    assert partition is not None
    return keys.session(partition, session_id)


async def row_lives(database: Database, session_id: str) -> bool:
    record = await SessionRecords(database).find(session_id)
    assert record is not None
    return record.end_reason is None


async def sign_out(browser: Browser, tokens: dict[str, Any], by: str) -> Reply:
    if by == "access token":
        return await browser.logout(tokens["access_token"])
    body = {"refresh_token": tokens["refresh_token"]}
    return await browser.send("POST", "/api/auth/logout", json=body)


async def verify(browser: Browser, token: str, code: str) -> Reply:
    body = {"mfa_token": token, "code": code}
    return await browser.send("POST", "/api/auth/verify-2fa", json=body)
