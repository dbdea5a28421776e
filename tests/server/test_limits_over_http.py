"""Rate limits as a client meets them."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from service.contracts import keys
from service.contracts.events import Event, EventType
from service.contracts.tables import audit_log
from service.embedded import EmbeddedServer
from service.store.database import Database
from service.store.redis_pool import open_redis
from tests.conftest import MakePerson, MakeSettings, Serve, now_ms
from tests.support.audit import audit_writers, personal_of
from tests.support.damage import altered
from tests.support.limits import (
    LOGIN,
    LOGOUT,
    ME,
    REFRESH,
    VERIFY,
    new_name,
    policy_text,
    write_limits,
)
from tests.support.people import TOTP_SECRET, Browser, Person, Reply
from tests.support.waiting import PATIENCE, wait_until
from workers.ingest import Ingest
from workers.stream import EventStream

Limited = Callable[..., Awaitable[Browser]]


LOGIN_PATH = "/api/auth/login"


@pytest.fixture
def name() -> str:
    return new_name()


@pytest.fixture
def limits_file(tmp_path: Path) -> Path:
    return tmp_path / "limits.toml"


@pytest.fixture
def limited(serve: Serve, make_settings: MakeSettings, limits_file: Path) -> Limited:
    """Serves with these policies, as TOML, and other changes of settings."""

    async def start(*policies: str, **changes: Any) -> Browser:
        write_limits(limits_file, *policies)
        return await serve(make_settings(limits_file=limits_file, **changes))

    return start


async def knock(browser: Browser, times: int = 1, **given: Any) -> list[Reply]:
    """Sign out without a token: refused by its handler in no time, so all about it is the limit."""
    return [await browser.send("POST", "/api/auth/logout", **given) for _ in range(times)]


def admitted(replies: list[Reply]) -> list[bool]:
    return [reply.status != 429 for reply in replies]


async def said(redis: Redis, name: str) -> list[Event]:
    """The limit.exceeded events of a policy."""
    found = []
    for partition in range(keys.PARTITIONS):
        for _, fields in await redis.xrange(keys.events(partition)):
            if fields.get(b"type") == EventType.LIMIT_EXCEEDED.encode():
                found.append(Event.read(fields))
    return [event for event in found if event.reason == name]


async def rotations(redis: Redis, session_id: str) -> int:
    """How often a session's refresh tokens were traded or given out again."""
    entries = [
        fields
        for partition in range(keys.PARTITIONS)
        for _, fields in await redis.xrange(keys.events(partition))
    ]
    return sum(
        fields.get(b"session_id") == session_id.encode() and fields[b"type"].startswith(b"token.")
        for fields in entries
    )


async def test_headers(limited: Limited, name: str) -> None:
    """RateLimit and RateLimit-Policy on every answer, Retry-After on a refusal, and why."""
    browser = await limited(policy_text(name, LOGOUT, limit=2, window=3600))

    begun = monotonic()
    first, second, refused = await knock(browser, 3)
    earliest = 3599 - (monotonic() - begun)
    for reply, left in ((first, 1), (second, 0)):
        assert reply.code == "token_missing"
        told = re.fullmatch(f'"{name}";r={left};t=(\\d+)', reply.headers["RateLimit"])
        assert told is not None
        assert earliest <= int(told[1]) <= 3600
        assert reply.headers["RateLimit-Policy"] == f'"{name}";q=2;w=3600'
        assert "Retry-After" not in reply.headers

    assert (refused.status, refused.code) == (429, "rate_limited")
    wait = refused.headers["Retry-After"]
    assert earliest <= int(wait) <= 3600
    assert refused.headers["RateLimit"] == f'"{name}";r=0;t={wait}'
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert refused.headers["Cache-Control"] == "no-store"


async def test_whoever_waits_as_told_is_let_in(limited: Limited, name: str) -> None:
    """Retry-After is a promise."""
    browser = await limited(policy_text(name, LOGOUT, limit=1, window=1))
    assert admitted(await knock(browser)) == [True]

    async def refused() -> Reply | Literal[False]:
        (reply,) = await knock(browser)
        return reply.status == 429 and reply

    told = await wait_until(refused)
    await asyncio.sleep(int(told.headers["Retry-After"]))  # it is this wait that is tried
    assert admitted(await knock(browser)) == [True]


