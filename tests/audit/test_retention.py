"""A month that is old enough goes whole, leaves a signed stub, and nothing goes without one."""

# ruff: noqa: S608 - the statements of an attacker

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.domain.audit_flaws import Fault
from service.domain.checkpoint import Checkpoint
from service.domain.instants import to_ms
from service.domain.signed import SignedBrokenError
from service.domain.stub import Stub, pseudonym_of
from service.store import audit_retention
from service.store.audit_retention import MonthKeptError
from service.store.audit_snapshot import open_snapshot
from service.store.checkpoint_keys import CheckpointKeys
from service.store.retention_clock import ClockDoubtfulError
from tests.audit.archive import KEEP, Archive, archive_on
from tests.audit.conftest import PARTITIONS, Books
from tests.audit.test_records import read
from tests.support.waiting import PATIENCE, WAITING, wait_until

P = PARTITIONS[0]
A_MONTH = 36


@pytest.fixture
async def archive(books: Books) -> Archive:
    """January to May 2026; it is the 28th of May."""
    archive = archive_on(books)
    await archive.write_months(5)
    return archive


async def test_what_is_dropped_is_told_and_the_rest_verifies(archive: Archive) -> None:
    """Two of five months are over for 60 days: they go, the oldest first, and no third."""
    stubs = await archive.drop_all()
    assert [(stub.month, stub.rows) for stub in stubs] == [
        ("2026-01", A_MONTH),
        ("2026-02", A_MONTH),
    ]
    assert stubs[1].starts[P].seq == A_MONTH
    for lines in ([], await archive.exported()):
        verdict = await archive.books.verify(exported=lines)
        assert verdict.flaws == ()
        assert (verdict.rows, verdict.dropped, verdict.until) == (
            3 * A_MONTH,
            2 * A_MONTH,
            "2026-02",
        )
    left = await archive.books.sql("select min(recorded_at), count(*) from audit_log")
    assert left == [(datetime(2026, 3, 26, 12, tzinfo=UTC), 3 * A_MONTH)]

    await archive.write(6, 1)
    assert await archive.drop() is not None
    assert (await archive.books.verify()).flaws == ()


async def test_a_partition_that_rested_for_a_month(archive: Archive) -> None:
    """Its chain goes on where it was, whatever was dropped of others meanwhile."""
    for day in (26, 27, 28):
        await archive.write(6, day, partitions=[P])
        await archive.write(7, day, partitions=[P])
    for day in (26, 27, 28):
        await archive.write(12 - 4, day)
    assert [stub.month for stub in await archive.drop_all()][-1] == "2026-05"
    assert (await archive.books.verify()).flaws == ()
    for day in (26, 27, 28):
        await archive.write(9, day)
        await archive.write(10, day)
    first, *_ = await archive.drop_all()
    assert first.month == "2026-06"
    assert (await archive.books.verify(exported=await archive.exported())).flaws == ()


async def test_several_workers_drop_a_month_once(archive: Archive) -> None:
    """Whoever comes second finds nothing to do, or looks again later."""
    found = await asyncio.gather(*(archive.drop() for _ in range(4)))
    while await archive.drop() is not None:
        continue
    assert len([each async for each in archive.stubs.all()]) == 2
    assert any(found)
    assert (await archive.books.verify()).flaws == ()


async def test_nobody_who_reads_is_disturbed(archive: Archive) -> None:
    """A month waits until an auditor has done; what he reads stays what it was."""
    async with open_snapshot(archive.books.database) as snapshot:
        before = [row.seq async for row in snapshot.rows(P)]
        with pytest.raises(MonthKeptError, match="reading"):
            await archive.drop()
        assert [row.seq async for row in snapshot.rows(P)] == before
    assert await archive.drop() is not None


async def edit_a_stub(archive: Archive) -> None:
    await archive.books.sql("update audit_stubs set body = replace(body, '36', '35')")
    await archive.books.sql("update audit_stubs set body = body || ' ' where number = 1")


