"""PostgreSQL of this system, and an ordinary role in it."""

import asyncio
from pathlib import Path
from secrets import token_hex

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from service.embedded import EmbeddedServer, start_postgres
from service.store.database import database_url

DEBIAN_HOME = Path("/usr/lib/postgresql")
OLDEST = 15


def find_binaries() -> Path | None:
    """The programs of the oldest installed release that is supported."""
    found = {int(home.name): home / "bin" for home in DEBIAN_HOME.glob("[0-9]*") if _usable(home)}
    return found[min(found)] if found else None


def major() -> int:
    """The release that `find_binaries` finds; 0 without one."""
    binaries = find_binaries()
    return int(binaries.parent.name) if binaries else 0


def start_system_postgres(home: Path, binaries: Path) -> EmbeddedServer:
    """Return a server that answers; its own URL is a superuser's."""
    return start_postgres(home, durable=False, binaries=binaries)


def add_owner(server: EmbeddedServer) -> str:
    """Add an ordinary role with an empty database, as a provider does; return its URL."""
    name, password = f"app_{token_hex(4)}", token_hex(16)
    for statement in (
        f"create role {name} login password '{password}'",
        f"create database {name} owner {name}",
    ):
        in_postgres(server, statement)
    address = make_url(server.url).set(username=name, password=password, database=name)
    return address.render_as_string(hide_password=False)


def in_postgres(server: EmbeddedServer, statement: str) -> None:
    """Run one statement outside a transaction, as the superuser."""

    async def execute() -> None:
        engine = create_async_engine(database_url(server.url), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.exec_driver_sql(statement)
        await engine.dispose()

    asyncio.run(execute())


def _usable(home: Path) -> bool:
    return home.name.isdecimal() and int(home.name) >= OLDEST and (home / "bin/postgres").exists()