async def test_routes_without_a_policy_say_nothing(limited: Limited, name: str) -> None:
    """No limit, no header."""
    browser = await limited(policy_text(name, LOGIN))

    (reply,) = await knock(browser)
    assert not [header for header in reply.headers if header.startswith("RateLimit")]


async def test_sign_in_counts_by_account_from_everywhere(
    limited: Limited, name: str, person: Person, make_person: MakePerson, redis: Redis
) -> None:
    """However the address is spelt and wherever it comes from; others are not in the way."""
    browser = await limited(policy_text(name, LOGIN, key="account", limit=2), trusted_proxies=1)

    async def login(email: str, ip: str) -> Reply:
        body = {"email": email, "password": "wrong"}
        headers = {"X-Forwarded-For": ip}
        return await browser.send("POST", LOGIN_PATH, json=body, headers=headers)

    codes = [
        (await login(person.email, "192.0.2.1")).code,
        (await login(person.email.upper(), "192.0.2.2")).code,
        (await login(person.email, "2001:db8::1")).code,
    ]
    assert codes == ["invalid_credentials", "invalid_credentials", "rate_limited"]
    assert (await login((await make_person()).email, "192.0.2.1")).code == "invalid_credentials"

    counted = await redis.keys(f"auth:rl:{name}:*")
    assert len(counted) == 2
    for key in counted:
        assert b"@" not in key
        assert person.email.partition("@")[0].encode() not in key
        assert await redis.pttl(key) > 0


async def test_somebody_unknown_is_limited_alike(limited: Limited, name: str) -> None:
    """A limit tells nobody who has an account."""
    browser = await limited(policy_text(name, LOGIN, key="account", limit=1))
    body = {"email": f"{name}@people.example", "password": "wrong"}

    replies = [await browser.send("POST", LOGIN_PATH, json=body) for _ in range(2)]
    assert [reply.code for reply in replies] == ["invalid_credentials", "rate_limited"]


async def test_two_policies_of_a_route(
    limited: Limited, name: str, person: Person, make_person: MakePerson
) -> None:
    """Both are told, the first that is reached refuses."""
    browser = await limited(
        policy_text(f"{name}-ip", LOGIN, key="ip", limit=3),
        policy_text(f"{name}-account", LOGIN, key="account", limit=2),
    )

    async def login(email: str) -> Reply:
        return await browser.send("POST", LOGIN_PATH, json={"email": email, "password": "wrong"})

    first = await login(person.email)
    shown = [part.split(";t=")[0] for part in first.headers["RateLimit"].split(", ")]
    assert shown == [f'"{name}-ip";r=2', f'"{name}-account";r=1']
    await login(person.email)
    assert (await login(person.email)).code == "rate_limited"
    refused = await login((await make_person()).email)
    assert refused.code == "rate_limited"
    assert f'"{name}-ip";r=0' in refused.headers["RateLimit"]


async def test_a_request_without_form_is_not_counted(
    limited: Limited, name: str, person: Person
) -> None:
    """Refusing it costs less than counting it."""
    browser = await limited(policy_text(name, LOGIN, key="ip account", limit=1))

    for body in ({}, {"email": person.email}, {"email": "x", "password": "y"}):
        assert (await browser.send("POST", LOGIN_PATH, json=body)).status == 422
    assert (await browser.login(person))["access_token"]


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        pytest.param("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True, id="one /64"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:3::1", False, id="two /64"),
        pytest.param("192.0.2.1", "::ffff:192.0.2.1", True, id="IPv4 in IPv6"),
        pytest.param("192.0.2.1", "192.0.2.2", False, id="two of IPv4"),
        pytest.param("192.0.2.1:4711", "192.0.2.1", True, id="a proxy that writes ports"),
        pytest.param("[2001:db8::1]:4711", "2001:db8::2", True, id="with brackets too"),
        pytest.param("192.0.2.7, 192.0.2.1", "192.0.2.8, 192.0.2.1", True, id="what callers add"),
    ],
)
async def test_addresses(
    limited: Limited, name: str, first: str, second: str, together: bool
) -> None:
    """The trusted hop decides; IPv6 counts by /64."""
    browser = await limited(policy_text(name, LOGOUT, limit=1), trusted_proxies=1)

    await knock(browser, headers={"X-Forwarded-For": first})
    replies = await knock(browser, headers={"X-Forwarded-For": second})
    assert admitted(replies) == [not together]


