"""A table of signed lines, each naming the one before it."""

from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.instants import to_datetime
from service.domain.signed import Signed
from service.store.database import Database

PAGE = 500
S = TypeVar("S", bound=Signed)


class Ledger(Generic[S]):
    """Lines are added and delivered, never changed."""

    def __init__(self, database: Database, table: Table, kind: type[S]) -> None:
        self.database = database
        self.table = table
        self.kind = kind
        self._said = [table.c[name] for name in ("number", "kid", "body", "signature")]

    async def latest(self) -> S | None:
        """The newest one."""
        async with self.database.transaction() as connection:
            return await self.last(connection)

    async def last(self, connection: AsyncConnection) -> S | None:
        """`latest`, within a transaction."""
        query = select(*self._said).order_by(self.table.c.number.desc()).limit(1)
        row = (await connection.execute(query)).one_or_none()
        return None if row is None else self._read(row)

    async def add(self, connection: AsyncConnection, made: S) -> None:
        """The next one."""
        row = {
            "number": made.number,
            "made_at": to_datetime(made.made_ms),
            "kid": made.kid,
            "body": made.body,
            "signature": made.signature,
        }
        await connection.execute(insert(self.table).values(row))

    async def count(self) -> int:
        """How many there are."""
        async with self.database.transaction() as connection:
            query = select(func.count()).select_from(self.table)
            return int(await connection.scalar(query) or 0)

    async def all(self) -> AsyncIterator[S]:
        """Every one, by number."""
        after = -1
        while page := await self._page(self.table.c.number > after):
            for each in page:
                yield each
            after = page[-1].number

    async def every(self, connection: AsyncConnection) -> list[S]:
        """Every one, by number, as a transaction sees them."""
        rows = await connection.execute(select(*self._said).order_by(self.table.c.number))
        return [self._read(row) for row in rows]

    async def undelivered(self) -> list[S]:
        """Up to PAGE that the sink does not have, the oldest first."""
        return await self._page(self.table.c.delivered_at.is_(None))

    async def note_delivered(self, number: int) -> None:
        """The sink has it."""
        await self._set(number, delivered_at=func.now())

    async def _set(self, number: int, **values: Any) -> None:
        statement = update(self.table).where(self.table.c.number == number).values(values)
        async with self.database.transaction() as connection:
            await connection.execute(statement)

    async def _page(self, which: ColumnElement[bool]) -> list[S]:
        query = select(*self._said).where(which).order_by(self.table.c.number).limit(PAGE)
        async with self.database.transaction() as connection:
            return [self._read(row) for row in await connection.execute(query)]

    def _read(self, row: Row[Any]) -> S:
        return self.kind(row.number, row.kid, row.body, row.signature)
