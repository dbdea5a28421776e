"""Rows of the audit for people to read: filtered, opened with their persons' keys, bit by bit.

Every bit is a short transaction of its own that begins where the one before it ended: a reader who
takes their time holds no connection, and no question asks for more than LOOKED_AT rows.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Row, Select, and_, literal, select, tuple_

from service.domain.audit_cursor import Position
from service.domain.secrets import SealBrokenError
from service.store.audit_filters import ROWS, Filters
from service.store.database import Database
from service.store.person_keys import PersonKeys, open_sealed, owner_of
from service.store.personal import place

FETCHED = 250
"""Rows that are opened at once: some milliseconds of a process's only thread."""
LOOKED_AT = 10_000
"""Rows that one question looks at for those of a type or outcome."""
ROUNDS = 20
"""Questions for one page: it looks at 200,000 rows, and opens 5,000, at most."""
PAGE_SECONDS = 2.0
"""After which no further question is asked for it."""

_of = ROWS.c
_PLACE = (_of.occurred_at, _of.partition, _of.seq)


class Opened(NamedTuple):
    """A row, and what it says about its person: None once nobody can read that any more."""

    row: Row[Any]
    personal: Mapping[str, Any] | None


class Page(NamedTuple):
    """Rows, and where to go on; None at the end."""

    rows: Sequence[Opened]
    next: Position | None


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Reads by position, never by number: rows that arrive meanwhile move nothing."""

    database: Database
    person_keys: PersonKeys

    async def page(self, filters: Filters, *, limit: int, after: Position | None = None) -> Page:
        """Up to `limit` matching rows, the newest first, older than `after`.

        There may be fewer, even none, and more to come: it looks at so many rows, for so long.
        """
        rows: list[Opened] = []
        clock = asyncio.get_running_loop().time
        late = clock() + PAGE_SECONDS
        for _ in range(ROUNDS):
            wanted = FETCHED if filters.ip else limit - len(rows)
            found, after = await self._read(filters, after, limit=wanted, newest_first=True)
            for index, opened in enumerate(found):
                if _is_from(opened, filters.ip):
                    rows.append(opened)
                    if len(rows) == limit:
                        last = index == len(found) - 1
                        return Page(rows, after if last else _position(opened.row))
            if after is None or clock() > late:
                break
        return Page(rows, after)

    async def batches(self, filters: Filters) -> AsyncIterator[list[Opened]]:
        """All matching rows that are there now, in the order of their instants.

        A batch may be empty. What arrives meanwhile with an older instant may be among them.
        """
        newest = await self._newest(filters)
        after: Position | None = None
        while newest is not None:
            found, after = await self._read(filters, after, limit=FETCHED, until=newest)
            yield [opened for opened in found if _is_from(opened, filters.ip)]
            if after is None:
                return

    async def rows(self, filters: Filters) -> AsyncIterator[Opened]:
        """The same, row by row."""
        async for batch in self.batches(filters):
            for opened in batch:
                yield opened

    async def _newest(self, filters: Filters) -> Position | None:
        query = _ordered(select(*_PLACE).where(filters.reached()), newest_first=True).limit(1)
        async with self.database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _position(row)

    async def _read(
        self,
        filters: Filters,
        after: Position | None,
        *,
        limit: int,
        until: Position | None = None,
        newest_first: bool = False,
    ) -> tuple[list[Opened], Position | None]:
        """Up to `limit` rows that match but for their address, and where to go on."""
        reached = filters.reached()
        if after is not None:
            behind = _place() < _place(after) if newest_first else _place() > _place(after)
            reached = and_(reached, behind)
        if until is not None:
            reached = and_(reached, _place() <= _place(until))
        edge: Position | None = None
        looked_at = filters.looked_at()
        async with self.database.transaction() as connection:
            if looked_at is not None:
                places = _ordered(select(*_PLACE).where(reached), newest_first=newest_first)
                query = places.offset(LOOKED_AT - 1).limit(1)
                last = (await connection.execute(query)).one_or_none()
                reached = and_(reached, looked_at)
                if last is not None:
                    edge = _position(last)
                    within = _place() >= _place(edge) if newest_first else _place() <= _place(edge)
                    reached = and_(reached, within)
            query = _ordered(select(ROWS).where(reached), newest_first=newest_first)
            page = (await connection.execute(query.limit(limit + 1))).all()
        more = len(page) > limit
        rows = await self._open(page[:limit])
        return rows, _position(rows[-1].row) if more else edge

    async def _open(self, page: Sequence[Row[Any]]) -> list[Opened]:
        owners = [owner_of(row.user_id, row.occurred_at) for row in page]
        wanted = {
            owner for owner, row in zip(owners, page, strict=True) if row.personal is not None
        }
        ciphers = await self.person_keys.find(wanted) if wanted else {}
        return [
            Opened(row, _opened(row, ciphers.get(owner)))
            for owner, row in zip(owners, page, strict=True)
        ]


def _place(position: Position | None = None) -> Any:
    """The columns of a row's place, or the values of one."""
    if position is None:
        return tuple_(*_PLACE)
    values = zip(position, _PLACE, strict=True)
    return tuple_(*[literal(value, column.type) for value, column in values])


def _ordered(query: Select[Any], *, newest_first: bool) -> Select[Any]:
    return query.order_by(*[column.desc() if newest_first else column for column in _PLACE])


def _position(row: Row[Any]) -> Position:
    return Position(row.occurred_at, row.partition, row.seq)


def _is_from(opened: Opened, ip: str | None) -> bool:
    return ip is None or (opened.personal or {}).get("ip") == ip


def _opened(row: Row[Any], cipher: AESGCM | None) -> Mapping[str, Any] | None:
    if row.personal is None:
        return {}
    if cipher is None:
        return None
    try:
        plain = open_sealed(cipher, row.personal, context=place(row.partition, row.stream_id))
    except SealBrokenError:  # sealed when its key had been destroyed
        return None
    said: Mapping[str, Any] = json.loads(plain)
    return said
