"""The audit in SQL: a batch of events becomes rows of a hash chain, and sessions catch up, in one
transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.events import Event
from service.contracts.tables import audit_heads, audit_log
from service.domain.audit_chain import Entry, link, to_canonical_json
from service.domain.instants import EPOCH, to_datetime
from service.store.audit_heads import Head, lock_head, move_head
from service.store.audit_months import Month, find_month, make_month
from service.store.database import Database, RowsRefusedError, copy_rows, row_faults
from service.store.facts import Facts
from service.store.notices import Notices
from service.store.person_keys import PersonKeys, owner_of
from service.store.personal import part, place, to_plain
from service.store.projection import project
from service.store.webhook_outbox import enqueue

PAGE = 2000
SLACK = timedelta(days=2)
"""How far the clocks of Redis and of whoever records may be apart, when rows are looked for."""
COLUMNS = ("partition", "seq", *Entry._fields, "prev_hash", "hash")

_KNOWN = select(audit_log.c.stream_id).where(
    audit_log.c.partition == bindparam("partition"),
    audit_log.c.stream_id == func.any(bindparam("ids", type_=ARRAY(Text))),
    audit_log.c.recorded_at >= bindparam("since"),
)
_OLD = (
    select(audit_log)
    .where(audit_log.c.partition == bindparam("partition"), audit_log.c.seq > bindparam("after"))
    .order_by(audit_log.c.seq)
    .limit(PAGE)
)
_ADOPT = text("""
    update audit_log
    set ip = null, user_agent = null, data = cast(told.data as jsonb), personal = told.personal,
        prev_hash = told.prev_hash, hash = told.hash
    from unnest(cast(:seqs as bigint[]), cast(:datas as text[]), cast(:personals as bytea[]),
                cast(:prev_hashes as bytea[]), cast(:hashes as bytea[]))
         as told (seq, data, personal, prev_hash, hash)
    where audit_log.partition = :partition and audit_log.seq = told.seq
""")


class StreamedEvent(NamedTuple):
    """An event and its id in the partition's stream."""

    stream_id: str
    event: Event


class Chained(NamedTuple):
    """A row with its place in the chain."""

    seq: int
    entry: Entry
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class AuditRecords:
    """The audit's tables, seen by their writers. Recording the same entries again changes nothing.

    The head's row lock is the lease of a partition: whoever holds it is the one writer of its
    chain, so `seq` has no gaps. It is the order of storing: what was read by a worker that died
    comes after what others stored meanwhile.
    """

    database: Database
    person_keys: PersonKeys
    now_ms: Callable[[], int]
    facts: Facts | None = None
    """What analysts are told in the same transaction; None: nothing."""
    notices: Notices | None = None
    """What people are told by mail, in the same; None: nothing."""
    _months: list[Month] = field(default_factory=list)

    async def record(self, partition: int, events: Sequence[StreamedEvent]) -> int:
        """Store a partition's events in the order given; how many of them were new.

        Raises RowsRefusedError when no table takes one of them, and ServiceUnavailableError.
        """
        now = to_datetime(self.now_ms())
        entries = await self._entries(partition, events, now)
        told = await self.facts.prepare(partition, events, now) if self.facts else []
        try:
            while True:
                async with self.database.transaction() as connection:
                    head = await lock_head(connection, partition)
                    at = head.next_at(now)
                    month = find_month(self._months, at)
                    if month is not None and not await _is_behind(connection, partition, head):
                        batch = Batch(partition, at, month.table, entries, events)
                        with row_faults():
                            new = await _append(connection, head, batch, self.notices)
                            if self.facts:
                                await self.facts.add(connection, [told[n] for n in new])
                            return len(new)
                if month is None:
                    self._months[:] = await make_month(self.database, at)
                else:
                    await self.adopt(partition)
        except Exception:
            self._months.clear()  # perhaps one of them was dropped
            raise

    async def adopt(self, partition: int) -> int:
        """Seal and chain up to PAGE rows that an older release stored; how many there were."""
        async with self.database.transaction() as connection:
            after = (await lock_head(connection, partition)).chained
            old = (await connection.execute(_OLD, {"partition": partition, "after": after})).all()
        if not old:
            return 0
        owners = [owner_of(row.user_id, row.occurred_at) for row in old]
        await self.person_keys.load(owners)
        entries = [
            self._sealed(partition, owner, row) for owner, row in zip(owners, old, strict=True)
        ]
        async with self.database.transaction() as connection:
            head = await lock_head(connection, partition)
            if head.chained != after:  # another worker adopts too
                return len(old)
            rows = _chain(partition, head.hash, (row.seq for row in old), entries)
            await connection.execute(
                _ADOPT,
                {
                    "partition": partition,
                    "seqs": [row.seq for row in rows],
                    "datas": [row.entry.data for row in rows],
                    "personals": [row.entry.personal for row in rows],
                    "prev_hashes": [row.prev_hash for row in rows],
                    "hashes": [row.hash for row in rows],
                },
            )
            last = rows[-1]
            await move_head(connection, partition, chained=last.seq, hash=last.hash)
        return len(old)

    async def behind(self) -> list[int]:
        """Partitions with rows of an older release."""
        query = select(audit_heads.c.partition).where(audit_heads.c.chained < audit_heads.c.seq)
        async with self.database.transaction() as connection:
            return list(await connection.scalars(query))

    async def _entries(
        self, partition: int, events: Sequence[StreamedEvent], now: datetime
    ) -> list[Entry]:
        """What rows will say if they are recorded now, personal fields sealed."""
        try:
            ats = [to_datetime(item.event.at_ms) for item in events]
        except OverflowError as error:
            raise RowsRefusedError(error) from error
        owners = [owner_of(item.event.user_id, at) for item, at in zip(events, ats, strict=True)]
        await self.person_keys.load(owners)
        # Equal texts were read into one object: most events of a batch share theirs.
        parted = {
            key: _parted(data)
            for key, data in {id(item.event.data): item.event.data for item in events}.items()
        }
        return [
            self._entry(partition, item, at, now, owner, *parted[id(item.event.data)])
            for item, at, owner in zip(events, ats, owners, strict=True)
        ]

    def _entry(
        self,
        partition: int,
        item: StreamedEvent,
        occurred_at: datetime,
        recorded_at: datetime,
        owner: str,
        data: str,
        personal: Mapping[str, Any],
    ) -> Entry:
        stream_id, event = item
        about = to_plain(event.ip, event.user_agent, personal)
        return Entry(
            stream_id,
            event.type.value,
            occurred_at,
            recorded_at,
            event.user_id or None,
            event.session_id or None,
            event.generation,
            event.request_id or None,
            event.actor_id or None,
            event.reason or None,
            data,
            self._seal(partition, stream_id, owner, about),
        )

    def _sealed(self, partition: int, owner: str, row: Row[Any]) -> Entry:
        """An old row as a chained one will say it."""
        plain, personal = part(row.data)
        text_ = to_plain(row.ip, row.user_agent, personal)
        sealed = self._seal(partition, row.stream_id, owner, text_)
        return entry_of(row)._replace(data=to_canonical_json(plain), personal=sealed)

    def _seal(
        self, partition: int, stream_id: str, owner: str, plain: bytes | None
    ) -> bytes | None:
        if plain is None:
            return None
        return self.person_keys.seal(owner, plain, context=place(partition, stream_id))


