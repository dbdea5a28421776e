"""The databases of a run: one PostgreSQL server, whose databases are clones of templates.

A migration takes seconds, a clone a fraction of one. A template is made once for all processes of
the run, by the first one that needs it.
"""

import asyncio
import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import asyncpg

from service.store.migrations.run import migrate

MIGRATED = "migrated"
PRISTINE = "template1"
"""PostgreSQL's own template: no schema of ours."""


@dataclass(frozen=True, slots=True)
class Databases:
    """One server's databases; `url` is the one that this test process shares among its tests."""

    server_url: str
    locks: Path
    """A directory that all processes of the run see."""
    name: str

    @property
    def url(self) -> str:
        return self.address(self.name)

    def address(self, name: str) -> str:
        """The URL of one database."""
        return f"{self.server_url.rpartition('/')[0]}/{name}"

    def create(self, name: str, template: str = MIGRATED) -> str:
        """A database of this name; its URL."""
        if template == MIGRATED:
            self.prepare(MIGRATED, migrate)
        self.execute(f"create database {name} template {template} strategy file_copy")
        return self.address(name)

    @contextmanager
    def clone(self, template: str = MIGRATED) -> Iterator[str]:
        """The URL of a new database, which is dropped afterwards."""
        name = f"test_{token_hex(6)}"
        yield self.create(name, template)
        self.execute(f"drop database {name} with (force)")

    def prepare(self, name: str, fill: Callable[[str], None]) -> str:
        """A database that `fill` filled once in this run, in whichever process; its URL.

        A `fill` that fails leaves nothing: the next one who needs it tries again.
        """
        with self._lock(name):
            if not self._exists(name):
                half = f"{name}_half"
                self.execute(f"drop database if exists {half} with (force)")
                template = PRISTINE if name == MIGRATED else MIGRATED
                fill(self.create(half, template))
                self.execute(f"alter database {half} rename to {name}")
        return self.address(name)

    def execute(self, statement: str) -> None:
        """Run a statement that needs no transaction."""
        asyncio.run(self._fetch(statement))

    def _exists(self, name: str) -> bool:
        found = asyncio.run(self._fetch("select datname from pg_database"))
        return name in {row["datname"] for row in found}

    async def _fetch(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.server_url)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        with (self.locks / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
