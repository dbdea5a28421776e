"""After an erasure nothing tells of the person, and everything else holds."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.persons.archives import fetch
from tests.persons.traces import Canary, add_canary, dump_postgres, dump_redis, read_logs
from tests.processes.stores import Stores
from tests.support.authenticator import Authenticator
from tests.support.people import Browser, Reply
from tests.support.processes import free_port, python, running, web_process
from tests.support.waiting import wait_until

ME = "/api/auth/me"
EVERYTHING = {"email", "email_key", "name", "ip", "user_agent", "device"}


@contextmanager
def product(env: dict[str, str], folder: Path) -> Iterator[str]:
    """A web process and a worker, all they say in files."""
    with (
        web_process(env, folder / "web.log") as base,
        running("workers", env=env, log=folder / "worker.log"),
    ):
        yield base


async def live_a_life(browser: Browser, canary: Canary) -> tuple[dict[str, str], Reply]:
    """Sign in, fail, add a passkey, refresh, open challenges; the tokens that are left."""
    login = {
        "email": canary.person.email,
        "password": canary.person.password,
        "device_name": canary.device,
    }

    async def post(path: str, body: dict[str, Any], **given: Any) -> Reply:
        return await browser.send(
            "POST", f"/api/auth/{path}", json=body, headers=canary.headers, **given
        )

    assert (await post("login", {**login, "password": "x" * 20})).status == 401
    assert (await post("login", {**login, "email": "nobody@people.example"})).status == 401
    first = (await post("login", login)).body
    options = (await post("passkeys/options", {}, token=first["access_token"])).body["options"]
    credential = Authenticator(origin="http://127.0.0.1:8000").make(options)
    named = {"name": canary.device, "credential": credential}
    assert (await post("passkeys", named, token=first["access_token"])).status == 201
    second = (await post("login", login)).body
    tokens = (await post("refresh", {"refresh_token": second["refresh_token"]})).body
    await browser.send("GET", ME, token=tokens["access_token"], headers=canary.headers)
    assert (await post("logout", {}, token=first["access_token"])).status == 204
    return tokens, await post("login", login)


async def turn_second_factor_on(stores: Stores, canary: Canary) -> None:
    """From here on every sign-in leaves a challenge behind."""
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"update users set totp_secret = '\\x00' where id = '{canary.person.id}'"  # noqa: S608
        )


async def test_no_trace_of_the_person_is_left(
    stores: Stores, env: dict[str, str], visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """No word of theirs in any table, opened audit row, Redis key or log; the proof still holds."""
    canary, other = await add_canary(stores), await stores.add_person()
    with product(env, tmp_path) as base:
        browser = visit(base)
        kept = await browser.login(other)
        tokens, _ = await live_a_life(browser, canary)
        await stores.drained()
        archive = await fetch(browser, tokens["access_token"], canary.headers)
        assert canary.found_in(json.dumps(archive)) >= EVERYTHING - {"email_key"}
        await turn_second_factor_on(stores, canary)
        challenge = await stop_at_second_factor(browser, canary)
        assert challenge["mfa_required"]
        assert canary.found_in(await dump_postgres(stores)) == EVERYTHING
        assert canary.found_in(await dump_redis(stores.redis)) >= {"email", "name", "ip", "device"}

        answer = await browser.send(
            "DELETE",
            ME,
            token=tokens["access_token"],
            json={"password": canary.person.password},
            headers=canary.headers,
        )
        assert (answer.status, answer.body["status"]) == (202, "erased")
        assert (await browser.me(tokens["access_token"])).code == "token_revoked"
        assert (await browser.refresh(tokens["refresh_token"])).code == "session_revoked"
        login = {"email": canary.person.email, "password": canary.person.password}
        gone = await browser.send("POST", "/api/auth/login", json=login)
        assert gone.code == "invalid_credentials"
        await stores.drained()
        assert (await browser.me(kept["access_token"])).status == 200

        # The one who tried an address that nobody has is known to nobody: their day is forgotten.
        async with stores.engine.begin() as connection:
            await connection.exec_driver_sql(
                "update person_keys set sealed_key = null, destroyed_at = now() "
                "where owner like 'day:%%'"
            )
        assert canary.found_in(await dump_postgres(stores)) == set()
        assert canary.found_in(await dump_redis(stores.redis)) == set()

    assert canary.found_in(read_logs(tmp_path)) == set()
    assert canary.person.id in read_logs(tmp_path), "the search reads what was logged"
    verified = python("service", "audit", "verify", env=env)
    assert verified.returncode == 0, verified
    said = Counter(await stores.audit(canary.person.id))
    assert said["user.erased"] == 1
    assert said["session.ended"] == 3
    assert said["login.succeeded"] == 3
    rows = "select end_reason, ip, user_agent, device from sessions where user_id = :u order by 1"
    assert await stores.rows(rows, u=canary.person.id) == [
        ("erased", "", "", ""),
        ("erased", "", "", ""),
        ("logout", "", "", ""),
    ]
    assert await stores.rows("select requested_by, applied from erasures") == [("self", True)]


async def stop_at_second_factor(browser: Browser, canary: Canary) -> Any:
    """A sign-in with the password alone; what it answers."""
    body = {
        "email": canary.person.email,
        "password": canary.person.password,
        "device_name": canary.device,
    }
    return (await browser.send("POST", "/api/auth/login", json=body, headers=canary.headers)).body


async def test_a_wrong_password_erases_nobody(
    stores: Stores, env: dict[str, str], visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """401, and the audit says so; a stolen access token does not do."""
    person = await stores.add_person()
    with product(env, tmp_path) as base:
        browser = visit(base)
        token = (await browser.login(person))["access_token"]
        wrong = await browser.send("DELETE", ME, token=token, json={"password": "x" * 20})
        assert (wrong.status, wrong.code) == (401, "invalid_credentials")
        assert (await browser.send("DELETE", ME, json={"password": "x"})).code == "token_missing"
        assert (await browser.me(token)).status == 200
        await stores.drained()
    assert await stores.audit(person.id) == ["login.succeeded", "password.refused"]
    assert await stores.value("select count(*) from erasures") == 0


async def test_an_erasure_that_redis_has_not_heard_of(
    stores: Stores, env: dict[str, str], visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """It is committed; web processes know it from SQL, the workers tell Redis, and say it once."""
    person = await stores.add_person()
    with product(env, tmp_path) as base:
        browser = visit(base)
        token = (await browser.login(person))["access_token"]
        await stores.drained()
        nowhere = {**env, "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
        done = python("service", "erase-user", person.email.upper(), env=nowhere)
        assert (done.returncode, done.stdout) == (0, f"{person.id} is erased; 1 sessions ended\n")

        async def refused() -> bool:
            return (await browser.me(token)).code == "token_revoked"

        await wait_until(refused)

        async def applied() -> bool:
            if not await stores.value("select applied from erasures"):
                return False
            # Ends are told by a job of their own, which may come after.
            return "session.ended" in await stores.audit(person.id)

        await wait_until(applied)
    assert Counter(await stores.audit(person.id)) == {
        "login.succeeded": 1,
        "session.ended": 1,
        "user.erased": 1,
    }
    assert person.email not in await dump_redis(stores.redis)
    again = python("service", "erase-user", person.id, env=env)
    assert (again.returncode, again.stderr) == (1, "inphora-auth: there is no such account\n")


async def test_a_time_of_grace(
    stores: Stores, env: dict[str, str], visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """Sessions end at once and nobody signs in; an operator takes it back, or it is done when due."""
    person = await stores.add_person()
    body = {"password": person.password}
    login = {"email": person.email, **body}
    with product({**env, "ERASURE_GRACE_SECONDS": "86400"}, tmp_path) as base:
        browser = visit(base)
        for cancelled in (True, False):
            token = (await browser.login(person))["access_token"]
            answer = await browser.send("DELETE", ME, token=token, json=body)
            assert (answer.status, answer.body["status"]) == (202, "scheduled")
            assert (await browser.me(token)).code == "token_revoked"
            refused = await browser.send("POST", "/api/auth/login", json=login)
            assert refused.code == "invalid_credentials"
            if cancelled:
                done = python("service", "erase-user", "--cancel", person.email, env=env)
                assert done.returncode == 0, done
        assert await stores.value("select count(*) from users") == 1
        async with stores.engine.begin() as connection:
            await connection.exec_driver_sql("update erasures set due_at = now()")

        async def erased() -> object:
            return await stores.value("select applied from erasures")

        await wait_until(erased)
    assert await stores.value("select count(*) from users") == 0
    assert Counter(await stores.audit(person.id)) == {
        "login.succeeded": 2,
        "session.ended": 2,
        "login.failed": 2,
        "user.erasure_requested": 2,
        "user.erasure_cancelled": 1,
        "user.erased": 1,
    }