async def test_without_trusted_proxies_nobody_chooses_an_address(
    limited: Limited, name: str
) -> None:
    """X-Forwarded-For is the caller's own word."""
    browser = await limited(policy_text(name, LOGOUT, limit=2))

    replies = [
        (await knock(browser, headers={"X-Forwarded-For": f"192.0.2.{n}"}))[0] for n in range(4)
    ]
    assert admitted(replies) == [True, True, False, False]


async def test_codes_are_counted_by_person_over_all_challenges(
    limited: Limited, name: str, make_person: MakePerson
) -> None:
    """A new challenge gives no new tries; each try counts once by each policy."""
    browser = await limited(
        policy_text(name, VERIFY, key="account", limit=3),
        policy_text(f"{name}-ip", VERIFY, key="ip", limit=100),
    )
    person = await make_person(totp_secret=TOTP_SECRET)

    async def guess() -> Reply:
        challenge = await browser.login(person)
        body = {"mfa_token": challenge["mfa_token"], "code": "000000"}
        return await browser.send("POST", "/api/auth/verify-2fa", json=body)

    replies = [await guess() for _ in range(4)]
    assert [r.code for r in replies] == ["mfa_code_invalid"] * 3 + ["rate_limited"]
    assert f'"{name}-ip";r=96;' in replies[-1].headers["RateLimit"]
    assert f'"{name}";r=0;' in replies[-1].headers["RateLimit"]


async def test_verify_counts_by_address_before_it_asks_for_the_challenge(
    limited: Limited, name: str
) -> None:
    """Also challenges that are nobody's."""
    browser = await limited(policy_text(name, VERIFY, limit=2))
    body = {"mfa_token": "mfa_unknown", "code": "000000"}

    replies = [await browser.send("POST", "/api/auth/verify-2fa", json=body) for _ in range(3)]
    assert [reply.code for reply in replies] == ["mfa_token_invalid"] * 2 + ["rate_limited"]
    assert f'"{name}";r=1;' in replies[0].headers["RateLimit"]


@pytest.mark.parametrize("shared", [True, False])
async def test_refresh_counts_by_session(
    limited: Limited, name: str, person: Person, redis: Redis, shared: bool
) -> None:
    """A refused one does nothing, or is one lost answer; another session is not concerned."""
    browser = await limited(
        policy_text(name, REFRESH, key="session", limit=3, window=3600, shared=shared)
    )
    tokens, other = await browser.login(person), await browser.login(person)
    for _ in range(3):
        tokens = (await browser.refresh(tokens["refresh_token"])).body

    refused = [await browser.refresh(tokens["refresh_token"])]  # from here on from memory
    refused += await asyncio.gather(*[browser.refresh(tokens["refresh_token"]) for _ in range(29)])
    assert {reply.code for reply in refused} == {"rate_limited"}
    assert await rotations(redis, tokens["session_id"]) == (4 if shared else 3)
    assert (await browser.refresh(other["refresh_token"])).status == 200


@pytest.mark.parametrize("shared", [True, False])
async def test_a_refused_refresh_token_goes_on_after_the_wait(
    limited: Limited, name: str, person: Person, shared: bool
) -> None:
    """A limit signs no one out."""
    browser = await limited(
        policy_text(name, REFRESH, key="session", limit=1, window=2, shared=shared)
    )
    tokens = (await browser.refresh((await browser.login(person))["refresh_token"])).body

    async def again() -> Reply | Literal[False]:
        reply = await browser.refresh(tokens["refresh_token"])
        return reply.status != 429 and reply

    assert (await wait_until(again)).status == 200


async def test_a_forged_token_counts_for_nobody(
    limited: Limited, name: str, person: Person
) -> None:
    """Nobody can use up another's limit by naming their session."""
    browser = await limited(policy_text(name, REFRESH, key="session", limit=1))
    token = (await browser.login(person))["refresh_token"]

    for _ in range(3):
        assert (await browser.refresh(altered(token))).code == "refresh_token_invalid"
    assert (await browser.refresh(token)).status == 200


