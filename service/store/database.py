"""PostgreSQL: one pool, bounded waits, and one error for all of its troubles."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

import asyncpg
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from service.domain.errors import ServiceUnavailableError

IsolationLevel = Literal["READ COMMITTED", "REPEATABLE READ"]

CONNECT_SECONDS = 3.0
COMMAND_SECONDS = 10.0
POOL_WAIT_SECONDS = 2.0


def database_url(url: str) -> URL:
    """A platform's `postgres://` or `postgresql://` URL, for asyncpg, which says ssl for sslmode."""
    read = make_url(url.replace("postgres://", "postgresql://", 1))
    query = {"ssl" if name == "sslmode" else name: value for name, value in read.query.items()}
    return read.set(drivername="postgresql+asyncpg", query=query)


def open_engine(
    url: str,
    *,
    connections: int = 10,
    seconds: float = COMMAND_SECONDS,
    wait_seconds: float = POOL_WAIT_SECONDS,
) -> AsyncEngine:
    """A pool that finds out about dead connections before a request does.

    No statement may take longer than `seconds`, nobody waits longer than `wait_seconds` for one.
    """
    return create_async_engine(
        database_url(url),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=wait_seconds,
        pool_pre_ping=True,
        connect_args={"timeout": CONNECT_SECONDS, "command_timeout": seconds},
        hide_parameters=True,
    )


ROW_FAULTS = frozenset({"22", "23", "54"})
"""Classes of SQLSTATE that blame a row: its data, a constraint, a limit. All others pass."""


class RowsRefusedError(Exception):
    """No table takes at least one of these rows, today or later."""

    def __init__(self, cause: BaseException | None) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")


@contextmanager
def row_faults() -> Iterator[None]:
    """Errors that blame a row as RowsRefusedError; a deadlock, a full disk, a missing table pass."""
    try:
        yield
    except StatementError as error:
        cause = error.orig
        state = str(getattr(cause, "sqlstate", None))
        if isinstance(error, DBAPIError) and state[:2] not in ROW_FAULTS:
            raise
        raise RowsRefusedError(cause) from error


async def copy_rows(
    connection: AsyncConnection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    schema: str | None = None,
) -> None:
    """Add rows by COPY, within the connection's transaction.

    Raises RowsRefusedError for what no row may hold, and ServiceUnavailableError.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        await driver.copy_records_to_table(
            table, records=rows, columns=list(columns), schema_name=schema
        )
    except (ValueError, TypeError, OverflowError) as error:  # what asyncpg could not encode
        raise RowsRefusedError(error) from error
    except asyncpg.PostgresError as error:
        if str(error.sqlstate)[:2] in ROW_FAULTS:
            raise RowsRefusedError(error) from error
        if isinstance(error, (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)):
            raise ServiceUnavailableError from error
        raise
    except asyncpg.InterfaceError as error:
        raise ServiceUnavailableError from error


class Database:
    """Transactions over an engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(
        self, *, isolation_level: IsolationLevel = "READ COMMITTED"
    ) -> AsyncIterator[AsyncConnection]:
        """A connection whose work is committed at the end, or not at all.

        Raises ServiceUnavailableError while the database is away or full.
        """
        try:
            engine = self._engine
            if isolation_level != "READ COMMITTED":
                engine = engine.execution_options(isolation_level=isolation_level)
            async with engine.begin() as connection:
                yield connection
        except (
            OperationalError,
            InterfaceError,
            PoolTimeoutError,
            OSError,
            TimeoutError,
        ) as error:
            raise ServiceUnavailableError from error
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise ServiceUnavailableError from error

    async def ping(self) -> str:
        """The server's version, such as `18.1`."""
        async with asyncio.timeout(CONNECT_SECONDS), self.transaction() as connection:
            return str(await connection.scalar(text("show server_version")))

    async def clock_ms(self) -> int:
        """What time the server has."""
        query = text("select (extract(epoch from clock_timestamp()) * 1000)::bigint")
        async with self.transaction() as connection:
            return int(await connection.scalar(query) or 0)

    async def schema_missing(self) -> bool:
        """Whether `migrate` has never run here."""
        async with self.transaction() as connection:
            return await connection.scalar(text("select to_regclass('audit_log')")) is None