def _parted(data: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """An event's data as the text of what stays readable, and what is sealed."""
    plain, personal = part(data)
    return to_canonical_json(plain), personal


def entry_of(row: Row[Any]) -> Entry:
    """What a row of `audit_log` says."""
    *said, data, personal = (getattr(row, name) for name in Entry._fields)
    return Entry._make((*said, to_canonical_json(data), personal))


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be stored of a partition, when, and in which month's table."""

    partition: int
    recorded_at: datetime
    table: str
    entries: Sequence[Entry]
    events: Sequence[StreamedEvent]


async def _is_behind(connection: AsyncConnection, partition: int, head: Head) -> bool:
    """Whether rows of an older release wait to be chained. Events do not wait for deleted ones."""
    if head.chained == head.seq:
        return False
    old = await connection.execute(_OLD, {"partition": partition, "after": head.chained})
    return old.first() is not None


async def _append(
    connection: AsyncConnection, head: Head, batch: Batch, notices: Notices | None
) -> list[int]:
    """Write what is new; which of the batch that was."""
    partition, ids = batch.partition, [entry.stream_id for entry in batch.entries]
    since = _not_before(ids, head)
    known = set(
        await connection.scalars(_KNOWN, {"partition": partition, "ids": ids, "since": since})
    )
    new = [n for n, each in enumerate(ids) if each not in known]
    if not new:
        return []
    seqs = range(head.seq + 1, head.seq + 1 + len(new))
    entries = [batch.entries[n] for n in new]
    if entries[0].recorded_at != batch.recorded_at:
        entries = [entry._replace(recorded_at=batch.recorded_at) for entry in entries]
    rows = _chain(partition, head.hash, seqs, entries)
    await copy_rows(connection, batch.table, COLUMNS, [_record(partition, row) for row in rows])
    last = rows[-1]
    await move_head(
        connection,
        partition,
        seq=last.seq,
        chained=last.seq,
        hash=last.hash,
        recorded_at=batch.recorded_at,
    )
    events = [batch.events[n] for n in new]
    if notices:
        await notices.tell(connection, [each.event for each in events])
    await project(connection, [each.event for each in events])
    await enqueue(connection, partition, events, batch.recorded_at)
    return new


def _not_before(ids: Iterable[str], head: Head) -> datetime:
    """An instant before which none of these entries was recorded.

    None is recorded before it is on its stream, but by another clock. However far that one is
    ahead: what comes again was recorded not long before the newest row.
    """
    try:
        oldest = to_datetime(min(int(each.partition("-")[0]) for each in ids))
        return max(min(oldest, head.recorded_at) - SLACK, EPOCH)
    except (ValueError, OverflowError):  # not an id of ours
        return EPOCH


def _chain(
    partition: int, previous: bytes, seqs: Iterable[int], entries: Sequence[Entry]
) -> list[Chained]:
    rows = []
    for seq, entry in zip(seqs, entries, strict=True):
        digest = link(previous, partition, seq, entry)
        rows.append(Chained(seq, entry, previous, digest))
        previous = digest
    return rows


def _record(partition: int, row: Chained) -> tuple[Any, ...]:
    """A row as COPY takes it; jsonb as text."""
    return (partition, row.seq, *row.entry, row.prev_hash, row.hash)
