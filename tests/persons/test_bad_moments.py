"""Erasures at bad moments: beside sign-ins, sign-outs, outages, operators and backups."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from service.contracts import keys
from service.domain.errors import InvalidCredentialsError
from service.domain.ids import make_id
from service.domain.sessions import EndReason, Origin, Session
from service.store.challenges import Challenge, Challenges
from service.store.database import Database
from service.store.erasures import Erasure, Erasures, RequestedBy
from service.store.live_sessions import LiveSessions
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from service.store.users import UserRecords
from tests.conftest import now_ms
from tests.persons.traces import dump_redis, waits_for_a_lock
from tests.processes.stores import Stores
from tests.processes.test_ends import POLICY
from tests.support.people import Person
from tests.support.processes import free_port, python
from tests.support.waiting import PATIENCE, wait_until
from workers.persons import FinishErasures


@pytest.fixture
async def live(stores: Stores) -> AsyncIterator[LiveSessions]:
    scripts = ScriptClient(stores.redis, seconds=PATIENCE)
    yield LiveSessions(scripts, POLICY)
    await scripts.aclose()


def new_session(person: Person) -> Session:
    return Session(
        id=make_id(keys.partition_of(person.id), uuid4().bytes),
        user_id=person.id,
        created_ms=now_ms(),
        last_used_ms=now_ms(),
        ip="",
        device="",
        amr=("pwd",),
    )


async def test_a_sign_in_that_comes_too_late(stores: Stores, live: LiveSessions) -> None:
    """Whoever read the account before it was erased opens no session and leaves no copy behind."""
    database = Database(stores.engine)
    records, erasures = SessionRecords(database), Erasures(database)
    person = await stores.add_person()
    account = await UserRecords(database).find(person.id)
    assert account is not None
    early, late = new_session(person), new_session(person)
    await records.add(early, Origin())

    erasure = await erasures.erase(person.id, RequestedBy.SELF)
    assert erasure is not None
    assert erasure.ended == [early.id]
    await live.end(person.id, erasure.ended, EndReason.ERASED, Origin())
    await live.erase_user(person.id, reason="self")
    with pytest.raises(InvalidCredentialsError):
        await live.open(early, account, Origin())
    with pytest.raises(InvalidCredentialsError):
        await records.add(late, Origin())
    await live.cache_user(account)

    assert person.email not in await dump_redis(stores.redis)
    assert await erasures.erase(person.id, RequestedBy.SELF) is None


async def test_an_erasure_is_told_until_the_audit_has_it(
    stores: Stores, live: LiveSessions
) -> None:
    """Not twice while its event waits; again when its event and the mark were lost with Redis."""
    erasures = Erasures(Database(stores.engine))
    person = await stores.add_person()
    oldest: list[int | None] = [None]

    async def oldest_ms() -> int | None:
        return oldest[0]

    finish = FinishErasures(erasures, live, oldest_ms, now_ms, settling_ms=0)
    await erasures.erase(person.id, RequestedBy.OPERATOR)
    assert await finish() == 1
    assert await finish() == 1
    assert await stores.unread() == 1
    oldest[0] = 1
    assert await finish() == 0, "its event may be among the unread"

    await stores.redis.flushdb()
    oldest[0] = None
    await finish()
    assert await stores.unread() == 1


async def test_a_challenge_that_comes_too_late(stores: Stores, live: LiveSessions) -> None:
    """A password checked while its person was erased leaves no challenge behind."""
    person = await stores.add_person()
    await live.erase_user(person.id, reason="self")
    scripts = ScriptClient(stores.redis, seconds=PATIENCE)
    challenge = Challenge(person.id, 1, "canary's telephone")
    late = make_id(keys.partition_of(person.id), uuid4().bytes)
    with pytest.raises(InvalidCredentialsError):
        await Challenges(scripts).open(late, challenge, Origin())
    await scripts.aclose()
    assert "canary" not in await dump_redis(stores.redis)


class CancelledMeanwhile(Erasures):
    """An operator takes everything back just after a worker read what is due."""

    async def due(self) -> list[Erasure]:
        found = await super().due()
        for each in found:
            assert await self.cancel(each.user_id, announce=nothing)
        return found


async def nothing(_: object) -> None:
    """Says nothing."""


async def no_events() -> None:
    """No stream holds any."""


async def test_taken_back_in_the_last_moment(stores: Stores, live: LiveSessions) -> None:
    """An operator who was told that it is taken back was told the truth."""
    erasures = CancelledMeanwhile(Database(stores.engine))
    person = await stores.add_person()
    await erasures.request(person.id, RequestedBy.SELF, grace=timedelta(0), announce=nothing)

    assert await FinishErasures(erasures, live, no_events, now_ms)() == 0
    assert await stores.value("select count(*) from users where disabled_at is null") == 1


async def test_due_while_redis_is_away(stores: Stores) -> None:
    """All of them are erased in SQL; what Redis was not told is said again later."""
    erasures = Erasures(Database(stores.engine))
    for _ in range(3):
        person = await stores.add_person()
        await erasures.request(person.id, RequestedBy.SELF, grace=timedelta(0), announce=nothing)
    away = open_redis(f"redis://127.0.0.1:{free_port()}/0", timeout=1)
    scripts = ScriptClient(away, seconds=PATIENCE)

    assert await FinishErasures(erasures, LiveSessions(scripts, POLICY), no_events, now_ms)() == 3
    await scripts.aclose()
    await away.aclose()
    assert await stores.value("select count(*) from users") == 0
    assert await stores.value("select count(*) from erasures where not applied") == 3


async def test_whom_a_backup_brought_back(stores: Stores) -> None:
    """They can ask again, and it is done, and told, again."""
    database = Database(stores.engine)
    erasures = Erasures(database)
    person = await stores.add_person()
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("create table backup as select * from users")
    await erasures.erase(person.id, RequestedBy.SELF)
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("update erasures set applied = true")
        await connection.exec_driver_sql("insert into users select * from backup")
        await connection.exec_driver_sql("drop table backup")

    by = RequestedBy.OPERATOR
    asked = await erasures.request(person.id, by, grace=timedelta(days=1), announce=nothing)
    assert asked is not None
    assert (asked.erased, asked.due_at > datetime.now(UTC)) == (False, True)
    account = await UserRecords(database).find(person.id)
    assert account is not None
    assert account.disabled_at is not None
    again = await erasures.erase(person.id, by)
    assert again is not None
    assert again.erased
    assert await stores.rows("select requested_by, applied from erasures") == [("operator", False)]


async def test_what_an_operator_is_refused(stores: Stores) -> None:
    """Erasing the last admin is asked for twice; what nobody asked for is not taken back."""
    one, other = await stores.add_person(), await stores.add_person()
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql("update users set roles = '{auditor,admin}'")
        await connection.exec_driver_sql(
            f"update users set disabled_at = now() where id = '{other.id}'"  # noqa: S608
        )
    refused = python("service", "erase-user", one.email, env=stores.env)
    assert (refused.returncode, "make another one first" in refused.stderr) == (1, True)
    assert python("service", "erase-user", other.email, env=stores.env).returncode == 0
    not_asked = python("service", "erase-user", "--cancel", one.email, env=stores.env)
    assert (not_asked.returncode, "nothing to take back" in not_asked.stderr) == (1, True)
    done = python("service", "erase-user", "--last-admin", one.email, env=stores.env)
    assert done.returncode == 0, done


async def test_signed_out_everywhere_at_the_same_moment(stores: Stores) -> None:
    """Both lock sessions in one order, whatever order the table has them in: no deadlock."""
    records = SessionRecords(Database(stores.engine))
    person = await stores.add_person()
    first, last = sorted((new_session(person) for _ in range(2)), key=lambda session: session.id)
    await records.add(last, Origin())
    await records.add(first, Origin())
    lock = "select id from sessions where id = '{}' for update nowait"
    async with stores.engine.connect() as erasing, asyncio.TaskGroup() as tasks:
        await erasing.exec_driver_sql(lock.format(first.id))
        ending = tasks.create_task(records.end_of_user(person.id, EndReason.LOGOUT))
        await wait_until(lambda: waits_for_a_lock(stores))
        assert await erasing.exec_driver_sql(lock.format(last.id)), "it holds none meanwhile"
        await erasing.commit()
    assert sorted(ending.result()) == [first.id, last.id]
