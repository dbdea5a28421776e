"""What happened stands in the audit exactly once, whatever becomes of the worker."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from secrets import token_hex
from typing import Any

import pyotp

from service.contracts import keys
from tests.factors.conftest import wrong_code
from tests.processes.stores import Stores
from tests.support.people import TOTP_SECRET, Browser, Person, Reply
from tests.support.processes import Process, python, running, web_process
from tests.support.redis_answers import answer_of
from tests.support.waiting import wait_until

KILLS = int(os.environ.get("KILLS", "10"))
"""How often a worker is killed under load; `make faults` says 50."""
PEOPLE = 6
REPLAY_SECONDS = 300


async def test_each_step_is_one_row(
    stores: Stores, visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """Every step of a session's life, and of a second factor, is one row with its request."""
    env = {**stores.env, "REFRESH_REPLAY_SECONDS": str(REPLAY_SECONDS)}
    person, careful = await stores.add_person(), await stores.add_person(totp_secret=TOTP_SECRET)
    with web_process(env, tmp_path / "web.log") as base, worker(env, tmp_path):
        browser = visit(base)
        first = await browser.login(person)
        await browser.me(first["access_token"])
        second = (await browser.refresh(first["refresh_token"])).body
        again = (await browser.refresh(first["refresh_token"])).body
        assert again["refresh_token"] == second["refresh_token"]
        assert (await browser.me(second["access_token"])).status == 200
        assert (await browser.logout(second["access_token"])).status == 204
        dead = await browser.me(second["access_token"])
        assert (dead.status, dead.code) == (401, "token_revoked")
        wrong = {"email": person.email, "password": "not the password of anybody"}
        assert (await browser.send("POST", "/api/auth/login", json=wrong)).status == 401

        challenge = await browser.login(careful)
        refused = await verify(browser, challenge, wrong_code())
        assert refused.code == "mfa_code_invalid"
        answer = await verify(browser, challenge, pyotp.TOTP(TOTP_SECRET).now())
        assert answer.status == 200

        old = (await browser.login(person))["refresh_token"]
        new = (await browser.refresh(old)).body
        await browser.me(new["access_token"])

        key = keys.session(keys.partition_of(person.id), new["session_id"])
        await answer_of(stores.redis.hincrby(key, "r", -1000 * REPLAY_SECONDS - 1))
        assert (await browser.refresh(old)).code == "refresh_token_reused"
        await stores.drained()

    assert Counter(await stores.audit(person.id)) == {
        "login.succeeded": 2,
        "token.refreshed": 2,
        "token.replayed": 1,
        "session.ended": 1,
        "login.failed": 1,
        "token.reuse_detected": 1,
    }
    assert await stores.audit(careful.id) == [
        "mfa.challenged",
        "mfa.failed",
        "mfa.succeeded",
        "login.succeeded",
    ]
    assert await stores.gapless()
    sessions = "select id, generation, end_reason, ended_at is null from sessions"
    assert sorted(await stores.rows(sessions)) == sorted(
        [
            (first["session_id"], 2, "logout", False),
            (new["session_id"], 2, "token_reuse", False),
            (answer.body["session_id"], 1, None, True),
        ]
    )
    lag = """
        select bool_and(s.last_used_at >= a.occurred_at) from sessions s
        join audit_log a on a.session_id = s.id and a.type = 'token.refreshed'
    """
    assert await stores.value(lag) is True


async def test_killed_workers_lose_and_double_nothing(
    stores: Stores, visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """SIGKILL at any moment under load: every request that was answered is one row, and no more.

    Two workers at once write the chains, which hold for an auditor.
    """
    people = [await stores.add_person() for _ in range(PEOPLE)]
    expected: dict[str, str] = {}
    chance, stop = Random(7), asyncio.Event()  # noqa: S311 - moments, not secrets
    env = {**stores.env, "RATE_LIMITS": "off"}
    with web_process(env, tmp_path / "web.log") as base:
        load = [asyncio.create_task(keep_busy(visit(base), p, stop, expected)) for p in people]
        for _ in range(KILLS // 2):
            with worker(stores.env, tmp_path) as one, worker(stores.env, tmp_path) as other:
                for process in (one, other):
                    await some_more_rows(stores, chance.randrange(20, 100))
                    process.kill()
        stop.set()
        await asyncio.gather(*load)
        assert await stores.unread() > 0
        with worker(stores.env, tmp_path):
            await stores.drained()

    verified = python("service", "audit", "verify", env=stores.env)
    assert verified.returncode == 0, verified.stdout
    found = await stores.rows("select request_id, type from audit_log")
    assert Counter(found) == Counter(expected.items())
    assert await stores.gapless()
    assert await stores.value("select count(*) from dead_letters") == 0
    late = """
        select count(*) from sessions s
        join (select session_id, max(generation) top, max(occurred_at) at from audit_log
              where type in ('login.succeeded', 'token.refreshed') group by 1) a
          on a.session_id = s.id
        where s.generation <> a.top or s.last_used_at < a.at - interval '1 s'
           or s.ended_at is null or not s.end_applied
    """
    assert await stores.value(late) == 0


async def test_a_death_between_storing_and_acknowledging(
    stores: Stores, visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """Rows that were committed while Redis could not hear of it are not written again."""
    person = await stores.add_person()
    with web_process(stores.env, tmp_path / "web.log") as base:
        with worker(stores.env, tmp_path) as process:
            await stores.redis.execute_command("ACL", "SETUSER", "default", "-xack")
            await visit(base).login(person)

            async def stored() -> list[str]:
                return await stores.audit(person.id)

            await wait_until(stored)
            assert await stores.unread() == 1
            process.kill()
        await stores.redis.execute_command("ACL", "SETUSER", "default", "+xack")
        with worker(stores.env, tmp_path):
            await stores.drained()
    assert await stores.audit(person.id) == ["login.succeeded"]
    assert await stores.value("select count(*) from dead_letters") == 0
    assert await stores.gapless()


def worker(env: dict[str, str], tmp_path: Path) -> AbstractContextManager[Process]:
    return running("workers", env=env, log=tmp_path / "worker.log")


async def verify(browser: Browser, challenge: dict[str, Any], code: str) -> Reply:
    body = {"mfa_token": challenge["mfa_token"], "code": code}
    return await browser.send("POST", "/api/auth/verify-2fa", json=body)


async def some_more_rows(stores: Stores, number: int) -> None:
    """Return when the worker that runs now has stored so many rows."""
    count = "select count(*) from audit_log"
    begun = await stores.value(count)

    async def stored() -> bool:
        return bool(await stores.value(count) >= begun + number)

    await wait_until(stored)


async def keep_busy(
    browser: Browser, person: Person, stop: asyncio.Event, expected: dict[str, str]
) -> None:
    """Sign in, refresh some times and sign out, again and again, noting each request."""

    def note(kind: str) -> dict[str, str]:
        request_id = token_hex(8)
        expected[request_id] = kind
        return {"X-Request-ID": request_id}

    while not stop.is_set():
        body = {"email": person.email, "password": person.password}
        reply = await browser.send(
            "POST", "/api/auth/login", json=body, headers=note("login.succeeded")
        )
        assert reply.status == 200, reply
        for _ in range(8):
            token = reply.body["refresh_token"]
            reply = await browser.refresh(token, headers=note("token.refreshed"))
            assert reply.status == 200, reply
        ended = await browser.send(
            "POST",
            "/api/auth/logout",
            token=reply.body["access_token"],
            headers=note("session.ended"),
        )
        assert ended.status == 204, ended
