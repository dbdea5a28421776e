"""Parquet by DuckDB, the extra `analytics`: in this process, within bounds, and in one folder.

It reads and writes below the folder it is given and nowhere else, loads no extension, and its
settings are locked before it sees a row.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from service.contracts.analytics_views import ViewColumn
from service.domain.errors import ParquetMissingError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "256MB"
THREADS = 1
NULL = r"\N"
"""How a CSV file says null, so that it is no empty text. A text like that comes in quotes."""
TYPES = {
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "double precision": "DOUBLE",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "text": "VARCHAR",
    "timestamp with time zone": "TIMESTAMPTZ",
    "uuid": "VARCHAR",
}
"""Of PostgreSQL's types; UUIDs as text, for not every reader of Parquet knows them."""


def check_parquet() -> None:
    """Raises ParquetMissingError where DuckDB is not installed."""
    try:
        import duckdb  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise ParquetMissingError from None


def write_parquet(source: Path, columns: Sequence[ViewColumn], target: Path) -> None:
    """Make one file of another: CSV without a head, as PostgreSQL's COPY writes it with NULL.

    Both are in one folder. Memory is bounded whatever the size. Raises ParquetMissingError.
    """
    check_parquet()
    types = ", ".join(f"{_text(each.name)}: {_text(TYPES[each.type])}" for each in columns)
    read = (
        f"read_csv({_text(source)}, columns={{{types}}}, auto_detect=false, header=false, "
        f"delim=',', quote='\"', escape='\"', nullstr={_text(NULL)}, allow_quoted_nulls=false, "
        "parallel=false, max_line_size=4194304)"
    )
    with _within(source.parent) as database:
        database.execute(
            f"copy (select * from {read}) to {_text(target)} (format parquet, compression zstd)"  # noqa: S608
        )


def parquet_of(columns: Sequence[ViewColumn], rows: Sequence[Sequence[Any]]) -> bytes:
    """A table that is in memory already, as a file's bytes. Raises ParquetMissingError."""
    with TemporaryDirectory(prefix="inphora-") as folder:
        source, target = Path(folder) / "rows.csv", Path(folder) / "rows.parquet"
        lines = (",".join(map(_field, row)) for row in rows)
        source.write_text("".join(f"{line}\n" for line in lines))
        write_parquet(source, columns, target)
        return target.read_bytes()


def _within(folder: Path) -> "DuckDBPyConnection":
    import duckdb  # noqa: PLC0415 - an extra

    database = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY,
            "threads": THREADS,
            "temp_directory": str(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        },
    )
    database.execute(f"set allowed_directories = [{_text(folder)}]")
    database.execute("set enable_external_access = false")
    database.execute("set lock_configuration = true")
    return database


def _text(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _field(value: Any) -> str:
    if value is None:
        return NULL
    return '"' + str(value).replace('"', '""') + '"' if isinstance(value, str) else repr(value)