async def forge_a_stub(archive: Archive) -> None:
    first, *_ = [each async for each in archive.stubs.all()]
    forged = Stub.sign(
        Ed25519PrivateKey.generate(),
        month=first.month,
        starts=first.starts,
        rows={},
        held={},
        made_ms=first.made_ms,
        previous=None,
    )
    await archive.books.sql(
        "update audit_stubs set body = :b, kid = :k, signature = :s where number = 1",
        b=forged.body,
        k=forged.kid,
        s=forged.signature,
    )


async def delete_a_stub(archive: Archive) -> None:
    await archive.books.sql("delete from audit_stubs where number = 1")


async def pass_a_checkpoint_for_a_stub(archive: Archive) -> None:
    await archive.books.sql(
        "update audit_stubs set body = c.body, kid = c.kid, signature = c.signature "
        "from audit_checkpoints c where c.number = 1 and audit_stubs.number = 1"
    )


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (edit_a_stub, Fault.EDITED),
        (forge_a_stub, Fault.EDITED),
        (delete_a_stub, Fault.DELETED),
        (pass_a_checkpoint_for_a_stub, Fault.EDITED),
    ],
)
async def test_a_damaged_stub_is_named(
    archive: Archive, damage: Callable[..., Any], fault: Fault
) -> None:
    """Which one; the chains go by what is still signed."""
    await archive.drop_all()
    await damage(archive)
    flaw = (await archive.books.verify()).flaws[0]
    assert (flaw.of, flaw.seq, flaw.fault) == ("stub", 1, fault), flaw
    assert str(flaw).startswith(f"stub 1: {fault}: ")