async def reads(redis: Redis) -> int:
    """How often the server has read from a socket: once a round trip."""
    return int((await redis.info("stats"))["total_reads_processed"])


@pytest.mark.parametrize(
    ("route", "key"),
    [
        pytest.param(REFRESH, "session", id="refresh"),
        pytest.param(REFRESH, "ip session", id="refresh, by a mix"),
        pytest.param(ME, "ip", id="me by address"),
        pytest.param(ME, "account", id="me by person"),
    ],
)
async def test_a_hot_route_stays_one_round_trip(
    limited: Limited, name: str, person: Person, redis: Redis, route: str, key: str
) -> None:
    """Counted in Redis, the question travels with the session's script."""
    browser = await limited(policy_text(name, route, key=key, limit=1000))
    tokens = await browser.login(person)
    before = await reads(redis)

    for number in range(5):
        if route == REFRESH:
            reply = await browser.refresh(tokens["refresh_token"])
            tokens = reply.body
        else:
            reply = await browser.me(tokens["access_token"])
        assert f'"{name}";r={999 - number};' in reply.headers["RateLimit"]
    assert await reads(redis) - before == 5 + 1


async def test_me_is_refused_when_it_is_limited(
    limited: Limited, name: str, person: Person
) -> None:
    """By session, and a token that is not valid is none."""
    browser = await limited(policy_text(name, ME, key="session", limit=2))
    tokens = await browser.login(person)

    assert (await browser.me("not a token")).code == "token_invalid"
    codes = [(await browser.me(tokens["access_token"])).status for _ in range(4)]
    assert codes == [200, 200, 429, 429]


async def test_everything_else_has_the_widest_policy(
    limited: Limited, name: str, person: Person
) -> None:
    """A path covers what no closer name does, one count for all of it."""
    browser = await limited(policy_text(name, "/api/*", limit=4), policy_text(new_name(), LOGOUT))
    token = (await browser.login(person))["access_token"]

    assert (await browser.me(token)).status == 200
    assert (await browser.send("GET", "/api/auth/sessions", token=token)).status == 200
    assert (await browser.send("HEAD", "/api/auth/sessions", token=token)).status == 200
    assert admitted(await knock(browser, 3)) == [True] * 3
    assert (await browser.me(token)).code == "rate_limited"


async def test_one_event_a_window(
    limited: Limited, name: str, person: Person, redis: Redis, database: Database
) -> None:
    """It reaches the audit, names the policy, and never the address of a person."""
    browser = await limited(policy_text(name, LOGIN, key="ip account", limit=2))
    body = {"email": person.email, "password": "wrong"}
    replies = await asyncio.gather(
        *[browser.send("POST", LOGIN_PATH, json=body) for _ in range(20)]
    )
    assert sum(admitted(replies)) == 2

    ingest = Ingest(redis, *audit_writers(database), "limits-test", now_ms)
    streams = [EventStream(redis, p, "limits-test") for p in range(keys.PARTITIONS)]
    for stream in streams:
        await stream.ensure_group()
    while await ingest.drain(streams):
        pass
    async with database.transaction() as connection:
        query = select(audit_log).where(audit_log.c.reason == name)
        rows = (await connection.execute(query)).all()

    (row,) = rows
    assert row.type == "limit.exceeded"
    assert (await personal_of(database, row))["ip"] == "127.0.0.1"
    assert row.data == {
        "policy": name,
        "counted_by": "ip+account",
        "limit": 2,
        "window_seconds": 60,
        "enforced": True,
    }
    assert person.email not in str(row)


async def test_a_known_person_is_named_in_the_event(
    limited: Limited, name: str, person: Person, redis: Redis
) -> None:
    """By id, where an access token said who it is."""
    browser = await limited(policy_text(name, ME, key="account", limit=1))
    token = (await browser.login(person))["access_token"]
    for _ in range(3):
        await browser.me(token)

    (event,) = await said(redis, name)
    assert event.user_id == person.id


