"""Sealing anew, under SECRET_KEY, what is sealed under the one before it.

In batches by primary key, each in one transaction with its event, each row locked meanwhile: safe
beside everything that reads and writes them, by several at once, and to be broken off anywhere.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, bindparam, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.events import EventType
from service.contracts.sealed import SEALED, SealedColumn
from service.contracts.tables import secret_keys
from service.domain.secrets import KEY_ID_BYTES, SealBrokenError, Sealer
from service.domain.sessions import Origin
from service.store.database import Database
from service.store.event_log import EventLog

BATCH = 200


class Batch(NamedTuple):
    """What became of some rows of a column; `unreadable`: no key that we have opens them."""

    column: str
    resealed: int
    unreadable: int


class Standing(NamedTuple):
    """How many values are not under SECRET_KEY, and since when a worker has run with it, if any."""

    left: Mapping[str, int]
    first_used: datetime | None


@dataclass(frozen=True, slots=True)
class Resealing:
    """Works through the register of sealed columns."""

    database: Database
    sealer: Sealer
    events: EventLog

    async def note_key(self) -> None:
        """Remember since when this SECRET_KEY is in use; the first word counts."""
        statement = insert(secret_keys).values(id=self.sealer.key_id).on_conflict_do_nothing()
        async with self.database.transaction() as connection:
            await connection.execute(statement)

    async def standing(self) -> Standing:
        """What is still to be done."""
        left = {}
        async with self.database.transaction() as connection:
            for one in SEALED:
                query = select(func.count()).select_from(one.table).where(self._old(one))
                if count := await connection.scalar(query):
                    left[one.name] = count
            of = secret_keys.c
            query_first = select(of.first_used_at).where(of.id == self.sealer.key_id)
            return Standing(left, await connection.scalar(query_first))

    async def __call__(self) -> AsyncIterator[Batch]:
        """Seal all of it anew, telling of each batch; rows that others hold are left for next time."""
        for one in SEALED:
            after: Sequence[Any] | None = None
            while True:
                batch, after = await self._some(one, after)
                if batch.resealed or batch.unreadable:
                    yield batch
                if after is None:
                    break

    def _old(self, one: SealedColumn) -> ColumnElement[bool]:
        value = one.table.c[one.column]
        return func.substring(value, 1, KEY_ID_BYTES) != self.sealer.key_id

    async def _some(
        self, one: SealedColumn, after: Sequence[Any] | None
    ) -> tuple[Batch, Sequence[Any] | None]:
        """A batch behind a primary key, and the key that it ended with: None at the end."""
        key = list(one.table.primary_key)
        query = select(one.table).where(self._old(one)).order_by(*key).limit(BATCH)
        if after is not None:
            values = [literal(value, column.type) for value, column in zip(after, key, strict=True)]
            query = query.where(tuple_(*key) > tuple_(*values))
        async with self.database.transaction() as connection:
            rows = (await connection.execute(query.with_for_update(skip_locked=True))).all()
            resealed = await self._reseal(connection, one, rows)
        last = [rows[-1]._mapping[column] for column in key] if len(rows) == BATCH else None  # noqa: SLF001
        return Batch(one.name, resealed, len(rows) - resealed), last

    async def _reseal(
        self, connection: AsyncConnection, one: SealedColumn, rows: Sequence[Row[Any]]
    ) -> int:
        key = list(one.table.primary_key)
        changes = []
        for row in rows:
            values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
            try:
                value = self._anew(values[one.table.c[one.column]], context_of(one, values))
            except SealBrokenError:
                continue
            changes.append({"value": value, **{f"key_{c.name}": values[c] for c in key}})
        if changes:
            statement = (
                update(one.table)
                .where(*(c == bindparam(f"key_{c.name}", type_=c.type) for c in key))
                .values({one.column: bindparam("value")})
            )
            await connection.execute(statement, changes)
            origin = Origin(request_id=f"reseal-{one.name}")
            data = {"table": one.name, "rows": len(changes)}
            await self.events.append(EventType.SECRET_RESEALED, origin, data=data)
        return len(changes)

    def _anew(self, sealed: bytes, context: str) -> bytes:
        return self.sealer.seal(self.sealer.open(sealed, context=context), context=context)


def context_of(one: SealedColumn, values: Mapping[Any, Any]) -> str:
    """What binds a value to its row."""
    names = [name for _, name, _, _ in Formatter().parse(one.context) if name]
    return one.context.format(**{name: values[one.table.c[name]] for name in names})