async def test_the_last_stub_is_missed(archive: Archive) -> None:
    """By the chains, which now begin in the middle; and by the copy that a sink has."""
    await archive.drop_all()
    lines = await archive.exported()
    await archive.books.sql("delete from audit_stubs where number = 2")
    flaws = (await archive.books.verify()).flaws
    assert [(f.partition, f.seq, f.fault) for f in flaws] == [
        (partition, A_MONTH // 2 + 1, Fault.DELETED) for partition in PARTITIONS
    ]
    [flaw] = (await archive.books.verify(exported=lines)).flaws
    assert (flaw.of, flaw.seq, flaw.fault) == ("stub", 2, Fault.DELETED)


async def drop_without_a_stub(archive: Archive) -> None:
    await archive.books.sql("drop table audit_log_2026_03")


async def put_a_row_back(archive: Archive) -> None:
    await archive.books.sql(
        "create table audit_log_2026_02 partition of audit_log "
        "for values from ('2026-02-01T00\\:00\\:00Z') to ('2026-03-01T00\\:00\\:00Z')"
    )
    names = "partition, stream_id, type, occurred_at, data, prev_hash, hash"
    await archive.books.sql(
        f"insert into audit_log (seq, recorded_at, {names}) select seq - 20, "
        f"'2026-02-26T12\\:00\\:00Z', {names} from audit_log where seq = 40 and partition = {P}"
    )


@pytest.mark.parametrize(
    ("damage", "fault", "seq"),
    [
        (drop_without_a_stub, Fault.DELETED, A_MONTH + 1),
        (put_a_row_back, Fault.INSERTED, 20),
    ],
)
async def test_rows_beside_the_stubs(
    archive: Archive, damage: Callable[..., Any], fault: Fault, seq: int
) -> None:
    """A month that goes without a stub is as bad as any deletion, and so is one that comes back."""
    await archive.drop_all()
    await damage(archive)
    flaw = (await archive.books.verify()).flaws[0]
    assert (flaw.partition, flaw.seq, flaw.fault) == (P, seq, fault), flaw


def sql(statement: str) -> Callable[[Any], Any]:
    """A damage by one statement."""
    return lambda archive: archive.books.sql(statement)


async def leap(archive: Archive) -> None:
    """The clock is years ahead since a moment, and something happens."""
    archive.clock.now_ms = to_ms(datetime(2026, 10, 10, tzinfo=UTC))
    await archive.audit.record(P, archive.events())
    await archive.checkpoints.make()


async def sleep_long(archive: Archive) -> None:
    """Nothing has happened for months."""
    archive.clock.now_ms += 60 * 86_400_000


REASONS = {
    "a row is missing": (
        sql(f"delete from audit_log where partition = {P} and seq = 7"),
        "lacks rows",
    ),
    "the first is missing": (
        sql(f"delete from audit_log where partition = {P} and seq = 1"),
        "does not begin",
    ),
    "the last is missing": (
        sql(f"delete from audit_log where partition = {P} and seq = 18"),
        "does not end",
    ),
    "a hash is another": (
        sql(f"update audit_log set hash = '\\x00' where partition = {P} and seq = 18"),
        "does not end",
    ),
    "a row is not chained": (
        sql(f"update audit_log set hash = null where partition = {P} and seq = 7"),
        "no worker has chained yet",
    ),
    "an event is of today": (
        sql(f"update audit_log set occurred_at = '2026-05-28' where partition = {P} and seq = 7"),
        "a clock was wrong",
    ),
    "the newest checkpoint is forged": (
        sql(
            "update audit_checkpoints set body = replace(body, '\"number\"', '\"Number\"') "
            "where number = (select max(number) from audit_checkpoints)"
        ),
        "checkpoint 15 was edited",
    ),
    "the clock leapt": (leap, "of the last seven days"),
    "nothing happened for long": (sleep_long, "of the last seven days"),
    "rows of tomorrow": (
        sql("update audit_heads set recorded_at = '2026-08-01' where partition = 7"),
        "the audit has rows of 2026-08-01",
    ),
}


@pytest.mark.parametrize("name", REASONS)
async def test_a_month_that_is_not_dropped(archive: Archive, name: str) -> None:
    """Whatever makes it doubtful: it says why, and nothing at all has changed."""
    damage, why = REASONS[name]
    await damage(archive)
    before = await archive.books.sql("select count(*), max(hash) from audit_log")
    with pytest.raises((MonthKeptError, ClockDoubtfulError), match=why):
        await archive.drop()
    assert await archive.books.sql("select count(*), max(hash) from audit_log") == before
    assert await archive.stubs.latest() is None


async def test_rows_that_no_checkpoint_covers(archive: Archive) -> None:
    """The newest one must know of all that is dropped: here it knows of January."""
    await archive.books.sql("delete from audit_checkpoints where number > 3")
    await archive.books.sql("update audit_checkpoints set made_at = made_at + interval '120 days'")
    dropped = await archive.drop()
    assert dropped is not None
    assert dropped.month == "2026-01"
    with pytest.raises(MonthKeptError, match="no checkpoint covers"):
        await archive.drop()


async def test_nothing_is_built_on_a_forged_stub(archive: Archive) -> None:
    """Who says, unsigned, that a chain goes on further behind, gets no signature for that."""
    assert await archive.drop()
    await forge_a_stub(archive)
    with pytest.raises(MonthKeptError, match=r"stub 1 is signed by .*, a key that is not ours"):
        await archive.drop()


@pytest.mark.parametrize("back", [timedelta(days=1), timedelta(days=700)])
async def test_a_clock_that_goes_back_drops_nothing(archive: Archive, back: timedelta) -> None:
    """Old things only seem younger."""
    archive.clock.now_ms -= KEEP // timedelta(milliseconds=1) + back // timedelta(milliseconds=1)
    assert await archive.drop() is None


async def test_a_clock_ahead_of_the_databases_does_not_count(archive: Archive) -> None:
    """Both must say that a month is old: the year 2099 of one process drops nothing."""
    await archive.drop_all()
    archive.clock.now_ms = to_ms(datetime(2099, 1, 1, tzinfo=UTC))
    with pytest.raises(ClockDoubtfulError):
        await archive.drop(timedelta(days=1))
    assert await archive.drop(timedelta(days=3650)) is None


async def test_rows_of_a_worker_whose_clock_is_years_behind(books: Books) -> None:
    """They stand in an old month, and what happened today is not dropped with it."""
    archive = archive_on(books)
    await archive.write_months(5)
    today = archive.events()
    archive.clock.now_ms = to_ms(datetime(2021, 3, 3, tzinfo=UTC))
    await archive.audit.record(9, today)
    await archive.write(5, 28)
    with pytest.raises(MonthKeptError, match=r"audit_log_2021_03.*a clock was wrong"):
        await archive.drop()
    for day in (26, 27, 28):
        await archive.write(8, day)
    first, *_ = await archive.drop_all()
    assert first.month == "2021-03"
    assert (await archive.books.verify()).flaws == ()


def test_a_stub_is_no_checkpoint() -> None:
    """One signed as the other is refused, by the key that signs both."""
    key = Ed25519PrivateKey.generate()
    stub = Stub.sign(key, month="2026-01", starts={}, rows={}, held={}, made_ms=1, previous=None)
    keys = {stub.kid: key.public_key().public_bytes_raw()}
    stub.check(keys)
    with pytest.raises(SignedBrokenError, match="something else"):
        Checkpoint.from_line(stub.to_line()).check(keys)


async def hold(books: Books, user: str) -> None:
    await books.sql(
        "insert into legal_holds (user_id, reason, placed_by, placed_at) "
        "values (:user, 'case 7', 'counsel', now())",
        user=user,
    )


async def test_rows_of_whoever_is_under_a_hold(archive: Archive) -> None:
    """They are put aside when their month goes, found like others, and proven by its stub."""
    await hold(archive.books, "ada")
    stubs = await archive.drop_all()
    assert [stub.held[pseudonym_of("ada")].rows for stub in stubs] == [12, 12]
    verdict = await archive.books.verify()
    assert (verdict.flaws, verdict.held, verdict.dropped) == ((), 24, 2 * A_MONTH)
    found = await read(archive.books, user_id="ada")
    assert len(found) == 5 * 12
    assert {opened.personal["ip"] for opened in found} == {"203.0.113.7"}
    assert len(await read(archive.books, user_id="bob")) == 3 * 12


async def test_a_hold_that_is_placed_while_a_month_is_checked(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for nobody, and what it is for is put aside."""
    monkeypatch.setattr(audit_retention, "LOCK_SECONDS", int(2 * PATIENCE))
    books = archive.books
    async with books.database.transaction() as signer:
        await CheckpointKeys(archive.checkpoints.keys.sealer).take_turns(signer)
        dropping = asyncio.create_task(archive.drop())
        await wait_until(partial(_waits_to_sign, books))
        async with asyncio.timeout(PATIENCE):
            await hold(books, "ada")
    stub = await dropping
    assert stub is not None
    assert stub.held[pseudonym_of("ada")].rows == 12


async def _waits_to_sign(books: Books) -> bool:
    return bool(await books.sql(f"{WAITING} and wait_event = 'advisory'"))


HELD = {
    "edited": (sql("update audit_held set reason = 'x' where seq = 4"), "row 4: edited"),
    "beyond any year": (
        sql("update audit_held set occurred_at = '20000-01-01' where seq = 4"),
        "row 4: edited",
    ),
    "beyond any number": (
        sql("update audit_held set data = '{\"a\": 1e5000}' where seq = 4"),
        "row 4: edited",
    ),
    "edited with its hash": (
        sql("update audit_held set hash = sha256(hash) where seq = 4"),
        "row 4: edited",
    ),
    "gone": (sql("delete from audit_held where seq = 4"), "stub 1: deleted: it put 12 rows of ada"),
    "all gone": (sql("delete from audit_held"), "stub 1: deleted: it put 12 rows of ada"),
    "forged": (
        sql(
            "insert into audit_held select 9, seq, stream_id, type, occurred_at, recorded_at, "
            "user_id, session_id, generation, ip, user_agent, request_id, actor_id, reason, data, "
            "personal, prev_hash, hash, stub from audit_held where seq = 4 and partition = 3"
        ),
        "row 4: edited",
    ),
    "of another person": (
        sql("update audit_held set user_id = 'eve' where seq = 4"),
        "row 4: edited",
    ),
}


@pytest.mark.parametrize("name", HELD)
async def test_damage_to_what_is_held(archive: Archive, name: str) -> None:
    """Named by the row, or by the stub that tells how many there were."""
    damage, said = HELD[name]
    await hold(archive.books, "ada")
    assert await archive.drop()
    await damage(archive)
    flaws = (await archive.books.verify()).flaws
    assert said in " ".join(map(str, flaws)), flaws
