"""One day of a view as a file, by COPY: no row passes through Python, so that size costs no memory."""

import asyncio
import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import text

from service.contracts.analytics_views import View, ViewColumn
from service.domain.errors import ServiceUnavailableError
from service.store.database import Database
from service.store.parquet import NULL, write_parquet


class Format(StrEnum):
    """What a file is. JSON has an object a line."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"

    @property
    def ending(self) -> str:
        """Of a file's name."""
        return "ndjson" if self is Format.JSON else self.value


DAY = timedelta(days=1)
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoRoomError(Exception):
    """The disk that a file is for is full."""


_OPTIONS: Mapping[Format, Mapping[str, Any]] = {
    Format.CSV: {"format": "csv"},
    # JSON has no such characters but escaped, so that nothing is quoted: a row is a line as it is.
    Format.JSON: {"format": "csv", "quote": "\x01", "delimiter": "\x02"},
    Format.PARQUET: {"format": "csv", "null": NULL},
}


@dataclass(frozen=True, slots=True)
class Copies:
    """Writes them. Raises ServiceUnavailableError, NoRoomError, and ParquetMissingError."""

    database: Database

    async def write_day(
        self, view: View, day: date, form: Format, path: Path, *, head: bool = False
    ) -> int:
        """A day of a view, as it is now, in the order of its key; how many rows. `head`: of CSV.

        Parquet is made of a file that PostgreSQL has finished: what breaks off becomes no file.
        """
        if form is not Format.PARQUET:
            return await self._copy(view, day, form, path, head=head)
        plain = path.with_name(f"{path.name}.csv")
        try:
            rows = await self._copy(view, day, form, plain)
            with _faults():
                await asyncio.to_thread(write_parquet, plain, view.columns, path)
        finally:
            plain.unlink(missing_ok=True)
        return rows

    async def _copy(
        self, view: View, day: date, form: Format, path: Path, *, head: bool = False
    ) -> int:
        options = {**_OPTIONS[form], "header": head and form is Format.CSV}
        async with self.database.transaction() as connection:
            await connection.execute(text("set local timezone = 'UTC'"))
            driver: Any = (await connection.get_raw_connection()).driver_connection
            with _faults():
                said = await driver.copy_from_query(_query(view, day, form), output=path, **options)
        return int(said.rpartition(" ")[2])


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError) as error:
        raise ServiceUnavailableError from error
    except asyncpg.InterfaceError as error:
        raise ServiceUnavailableError from error
    except OSError as error:  # told apart here: to a transaction it is a connection that broke
        if error.errno in NO_ROOM:
            raise NoRoomError from error
        raise


def _query(view: View, day: date, form: Format) -> str:
    """Everything in it is a name of ours or a day."""
    columns = ", ".join(_shown(each, form) for each in view.columns)
    at = f"t.{view.day}"
    of_day = f"{at} >= '{day} 00:00+00' and {at} < '{day + DAY} 00:00+00'"
    if view.day_is_date:
        of_day = f"{at} = '{day}'"
    order = ", ".join(f"t.{name}" for name in view.order)
    table = f"select {columns} from {view.place} as t where {of_day} order by {order}"  # noqa: S608
    return f"select row_to_json(t) from ({table}) as t" if form is Format.JSON else table  # noqa: S608


def _shown(column: ViewColumn, form: Format) -> str:
    """A column for people and spreadsheets in CSV, else as it is."""
    name = f"t.{column.name}"
    if form is not Format.CSV:
        return name
    if column.type == "text":
        return f"case when {name} ~ '^[=+@\\t\\r-]' then '''' || {name} else {name} end as {column.name}"
    if column.type == "boolean":
        return f"cast({name} as text) as {column.name}"
    if column.type.startswith("timestamp"):
        return f"""to_char({name}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as {column.name}"""
    return name
