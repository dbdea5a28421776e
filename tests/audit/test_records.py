"""What writes the audit: one chain a partition, whoever writes; nothing personal without its key."""

import asyncio
import json
from datetime import datetime, timedelta
from random import Random
from secrets import token_bytes
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.events import Event, EventType
from service.domain.audit_chain import FORMAT, MICROSECOND, Entry, canonical, to_canonical_json
from service.domain.audit_flaws import Fault
from service.domain.instants import EPOCH, to_datetime
from service.domain.secrets import at_rest
from service.operations.replay_dead_letters import ReplayDeadLetters
from service.store.audit import AuditRecords, StreamedEvent
from service.store.audit_filters import Filters
from service.store.audit_search import AuditSearch
from service.store.database import RowsRefusedError
from service.store.dead_letters import DeadLetter
from service.store.migrations.run import migrate
from service.store.person_keys import PersonKeys
from tests.audit.auditors import AT_MS
from tests.audit.conftest import Books, some_events
from tests.conftest import SECRET_KEY, now_ms
from tests.support.waiting import PATIENCE
from workers.ingest import Ingest
from workers.stream import EventStream

CANARY = "203.0.113.77"
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
plain = st.dictionaries(
    st.sampled_from(["amr", "limit", "tab"]),
    st.one_of(texts, st.integers(), st.booleans(), st.lists(texts)),
)


