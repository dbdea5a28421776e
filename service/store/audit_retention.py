"""Dropping the audit's oldest month: checked, signed for, and only then dropped (docs/adr/0012)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.tables import audit_held, audit_log
from service.domain.checkpoint import Checkpoint
from service.domain.signed import SignedBrokenError
from service.domain.stub import FIRST, Held, Start, Stub, digest_of, pseudonym_of
from service.store.audit_months import Month, read_months
from service.store.checkpoints import Checkpoints
from service.store.database import Database
from service.store.holds import held_users
from service.store.retention_clock import earlier_now, trusted_now
from service.store.stubs import Stubs

LOCK = 0x1A7_5164  # any number that nothing else locks
IN_USE = frozenset({"55P03", "40P01"})
"""SQLSTATEs of a lock that could not be had."""
LOCK_SECONDS = 2
"""Dropping waits for all who read, and whoever comes then waits for it: rather later than long."""

_ROW = [column for column in audit_held.columns if column.name != "stub"]
_FOLLOWER = text("""
    select prev_hash from audit_log where partition = :partition and seq = :seq
    union all select hash from audit_heads where partition = :partition and chained = :seq - 1
""")


class MonthKeptError(Exception):
    """A month is old enough to be dropped, and is not; its text says why."""


class Run(NamedTuple):
    """What a month has of a partition."""

    partition: int
    rows: int
    first: int
    last: int
    unchained: int
    newest: datetime
    """When the newest of its events happened, by Redis's clock."""


@dataclass(frozen=True, slots=True)
class AuditRetention:
    """Drops months. Several workers at once drop one once."""

    database: Database
    checkpoints: Checkpoints
    stubs: Stubs
    now_ms: Callable[[], int]

    async def drop_oldest(self, *, keep: timedelta) -> Stub | None:
        """Drop the oldest month if it ended longer ago than `keep`, rows under a hold put aside.

        None: it did not, or another worker is at it. Raises MonthKeptError and ClockDoubtfulError.
        """
        try:
            return await self._drop_oldest(keep)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in IN_USE:
                raise
            message = "somebody has been reading the audit for long, and is not disturbed"
            raise MonthKeptError(message) from error

    async def _drop_oldest(self, keep: timedelta) -> Stub | None:
        async with self.database.transaction() as connection:
            month = await self._due(connection, keep)
            if month is None:
                return None
            before = await trusted_now(connection, self.now_ms()) - keep
            await _lock(connection, month)
            last, signed = await self._signed(connection)
            starts = {} if last is None else last.starts
            runs = await _runs(connection, month)
            moved = {
                run.partition: await _checked(connection, month, run, starts, before)
                for run in runs
            }
            _check_signed({} if signed is None else signed.heads, month, moved)
            await self.checkpoints.keys.take_turns(connection)
            number = 1 if last is None else last.number + 1
            stub = Stub.sign(
                await self.checkpoints.keys.signing(connection),
                month=f"{month.ends - timedelta(days=1):%Y-%m}",
                starts={**starts, **moved},
                rows={run.partition: run.rows for run in runs},
                held=await _put_aside(connection, month, number),
                made_ms=self.now_ms(),
                previous=last,
            )
            await self.stubs.add(connection, stub)
            await connection.exec_driver_sql(f"drop table {month.table}")
        return stub

    async def _signed(self, connection: AsyncConnection) -> tuple[Stub | None, Checkpoint | None]:
        """The newest stub and checkpoint. Raises MonthKeptError when one is not ours."""
        last = await self.stubs.last(connection)
        signed = await self.checkpoints.last(connection)
        keys = await self.checkpoints.keys.public(connection)
        for each in filter(None, (last, signed)):
            try:
                each.check(keys)
            except SignedBrokenError as broken:
                message = f"{type(each).__name__.lower()} {each.number} {broken}"
                raise MonthKeptError(message) from broken
        return last, signed

    async def _due(self, connection: AsyncConnection, keep: timedelta) -> Month | None:
        if not await connection.scalar(text(f"select pg_try_advisory_xact_lock({LOCK})")):
            return None
        months = await read_months(connection)
        before = await earlier_now(connection, self.now_ms()) - keep
        return months[0] if months and months[0].ends <= before else None


