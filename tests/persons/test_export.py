"""A person is given all that is held on them, and nothing of anybody else."""

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Any, cast
from uuid import uuid4

import pytest

from service.contracts.events import Event, EventType
from service.domain.secrets import at_rest
from service.store.audit import AuditRecords, StreamedEvent
from service.store.audit_search import AuditSearch
from service.store.database import Database
from service.store.dead_letters import DeadLetter, DeadLetters
from service.store.person_archive import MEMBERS, PersonArchive
from service.store.person_exports import PersonExports
from service.store.person_keys import PersonKeys
from tests.conftest import SECRET_KEY, now_ms
from tests.persons.archives import EXPORT, fetch
from tests.persons.test_erasure import live_a_life
from tests.persons.traces import add_canary, dump_postgres, waits_for_a_lock
from tests.processes.stores import Stores
from tests.support.people import Browser
from tests.support.processes import running, web_process
from tests.support.waiting import wait_until
from workers.persons import MakeExports

DAY = timedelta(days=1)


async def nothing() -> None:
    """Says nothing."""


@pytest.fixture
def person_keys(stores: Stores) -> PersonKeys:
    return PersonKeys(Database(stores.engine), at_rest([SECRET_KEY], token_bytes), token_bytes)


@pytest.fixture
def exports(stores: Stores, person_keys: PersonKeys) -> PersonExports:
    return PersonExports(Database(stores.engine), person_keys)


@pytest.fixture
def make(
    stores: Stores, person_keys: PersonKeys, exports: PersonExports
) -> Callable[..., MakeExports]:
    database = Database(stores.engine)
    search, letters = AuditSearch(database, person_keys), DeadLetters(database, person_keys)
    archive = PersonArchive(database, search, letters)

    def with_lease(lease: timedelta = timedelta(minutes=5)) -> MakeExports:
        return MakeExports(exports, archive, DAY, now_ms, lease)

    return with_lease


async def test_everything_held_on_a_person(
    stores: Stores, visit: Callable[[str], Browser], tmp_path: Path, person_keys: PersonKeys
) -> None:
    """Account, sessions and events, opened; no secret, and not a word of others."""
    env = {**stores.env, "TRUSTED_PROXIES": "1", "RATE_LIMITS": "dry-run"}
    canary, other = await add_canary(stores), await stores.add_person()
    letter = {b"type": b"moon.landed", b"at_ms": b"5", b"user_id": canary.person.id.encode()}
    letters = DeadLetters(Database(stores.engine), person_keys)
    await letters.bury(3, [DeadLetter("1-1", letter, "unknown")], received_ms=now_ms())
    with (
        web_process(env, tmp_path / "web.log") as base,
        running("workers", env=env, log=tmp_path / "worker.log"),
    ):
        browser = visit(base)
        others = await browser.login(other)
        tokens, _ = await live_a_life(browser, canary)
        await stores.drained()
        archive = await fetch(browser, tokens["access_token"], canary.headers)
        plain = {**canary.headers, "Accept-Encoding": "identity"}
        again = await fetch(browser, tokens["access_token"], plain)
        await stores.drained()

    assert again == archive, "it is kept, not made at every question, and unpacked for who wants it"
    assert archive["format"] == "inphora-person-1"
    assert set(archive) == set(MEMBERS)
    made_at, kept_until = (datetime.fromisoformat(archive[k]) for k in ("made_at", "kept_until"))
    assert kept_until - made_at == DAY
    account = archive["account"]
    assert (account["id"], account["email"]) == (canary.person.id, canary.person.email)
    assert (account["name"], account["password"]) == (canary.name, True)
    assert [one["device"] for one in archive["sessions"]] == [canary.device] * 3
    assert [one["end_reason"] for one in archive["sessions"]].count("logout") == 1
    assert [one["name"] for one in archive["passkeys"]] == [canary.device]
    said = [event["type"] for event in archive["events"]]
    assert said.count("login.succeeded") == 3
    assert {event["ip"] for event in archive["events"]} == {canary.ip}
    assert archive["unread_events"] == [{k.decode(): v.decode() for k, v in letter.items()}]
    text = json.dumps(archive)
    for secret in (other.id, others["session_id"], "argon2", "totp_secret"):
        assert secret not in text
    stored = await stores.audit(canary.person.id)
    assert (stored.count("export.requested"), stored.count("export.fetched")) == (1, 2)


async def test_where_an_administrator_sits_is_not_in_it(
    stores: Stores, person_keys: PersonKeys
) -> None:
    """Of what somebody else did to them: what, when and why, but neither address nor device."""
    person, clerk = await stores.add_person(), str(uuid4())
    audit = AuditRecords(Database(stores.engine), person_keys, now_ms)
    whence: dict[str, Any] = {"user_id": person.id, "ip": "192.0.2.66", "user_agent": "The clerk's"}
    events = [
        Event(EventType.USER_LOCKED, now_ms(), actor_id=clerk, data={"why": "asked"}, **whence),
        Event(EventType.USER_RENAMED, now_ms(), **whence),
    ]
    await audit.record(3, [StreamedEvent(f"{now_ms()}-{n}", e) for n, e in enumerate(events)])
    archive = PersonArchive(
        Database(stores.engine),
        AuditSearch(Database(stores.engine), person_keys),
        DeadLetters(Database(stores.engine), person_keys),
    )
    packed = await archive.build(person.id, made_ms=now_ms(), keep=DAY)
    assert packed is not None
    told = {e["type"]: e for e in json.loads(gzip.decompress(packed))["events"]}

    locked, renamed = told["user.locked"], told["user.renamed"]
    assert (locked["ip"], locked["user_agent"], locked["data"]) == (None, None, {"why": "asked"})
    assert (renamed["ip"], renamed["user_agent"]) == ("192.0.2.66", "The clerk's")