async def test_a_dry_run_refuses_nobody(limited: Limited, name: str, redis: Redis) -> None:
    """It counts, says so in the event, and tells clients nothing."""
    browser = await limited(policy_text(name, LOGOUT, limit=2), rate_limits="dry-run")

    replies = await knock(browser, 10)
    assert admitted(replies) == [True] * 10
    assert not [reply for reply in replies if "RateLimit" in reply.headers]
    (event,) = await said(redis, name)
    assert event.data["enforced"] is False


async def test_off(limited: Limited, name: str, redis: Redis) -> None:
    """Nothing is counted."""
    browser = await limited(policy_text(name, LOGOUT, limit=1), rate_limits="off")

    assert admitted(await knock(browser, 5)) == [True] * 5
    assert not await redis.keys(f"auth:rl:{name}:*")


@pytest.mark.parametrize(
    ("without_redis", "expected"),
    [
        pytest.param("memory", [401, 401, 401, 429, 429, 429, 429], id="half the limit"),
        pytest.param("allow", [401] * 7, id="all"),
        pytest.param("deny", [503] * 7, id="nobody"),
    ],
)
async def test_without_redis(
    limited: Limited, name: str, own_valkey: EmbeddedServer, without_redis: str, expected: list[int]
) -> None:
    """Each policy does what it says, and counts in Redis again when that is back."""
    browser = await limited(
        policy_text(name, LOGOUT, limit=6, without_redis=without_redis), redis_url=own_valkey.url
    )
    assert admitted(await knock(browser, 1)) == [True]

    own_valkey.kill()
    replies = await knock(browser, 7)
    assert [reply.status for reply in replies] == expected
    if without_redis == "memory":
        assert replies[0].headers["RateLimit-Policy"] == f'"{name}";q=3;w=60'
        assert int(replies[-1].headers["Retry-After"]) <= 68
    if without_redis == "deny":
        assert {reply.code for reply in replies} == {"service_unavailable"}

    own_valkey.restart()

    async def counted_again() -> bool:
        (reply,) = await knock(browser)
        policy: str | None = reply.headers.get("RateLimit-Policy")
        return policy == f'"{name}";q=6;w=60'

    await wait_until(counted_again)


async def test_a_changed_file_counts_without_a_restart(
    limited: Limited, name: str, limits_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A better file is taken up, a bad one changes nothing and is named in the log."""
    browser = await limited(policy_text(name, LOGOUT, limit=1, window=3600))
    assert admitted(await knock(browser, 2)) == [True, False]

    write_limits(limits_file, policy_text(name, LOGOUT, limit=1000, window=3600))

    async def let_in() -> bool:
        (reply,) = await knock(browser)
        return reply.status != 429

    await wait_until(let_in)

    capsys.readouterr()
    write_limits(limits_file, policy_text(name, LOGOUT, limit=0))
    logged = ""

    async def complained() -> bool:
        nonlocal logged
        captured = capsys.readouterr()
        logged += captured.out + captured.err
        return "limits.reload_failed" in logged

    await wait_until(complained)
    assert f"policies.{name}.limit" in logged
    assert await let_in()


async def test_the_shipped_limits_leave_room_for_a_burst(browser: Browser, person: Person) -> None:
    """A thousand refreshes of one token at once, and dozens of sign-ins: none is refused."""
    tokens = await browser.login(person)

    replies = await asyncio.gather(*[browser.refresh(tokens["refresh_token"]) for _ in range(1000)])
    assert {reply.status for reply in replies} == {200}
    for _ in range(40):
        await browser.login(person)


async def test_windows_live_in_one_redis_for_all(
    limited: Limited, name: str, valkey: EmbeddedServer, own_valkey: EmbeddedServer
) -> None:
    """The key is the documented one, with a lifetime, in the Redis that was named; of whom, it hides."""
    browser = await limited(
        policy_text(name, LOGOUT, limit=2, window=3600), redis_url=own_valkey.url
    )
    await knock(browser, 5, headers={"X-Forwarded-For": "192.0.2.1"})

    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    [key] = await redis.keys("auth:rl:*")
    assert key.startswith(keys.rate_limit(name, "").encode())
    assert b"127.0.0.1" not in key
    assert 0 < await redis.pttl(key) <= 3_600_000
    await redis.aclose()
