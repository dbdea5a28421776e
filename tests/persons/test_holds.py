"""While a legal hold stands nothing of a person is destroyed; when it is released, what waited is done."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from service.domain.errors import ServiceUnavailableError
from service.domain.sessions import Origin
from service.store.database import Database
from service.store.erasures import Erasures, LegallyHeldError, RequestedBy
from service.store.holds import Holds
from service.store.live_sessions import LiveSessions
from service.store.session_records import SessionRecords
from tests.conftest import now_ms
from tests.persons.archives import fetch
from tests.persons.test_bad_moments import new_session
from tests.persons.test_erasure import ME, product
from tests.processes.stores import Stores
from tests.support.people import Browser, Person
from tests.support.processes import free_port, python
from tests.support.waiting import wait_until
from workers.persons import FinishErasures


def hold(env: dict[str, str], *arguments: str) -> CompletedProcess[str]:
    """`inphora-auth hold …`."""
    return python("service", "hold", *arguments, env=env)


def place(env: dict[str, str], person: Person) -> None:
    """A hold on somebody, by the command."""
    placed = hold(env, "place", person.email, "--reason", "case 4711", "--by", "counsel")
    assert (placed.returncode, placed.stdout) == (0, f"hold 1 is on {person.id}\n"), placed.stderr


@pytest.mark.parametrize("by_operator", [True, False])
async def test_an_erasure_waits_for_the_release(
    stores: Stores,
    env: dict[str, str],
    visit: Callable[[str], Browser],
    tmp_path: Path,
    by_operator: bool,
) -> None:
    """Same answer, signed out, no sign-in, nothing destroyed; then erased by itself, and told once."""
    person = await stores.add_person()
    login = {"email": person.email, "password": person.password}
    with product(env, tmp_path) as base:
        browser = visit(base)
        place(env, person)
        token = (await browser.login(person))["access_token"]
        if by_operator:
            done = python("service", "erase-user", person.email, env=env)
            assert done.returncode == 0, done.stderr
            assert "under a legal hold" in done.stdout
        else:
            answer = await browser.send(
                "DELETE", ME, token=token, json={"password": person.password}
            )
            assert (answer.status, set(answer.body)) == (202, {"erase_at", "status"})
        assert (await browser.me(token)).code == "token_revoked"
        refused = await browser.send("POST", "/api/auth/login", json=login)
        assert refused.code == "invalid_credentials"
        await stores.drained()
        assert await stores.value(
            "select sealed_key is not null from person_keys where owner = :u", u=person.id
        )
        assert await stores.value("select count(*) from users where disabled_at is not null") == 1
        assert "user.erased" not in await stores.audit(person.id)

        released = hold(env, "release", "1", "--reason", "settled", "--by", "counsel")
        assert released.returncode == 0, released.stderr

        async def erased() -> object:
            return await stores.value("select applied from erasures")

        await wait_until(erased)
    assert await stores.value("select count(*) from users") == 0
    assert await stores.value("select reason from legal_holds") == ""
    said = Counter(await stores.audit(person.id))
    assert said["user.erased"] == said["user.erasure_requested"] == 1
    assert said["user.hold_placed"] == said["user.hold_released"] == 1


async def test_the_commands(stores: Stores, env: dict[str, str]) -> None:
    """Placed, listed, released once; wrong ones say so; nothing without Redis."""
    person = await stores.add_person()
    place(env, person)
    assert "counsel: case 4711" in hold(env, "list").stdout
    [line] = hold(env, "list", "--json").stdout.splitlines()
    assert (json.loads(line)["user_id"], json.loads(line)["released_at"]) == (person.id, None)
    nobody = hold(env, "place", "nobody@people.example", "--reason", "x", "--by", "y")
    assert (nobody.returncode, nobody.stderr) == (1, "inphora-auth: there is no such account\n")
    assert hold(env, "place", person.email, "--reason", "x").returncode == 2
    for reason in ("", "x" * 501, "a\nb"):
        unfit = hold(env, "place", person.email, "--reason", reason, "--by", "y")
        assert (unfit.returncode, "--reason" in unfit.stderr) == (2, True)
    nowhere = {**env, "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    assert hold(nowhere, "place", person.email, "--reason", "x", "--by", "y").returncode == 1
    assert await stores.value("select count(*) from legal_holds") == 1
    assert hold(nowhere, "release", "1", "--reason", "x", "--by", "y").returncode == 1
    assert hold(env, "release", "1", "--reason", "x", "--by", "y").returncode == 0
    again = hold(env, "release", "1", "--reason", "x", "--by", "y")
    assert (again.returncode, "no such hold stands" in again.stderr) == (1, True)
    assert hold(env, "list").stdout == ""
    assert "released by y" in hold(env, "list", "--all").stdout


async def test_the_archive_does_not_tell_of_it(
    stores: Stores, env: dict[str, str], visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """Whoever asks for all that is held on them is told that such things are withheld, and no more."""
    person = await stores.add_person()
    with product(env, tmp_path) as base:
        browser = visit(base)
        token = (await browser.login(person))["access_token"]
        place(env, person)
        await stores.drained()
        archive = await fetch(browser, token, {})
    assert "user.hold_placed" in await stores.audit(person.id)
    assert "hold_placed" not in json.dumps(archive["events"])
    assert "4711" not in json.dumps(archive)


async def test_a_hold_that_comes_between(stores: Stores, live: LiveSessions) -> None:
    """Due, and then held: the worker passes it by; two holds must both be released."""
    person = await stores.add_person()
    database = Database(stores.engine)
    erasures, holds = Erasures(database), Holds(database)
    await SessionRecords(database).add(new_session(person), Origin())

    async def announce(_: object) -> None:
        return None

    async def oldest_ms() -> None:
        return None

    finish = FinishErasures(erasures, live, oldest_ms, now_ms)
    first = await holds.place(person.id, "one", "a", announce=announce)
    second = await holds.place(person.id, "two", "b", announce=announce)
    assert first is not None
    assert second is not None
    with pytest.raises(LegallyHeldError):
        await erasures.erase(person.id, RequestedBy.OPERATOR)
    assert await stores.value("select count(*) from sessions where ended_at is not null") == 0
    await erasures.request(
        person.id, RequestedBy.SELF, grace=second.placed_at - first.placed_at, announce=announce
    )
    assert await erasures.due() == []
    await holds.release(first.id, "a", announce=announce)
    assert await finish() == 0
    await holds.release(second.id, "b", announce=announce)
    [due] = await erasures.due()
    await holds.place(person.id, "three", "c", announce=announce)
    assert await finish() == 0
    assert (due.user_id, due.erased) == (person.id, False)
    assert await stores.value("select count(*) from users") == 1


async def test_a_hold_that_cannot_be_told(stores: Stores) -> None:
    """What the audit would not know of is not there."""
    person = await stores.add_person()
    holds = Holds(Database(stores.engine))

    async def announce(_: object) -> None:
        raise OSError

    with pytest.raises(ServiceUnavailableError):
        await holds.place(person.id, "one", "a", announce=announce)
    assert await holds.list(released=True) == []
