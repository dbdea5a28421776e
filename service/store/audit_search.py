"""Rows of the audit for people to read: filtered, opened with their persons' keys, streamed."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, Row, and_, select, true, union_all

from service.contracts.tables import audit_held, audit_log
from service.domain.secrets import SealBrokenError
from service.store.database import Database
from service.store.person_keys import PersonKeys, open_sealed, owner_of
from service.store.personal import place

FETCHED = 1000
SHOWN = [each.name for each in audit_log.columns if each.name not in {"ip", "user_agent"}]
ROWS = union_all(
    *(select(*(table.c[name] for name in SHOWN)) for table in (audit_log, audit_held))
).subquery("audit_rows")
"""All rows there are, those that retention put aside too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which rows; what is empty does not count. `ip` is only compared once a row is open."""

    user_id: str | None = None
    session_id: str | None = None
    types: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    ip: str | None = None

    def where(self) -> ColumnElement[bool]:
        """The condition that SQL can decide."""
        of = ROWS.c
        conditions: list[ColumnElement[bool]] = [true()]
        if self.user_id:
            conditions.append(of.user_id == self.user_id)
        if self.session_id:
            conditions.append(of.session_id == self.session_id)
        if self.types:
            conditions.append(of.type.in_(self.types))
        if self.since:
            conditions.append(of.occurred_at >= self.since)
        if self.until:
            conditions.append(of.occurred_at < self.until)
        return and_(*conditions)

    def said(self) -> dict[str, Any]:
        """What an audit row of the export says of them."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name in ("user_id", "session_id", "types", "since", "until", "ip")
            if (value := getattr(self, name))
        }


class Opened(NamedTuple):
    """A row, and what it says about its person: None once nobody can read that any more."""

    row: Row[Any]
    personal: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Reads by a server-side cursor, a page at a time, as fast as whoever asks takes them."""

    database: Database
    person_keys: PersonKeys

    async def rows(self, filters: Filters) -> AsyncIterator[Opened]:
        """Matching rows, opened, in the order of their instants."""
        query = select(ROWS).where(filters.where())
        ordered = query.order_by(ROWS.c.occurred_at, ROWS.c.partition, ROWS.c.seq)
        async with self.database.transaction() as connection:
            result = await connection.stream(ordered, execution_options={"yield_per": FETCHED})
            async for page in result.partitions():
                for opened in await self._open(page):
                    said = opened.personal or {}
                    if filters.ip is None or said.get("ip") == filters.ip:
                        yield opened

    async def _open(self, page: Sequence[Row[Any]]) -> list[Opened]:
        owners = [owner_of(row.user_id, row.occurred_at) for row in page]
        wanted = {
            owner for owner, row in zip(owners, page, strict=True) if row.personal is not None
        }
        ciphers = await self.person_keys.find(wanted)
        return [
            Opened(row, _opened(row, ciphers.get(owner)))
            for owner, row in zip(owners, page, strict=True)
        ]


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