async def test_nobody_else_can_fetch_it(
    stores: Stores, visit: Callable[[str], Browser], tmp_path: Path
) -> None:
    """Without a token 401; with another's, another's archive."""
    with web_process(stores.env, tmp_path / "web.log") as base:
        reply = await visit(base).send("GET", EXPORT)
        assert (reply.status, reply.code) == (401, "token_missing")
    assert await stores.value("select count(*) from person_exports") == 0


async def test_a_lost_job_is_made_again(
    stores: Stores, exports: PersonExports, make: Callable[..., MakeExports]
) -> None:
    """A worker that died over it has it taken away; until then nobody else works on it."""
    person = await stores.add_person()
    asked = await exports.request(person.id, str(uuid4()), announce=nothing)
    claimed = await exports.claim(lease=DAY)
    assert claimed is not None
    assert asked is not None
    assert claimed.id == asked.id
    assert await make()() == 0, "its lease is not over"

    assert await make(timedelta(0))() == 1
    assert not await exports.finish(claimed, b"late", keep=DAY), "the first one holds"
    held = await exports.request(person.id, str(uuid4()), announce=nothing)
    assert held is not None
    assert (held.id, held.archive is not None) == (asked.id, True)
    assert person.email not in await dump_postgres_without_users(stores)


async def dump_postgres_without_users(stores: Stores) -> str:
    """What an archive left in the tables."""
    lines = (await dump_postgres(stores)).splitlines()
    return "\n".join(line for line in lines if not line.startswith("users "))


async def test_an_archive_that_expired_is_dropped(
    stores: Stores, exports: PersonExports, make: Callable[..., MakeExports]
) -> None:
    """The next request makes another one, also where no sweep came by."""
    person = await stores.add_person()
    first = await exports.request(person.id, str(uuid4()), announce=nothing)
    await make()()
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("update person_exports set expires_at = now()")
    second = await exports.request(person.id, str(uuid4()), announce=nothing)
    assert first is not None
    assert second is not None
    assert (second.id == first.id, second.archive) == (False, None)

    await make()()
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("update person_exports set expires_at = now()")
    await make()()
    assert await stores.value("select count(*) from person_exports") == 0


async def test_erased_while_it_is_made(
    stores: Stores, exports: PersonExports, make: Callable[..., MakeExports]
) -> None:
    """Nothing is stored for who is gone, and nothing can be asked for."""
    person = await stores.add_person()
    await exports.request(person.id, str(uuid4()), announce=nothing)
    claimed = await exports.claim(lease=DAY)
    assert claimed is not None
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("delete from users")
    assert not await exports.finish(claimed, b"too late", keep=DAY)
    assert await exports.request(person.id, str(uuid4()), announce=nothing) is None
    assert await make()() == 0


class Endless:
    """An archive that never gets made."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def build(self, *_: object, **__: object) -> None:
        self.begun.set()
        await asyncio.Event().wait()


async def test_a_worker_that_ends_gives_its_export_back(
    stores: Stores, exports: PersonExports, make: Callable[..., MakeExports]
) -> None:
    """Another one makes it at once, not after the lease."""
    person = await stores.add_person()
    await exports.request(person.id, str(uuid4()), announce=nothing)
    archive = Endless()
    ending = replace(make(), archive=cast("PersonArchive", archive))
    task = asyncio.create_task(ending())
    await archive.begun.wait()
    assert await make()() == 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await make()() == 1


async def test_asked_for_in_the_moment_of_an_erasure(
    stores: Stores, exports: PersonExports
) -> None:
    """It waits for the erasure, and then there is nobody to make it for; that is no mistake of ours."""
    person = await stores.add_person()
    async with stores.engine.connect() as erasing, asyncio.TaskGroup() as tasks:
        await erasing.exec_driver_sql(f"delete from users where id = '{person.id}'")  # noqa: S608
        asked = tasks.create_task(exports.request(person.id, str(uuid4()), announce=nothing))
        await wait_until(lambda: waits_for_a_lock(stores))
        await erasing.commit()
    assert asked.result() is None


async def test_fetched_in_the_moment_of_an_erasure(
    stores: Stores, exports: PersonExports, make: Callable[..., MakeExports]
) -> None:
    """The row was read, the key is gone: nothing is given out."""
    person = await stores.add_person()
    await exports.request(person.id, str(uuid4()), announce=nothing)
    await make()()
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("update person_keys set sealed_key = null")
    assert await exports.request(person.id, str(uuid4()), announce=nothing) is None