async def _lock(connection: AsyncConnection, month: Month) -> None:
    """From here on nobody writes to it."""
    await connection.exec_driver_sql(f"set local lock_timeout = '{LOCK_SECONDS}s'")
    await connection.exec_driver_sql(f"lock table {month.table} in share mode")


async def _runs(connection: AsyncConnection, month: Month) -> list[Run]:
    of = audit_log.c
    query = select(
        of.partition,
        func.count(),
        func.min(of.seq),
        func.max(of.seq),
        func.count().filter(of.hash.is_(None)),
        func.max(of.occurred_at),
    )
    in_order = query.where(_in(month)).group_by(of.partition).order_by(of.partition)
    return [Run._make(row) for row in await connection.execute(in_order)]


def _in(month: Month) -> ColumnElement[bool]:
    of = audit_log.c
    return and_(of.recorded_at >= month.begins, of.recorded_at < month.ends)


async def _checked(
    connection: AsyncConnection,
    month: Month,
    run: Run,
    starts: Mapping[int, Start],
    before: datetime,
) -> Start:
    """Where the chain goes on without this run. Raises MonthKeptError when it is not one."""
    start = starts.get(run.partition, FIRST)
    last = await _hashes(connection, month, run.partition, run.last)
    following = await connection.scalar(
        _FOLLOWER, {"partition": run.partition, "seq": run.last + 1}
    )
    faults = {
        "has rows that no worker has chained yet": run.unchained > 0,
        "has rows of events that happened later: a clock was wrong": run.newest > before,
        "does not begin where the chain was cut off": run.first != start.seq + 1
        or (await _hashes(connection, month, run.partition, run.first)).prev_hash != start.hash,
        "lacks rows": run.rows != run.last - run.first + 1,
        "does not end with what the next row follows": following != last.hash,
    }
    for fault, found in faults.items():
        if found:
            message = f"{month.table}, partition {run.partition:02d}, {fault}"
            raise MonthKeptError(message)
    return Start(run.last, last.hash)


async def _hashes(connection: AsyncConnection, month: Month, partition: int, seq: int) -> Any:
    query = select(audit_log.c.prev_hash, audit_log.c.hash).where(
        audit_log.c.partition == partition,
        audit_log.c.seq == seq,
        _in(month),
    )
    return (await connection.execute(query)).one()


def _check_signed(
    heads: Mapping[int, tuple[int, bytes]], month: Month, moved: Mapping[int, Start]
) -> None:
    """Raise MonthKeptError unless a checkpoint knows of every row."""
    for partition, start in moved.items():
        if heads.get(partition, FIRST)[0] < start.seq:
            message = (
                f"{month.table}, partition {partition:02d}, has rows that no checkpoint covers"
            )
            raise MonthKeptError(message)


async def _put_aside(connection: AsyncConnection, month: Month, number: int) -> dict[str, Held]:
    """Move the rows of people under a hold to `audit_held`; what the stub says of each.

    From here on nobody is put under a hold: so late, for to count a month takes its time.
    """
    await connection.exec_driver_sql("lock table legal_holds in share mode")
    held = (await connection.scalars(held_users())).all()
    if not held:
        return {}
    theirs = select(*(audit_log.c[c.name] for c in _ROW), literal(number)).where(
        audit_log.c.user_id.in_(held),
        _in(month),
    )
    names = [*(column.name for column in _ROW), "stub"]
    of = audit_held.c
    await connection.execute(insert(audit_held).from_select(names, theirs))
    query = select(of.user_id, of.hash).where(of.stub == number)
    rows = (await connection.execute(query.order_by(of.user_id, of.partition, of.seq))).all()
    found = {}
    for user_id, some in groupby(rows, key=lambda row: row.user_id):
        hashes = [row.hash for row in some]
        found[pseudonym_of(user_id)] = Held(len(hashes), digest_of(hashes))
    return found