@given(
    partition=st.integers(0, 15),
    seq=st.integers(1, 2**63 - 1),
    text=texts,
    maybe=st.none() | texts,
    number=st.none() | st.integers(-(2**63), 2**63 - 1),
    at=st.datetimes(timezones=st.just(EPOCH.tzinfo)),
    data=plain,
    personal=st.none() | st.binary(),
)
def test_the_encoding_is_plain_json(
    partition: int,
    seq: int,
    text: str,
    maybe: str | None,
    number: int | None,
    at: datetime,
    data: dict[str, Any],
    personal: bytes | None,
) -> None:
    """What is put together by hand for speed is what any JSON encoder gives."""
    entry = Entry(
        text,
        text,
        at,
        at,
        maybe,
        text,
        number,
        maybe,
        maybe,
        text,
        to_canonical_json(data),
        personal,
    )
    us = (at - EPOCH) // MICROSECOND
    sealed = None if personal is None else personal.hex()
    reference = [
        *(FORMAT, partition, seq, text, text, us, us, maybe, text),
        *(number, maybe, maybe, text, data, sealed),
    ]
    assert json.loads(canonical(partition, seq, entry)) == reference
    assert (
        canonical(partition, seq, entry)
        == json.dumps(reference, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    )


@pytest.mark.parametrize(
    "data",
    [
        '{"limit": NaN}',
        '{"x": Infinity}',
        '{"x": "\\ud800"}',
        '{"\\u0000": 1}',
        '{"x": ["\\u0000"]}',
    ],
)
def test_data_that_no_table_holds(data: str) -> None:
    """Refused where it is read, wherever it stands."""
    with pytest.raises(ValueError, match=r"NUL|surrogates|no JSON"):
        Event.read({b"type": b"login.failed", b"at_ms": b"1", b"data": data.encode()})


async def test_writers_of_one_partition_take_turns(books: Books) -> None:
    """Overlapping batches, many at once, by writers who know nothing of each other: one chain."""
    events = some_events(0, 120, Random(3))  # noqa: S311 - rows, not secrets
    sealer = at_rest([SECRET_KEY], token_bytes)
    writers = [
        AuditRecords(books.database, PersonKeys(books.database, sealer, token_bytes), now_ms)
        for _ in range(3)
    ]
    batches = [events[start : start + 30] for start in range(0, 105, 15)]

    stored = await asyncio.gather(
        *[writers[n % 3].record(5, batch) for n, batch in enumerate(batches * 2)]
    )

    assert sum(stored) == len(events)
    verdict = await books.verify()
    assert (verdict.rows, verdict.flaws) == (len(events), ())


async def test_two_workers_on_one_stream(books: Books, redis: Redis) -> None:
    """They are cut off anywhere, claim each other's entries, and each event is one row."""
    partition, number = 11, 400
    stream = keys.events(partition)
    for n in range(number):
        fields: dict[Any, Any] = {
            "type": "login.failed",
            "at_ms": AT_MS + n,
            "request_id": f"two-{n}",
        }
        await redis.xadd(stream, fields)
    chance = Random(5)  # noqa: S311 - moments

    async def work(name: str) -> None:
        keys_ = PersonKeys(books.database, books.person_keys.sealer, token_bytes)
        audit = AuditRecords(books.database, keys_, now_ms)
        ingest = Ingest(redis, audit, books.letters, name, now_ms, abandoned_ms=0)
        entries = EventStream(redis, partition, name)
        await entries.ensure_group()
        while await redis.xlen(stream):
            some = await entries.take(20) or await entries.claim(idle_ms=0, count=20)
            storing = asyncio.create_task(ingest._store(entries, some))
            done, _ = await asyncio.wait({storing}, timeout=chance.choice([0, 0.01, 1]))
            if not done:
                storing.cancel()
                await asyncio.wait({storing})

    await asyncio.wait_for(asyncio.gather(work("one"), work("two")), PATIENCE)
    [(rows, different)] = await books.sql(
        "select count(*), count(distinct request_id) from audit_log where request_id like 'two-%'"
    )
    assert rows == different == number
    assert (await books.verify()).flaws == ()


async def test_rows_that_are_refused(books: Books) -> None:
    """None of a batch is stored when one can't be, and nothing is left half done."""
    [good] = some_events(0, 1, Random(1))  # noqa: S311 - rows
    bad = good._replace(stream_id="x" * 42)
    with pytest.raises(RowsRefusedError):
        await books.audit.record(1, [good, bad])
    huge = Event(type=EventType.LOGIN_FAILED, at_ms=1, generation=2**70)
    with pytest.raises(RowsRefusedError):
        await books.audit.record(1, [good, StreamedEvent("1-1", huge)])
    assert await books.audit.record(1, [good]) == 1
    assert await books.audit.record(1, [good]) == 0
    assert (await books.verify()).flaws == ()


async def test_rows_from_before_the_chain(empty_books: Books, empty_database: str) -> None:
    """A database of the release before: what stands there is sealed and chained, new rows follow.

    A worker of that release may still add rows meanwhile.
    """
    config = Config(attributes={"url": empty_database})
    config.set_main_option("script_location", "service.store:migrations")
    await asyncio.to_thread(command.upgrade, config, "0002")
    await old_rows(empty_books, 1, 2500)
    await asyncio.to_thread(migrate, empty_database)
    [flaw] = (await empty_books.verify()).flaws
    assert (flaw.fault, flaw.seq) == (Fault.UNCHAINED, 1)
    assert await empty_books.audit.behind() == [4]

    new = some_events(0, 3, Random(2))  # noqa: S311 - rows
    assert await empty_books.audit.record(4, new) == 3
    await old_rows(empty_books, 2504, 10)
    assert (await empty_books.verify()).flaws[0].seq == 2504
    both = await asyncio.gather(empty_books.audit.adopt(4), empty_books.audit.adopt(4))
    assert max(both) == 10
    verdict = await empty_books.verify()
    assert (verdict.rows, verdict.flaws) == (2513, ())
    assert await empty_books.audit.behind() == []
    bare = "select count(*) from audit_log where ip is not null or data ? 'device'"
    assert await empty_books.sql(bare) == [(0,)]
    search = AuditSearch(empty_books.database, empty_books.person_keys)
    opened = [row async for row in search.rows(Filters(user_id="ada", ip=CANARY))]
    assert len(opened) == 2510
    assert opened[0].personal == {
        "ip": CANARY,
        "user_agent": "agent",
        "data": {"device": "Ada's phone"},
    }
    assert opened[0].row.data == {"amr": ["pwd"]}


async def test_rows_that_were_deleted_before_they_were_chained(
    empty_books: Books, empty_database: str
) -> None:
    """Events don't wait for what is gone, and `verify` says that it is."""
    await asyncio.to_thread(migrate, empty_database)
    await old_rows(empty_books, 1, 10)
    await empty_books.sql("delete from audit_log where seq > 7")
    new = some_events(0, 3, Random(2))  # noqa: S311 - rows
    async with asyncio.timeout(PATIENCE):
        assert await empty_books.audit.record(4, new) == 3
    [flaw] = (await empty_books.verify()).flaws
    assert (flaw.fault, flaw.seq, flaw.detail) == (Fault.DELETED, 8, "the next row is 11")


async def old_rows(books: Books, first: int, count: int) -> None:
    """What a worker from before the chain writes."""
    await books.sql(
        """
        insert into audit_log (partition, seq, stream_id, type, occurred_at, user_id, ip,
                               user_agent, data)
        select 4, n, n || '-old', 'login.succeeded', to_timestamp(1700000000.123 + n), 'ada', :ip,
               'agent', '{"amr": ["pwd"], "device": "Ada''s phone"}'
        from generate_series(cast(:first as bigint), :first + :count - 1) n
        """,
        first=first,
        count=count,
        ip=CANARY,
    )
    await books.sql(
        "insert into audit_heads (partition, seq) values (4, :last) "
        "on conflict (partition) do update set seq = excluded.seq",
        last=first + count - 1,
    )


def about(user_id: str, n: int, at_ms: int = AT_MS) -> StreamedEvent:
    """An event that says something about a person."""
    event = Event(
        type=EventType.LOGIN_SUCCEEDED,
        at_ms=at_ms,
        user_id=user_id,
        ip=CANARY,
        user_agent=f"canary of {user_id}",
        data={"amr": ["pwd"], "device": "canary phone", "email": "canary@people.example"},
    )
    return StreamedEvent(f"{at_ms}-{n}", event)


async def read(books: Books, **which: Any) -> list[Any]:
    search = AuditSearch(books.database, books.person_keys)
    return [opened async for opened in search.rows(Filters(**which))]


async def test_a_destroyed_key_erases_a_person_and_no_proof(books: Books) -> None:
    """Nobody can read what was said of them, nor what is said later; others stay, as does the chain."""
    await books.audit.record(2, [about("ada", 1), about("bob", 2)])
    dump = str(await books.sql("select audit_log.* from audit_log"))
    assert "canary" not in dump
    assert CANARY not in dump
    [ada] = await read(books, user_id="ada")
    assert ada.personal["data"] == {"device": "canary phone", "email": "canary@people.example"}

    assert await books.person_keys.destroy("ada")
    assert not await books.person_keys.destroy("ada")
    await books.audit.record(2, [about("ada", 3)])
    assert [o.personal for o in await read(books, user_id="ada")] == [None, None]
    assert [o.personal["ip"] for o in await read(books, user_id="bob")] == [CANARY]
    assert (await books.verify()).flaws == ()
    [(key,)] = await books.sql("select sealed_key from person_keys where owner = 'ada'")
    assert key is None


async def test_people_whom_nobody_knows_are_forgotten_by_the_day(books: Books) -> None:
    """Their days' keys go when they are old enough; the days after stay readable."""
    day_ms = 86_400_000
    await books.audit.record(2, [about("", n, AT_MS + n * day_ms) for n in range(3)])
    at_ms = AT_MS + 3 * day_ms
    assert await books.person_keys.destroy_days(keep=timedelta(days=2), now_ms=at_ms) == 1
    assert await books.person_keys.destroy_days(keep=timedelta(days=2), now_ms=at_ms) == 0
    assert [o.personal is None for o in await read(books)] == [True, False, False]
    assert to_datetime(AT_MS).strftime("day:%Y-%m-%d") in str(
        await books.sql("select owner from person_keys where destroyed_at is not null")
    )
    await books.audit.record(2, [about("", 3, now_ms())])
    ahead = now_ms() + 30 * day_ms  # it is not so late by the database's clock
    await books.person_keys.destroy_days(keep=timedelta(days=2), now_ms=ahead)
    assert (await read(books))[-1].personal is not None


async def test_a_row_is_bound_to_its_place(books: Books) -> None:
    """A ciphertext that was put into another row of the same person can't be opened there."""
    await books.audit.record(2, [about("ada", 1), about("ada", 2)])
    await books.sql(
        "update audit_log set personal = (select personal from audit_log where seq = 1) where seq = 2"
    )
    assert [o.personal is None for o in await read(books, user_id="ada")] == [False, True]


async def test_dead_letters_are_replayed_once_they_can_be(books: Books) -> None:
    """What is kept is sealed and whole; a replay stores what this release knows, once."""
    fields = {b"type": b"moon.landed", b"at_ms": b"5", b"user_id": b"ada", b"ip": CANARY.encode()}
    known = {**fields, b"type": b"login.failed", b"user_agent": "ünï".encode()}
    broken = {b"type": b"login.failed", b"at_ms": b"now", b"user_agent": b"\xff\0"}
    letters = [
        DeadLetter("1-1", fields, "UnknownEventTypeError: moon.landed"),
        DeadLetter("1-2", known, "UnknownEventTypeError: login.failed"),
        DeadLetter("1-3", broken, "ValueError: \0"),
    ]
    for _ in range(2):
        await books.letters.bury(6, letters, received_ms=now_ms())
    assert CANARY not in str(await books.sql("select dead_letters.* from dead_letters"))
    kept = [letter async for letter in books.letters.kept()]
    assert [letter.shown["type"] for letter in kept] == [
        "moon.landed",
        "login.failed",
        "login.failed",
    ]
    found = [await books.letters.find(letter.id) for letter in kept]
    assert [letter and letter.fields for letter in found] == [
        fields,
        known,
        broken,
    ]

    replay = ReplayDeadLetters(books.letters, books.audit)
    first, again = await replay(), await replay()
    assert (first.stored, again.stored) == (1, 0)
    assert first.refused == again.refused
    assert first.refused[kept[0].id] == "UnknownEventTypeError: moon.landed"
    [row] = await read(books)
    assert (row.row.stream_id, row.personal["user_agent"]) == ("1-2", "ünï")
    assert len([letter async for letter in books.letters.kept()]) == 2
    assert len([letter async for letter in books.letters.kept(replayed=True)]) == 3

    await books.person_keys.destroy("ada")
    assert "erased" in (await replay([kept[0].id])).refused[kept[0].id]
