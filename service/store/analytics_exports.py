"""Exports that analysts asked for: a row is the request and the job; its files grow day by day."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.export_tables import export_file, export_job, export_piece
from service.store.copies import Format
from service.store.database import Database
from service.store.sweeps import delete_some

PIECE = 524_288
MOST_OF_ONE = 20
"""Exports of one person that have not expired."""
MOST_BYTES = 2 * 1024**3
MOST_TRIES = 5
"""Of workers that died over the same day."""

SCHEMA_FILE = "_schema.json"

_JOB, _FILE, _PIECE = export_job.c, export_file.c, export_piece.c


class TooManyExportsError(Exception):
    """The person has MOST_OF_ONE already: they expire."""


class TooLargeError(Exception):
    """The files of an export are larger than MOST_BYTES."""


class Request(NamedTuple):
    """What somebody asked for: `asked` has the table, or the query."""

    id: str
    requested_by: str
    asked: Mapping[str, Any]
    format: Format
    since: date
    until: date


class ExportFile(NamedTuple):
    """A file; `sha256` is None while it grows."""

    number: int
    name: str
    size: int
    rows: int
    sha256: bytes | None


class Job(NamedTuple):
    """How far a request has come. `error` says why it was given up."""

    request: Request
    days_done: int
    tries: int
    claimed_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    error: str | None

    @property
    def status(self) -> str:
        """pending, running, ready or failed."""
        if self.ended_at is not None:
            return "ready" if self.error is None else "failed"
        return "pending" if self.claimed_at is None else "running"

    @property
    def days(self) -> int:
        """How many it has."""
        return (self.request.until - self.request.since).days

    @property
    def progress(self) -> float:
        """How much of it is done, 0 to 1."""
        return 1.0 if self.status == "ready" else self.days_done / self.days


_FIELDS = tuple(_FILE[name] for name in ExportFile._fields)


@dataclass(frozen=True, slots=True)
class AnalyticsExports:
    """The tables of that name. Raises ServiceUnavailableError."""

    database: Database

    async def request(self, request: Request, *, announce: Callable[[], Awaitable[None]]) -> None:
        """Write it down, for a worker. Raises TooManyExportsError."""
        async with self.database.transaction() as connection:
            await _add(connection, request)
            await announce()

    async def add_ready(
        self,
        request: Request,
        files: Mapping[str, bytes],
        *,
        rows: int,
        keep: timedelta,
        announce: Callable[[], Awaitable[None]],
    ) -> None:
        """One whose files are there already. Raises TooManyExportsError."""
        async with self.database.transaction() as connection:
            await _add(connection, request)
            for number, (name, body) in enumerate(files.items(), 1):
                file = ExportFile(number, name, 0, rows, None)
                await _grow(connection, request.id, file, [body], whole=True)
            await _finish(connection, request.id, keep)
            await announce()

    async def find(self, export_id: str) -> Job | None:
        """One that has not expired."""
        query = select(export_job).where(_JOB.id == export_id, _stands())
        async with self.database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _job(row)

    async def files(self, export_id: str) -> list[ExportFile]:
        """Those that are whole, by number."""
        query = (
            select(*_FIELDS)
            .where(_FILE.export_id == export_id, _FILE.sha256.is_not(None))
            .order_by(_FILE.number)
        )
        async with self.database.transaction() as connection:
            return [ExportFile(*row) for row in await connection.execute(query)]

    async def pieces(self, export_id: str, number: int) -> AsyncIterator[bytes]:
        """A file's bytes, each piece read when the one before it was taken."""
        begin = 0
        while True:
            query = select(_PIECE.body).where(
                _PIECE.export_id == export_id, _PIECE.number == number, _PIECE.begin == begin
            )
            async with self.database.transaction() as connection:
                body = await connection.scalar(query)
            if body is None:
                return
            yield body
            begin += len(body)

    async def claim(self, *, lease: timedelta) -> Job | None:
        """The oldest that nobody works on: of a worker that died, after `lease`."""
        free = or_(_JOB.claimed_at.is_(None), _JOB.claimed_at <= func.now() - lease)
        first = (
            select(_JOB.id)
            .where(_JOB.ended_at.is_(None), free)
            .order_by(_JOB.requested_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        claimed = (
            update(export_job)
            .where(_JOB.id == first.scalar_subquery())
            .values(claimed_at=func.now(), tries=_JOB.tries + 1)
            .returning(export_job)
        )
        async with self.database.transaction() as connection:
            row = (await connection.execute(claimed)).one_or_none()
        return None if row is None else _job(row)

    async def give_back(self, export_id: str) -> None:
        """Let another worker go on with it at once."""
        free = {"claimed_at": func.to_timestamp(0), "tries": func.greatest(_JOB.tries - 1, 0)}
        async with self.database.transaction() as connection:
            await connection.execute(update(export_job).where(_JOB.id == export_id).values(free))

    async def add_day(
        self, job: Job, name: str, path: Path, *, rows: int, whole: bool
    ) -> Job | None:
        """The next day is in `path`: a whole file, or more of one. None: another worker went on.

        Raises TooLargeError.
        """
        of = job.request.id
        going_on = (
            update(export_job)
            .where(_JOB.id == of, _JOB.days_done == job.days_done, _JOB.ended_at.is_(None))
            .values(days_done=_JOB.days_done + 1, claimed_at=func.now(), tries=1)
            .returning(export_job)
        )
        there = select(*_FIELDS).where(_FILE.export_id == of, _FILE.name == name)
        total = select(func.sum(_FILE.size), func.max(_FILE.number)).where(_FILE.export_id == of)
        async with self.database.transaction() as connection:
            row = (await connection.execute(going_on)).one_or_none()
            if row is None:
                return None
            size, last = (await connection.execute(total)).one()
            found = (await connection.execute(there)).one_or_none()
            file = ExportFile(*found) if found else ExportFile((last or 0) + 1, name, 0, 0, None)
            file = file._replace(rows=file.rows + rows)
            with path.open("rb") as source:
                pieces = iter(lambda: source.read(PIECE), b"")
                grown = await _grow(connection, of, file, pieces, whole=whole)
            if (size or 0) + grown > MOST_BYTES:
                raise TooLargeError
        return _job(row)

    async def finish(self, job: Job, schema: bytes, *, keep: timedelta) -> None:
        """All days are there: add the schema file; the whole can be fetched for `keep`. Nothing, if
        another worker ended it.
        """
        of = job.request.id
        growing = select(_FILE.number).where(_FILE.export_id == of, _FILE.sha256.is_(None))
        last = select(func.max(_FILE.number)).where(_FILE.export_id == of)
        async with self.database.transaction() as connection:
            numbers = list(await connection.scalars(growing))
        digests = {number: await self._digest(of, number) for number in numbers}
        async with self.database.transaction() as connection:
            if not await _is_open(connection, of):
                return
            for number, digest in digests.items():
                ended = update(export_file).where(_FILE.export_id == of, _FILE.number == number)
                await connection.execute(ended.values(sha256=digest))
            file = ExportFile((await connection.scalar(last) or 0) + 1, SCHEMA_FILE, 0, 0, None)
            await _grow(connection, of, file, [schema], whole=True)
            await _finish(connection, of, keep)

    async def _digest(self, export_id: str, number: int) -> bytes:
        digest = sha256()
        async for piece in self.pieces(export_id, number):
            digest.update(piece)
        return digest.digest()

    async def fail(self, job: Job, error: str, *, keep: timedelta) -> None:
        """Give it up; what was made of it goes. Nothing, if another worker ended it."""
        of = job.request.id
        values = {"ended_at": func.now(), "expires_at": func.now() + keep, "error": error}
        async with self.database.transaction() as connection:
            if not await _is_open(connection, of):
                return
            await connection.execute(export_piece.delete().where(_PIECE.export_id == of))
            await connection.execute(export_file.delete().where(_FILE.export_id == of))
            await connection.execute(update(export_job).where(_JOB.id == of).values(values))

    async def sweep(self) -> int:
        """Drop some of what has expired; how many exports that were."""
        async with self.database.transaction() as connection:
            return await delete_some(connection, export_job, _JOB.expires_at <= func.now())


async def _add(connection: AsyncConnection, request: Request) -> None:
    mine = select(func.count()).where(_JOB.requested_by == request.requested_by, _stands())
    if (await connection.scalar(mine) or 0) >= MOST_OF_ONE:
        raise TooManyExportsError
    values = {**request._asdict(), "requested_at": func.now()}
    await connection.execute(insert(export_job).values(values))


async def _grow(
    connection: AsyncConnection,
    export_id: str,
    file: ExportFile,
    pieces: Iterable[bytes],
    *,
    whole: bool,
) -> int:
    """Add pieces to a file, and say so in its row; how many bytes came."""
    size, digest = file.size, sha256()
    for piece in pieces:
        digest.update(piece)
        row = {"export_id": export_id, "number": file.number, "begin": size, "body": piece}
        await connection.execute(insert(export_piece), row)
        size += len(piece)
    values = {**file._asdict(), "size": size, "sha256": digest.digest() if whole else None}
    added = insert(export_file).values(export_id=export_id, **values)
    await connection.execute(
        added.on_conflict_do_update(index_elements=[_FILE.export_id, _FILE.number], set_=values)
    )
    return size - file.size


async def _is_open(connection: AsyncConnection, export_id: str) -> bool:
    """Whether nobody ended it, nor will before this transaction is over."""
    row = select(_JOB.id).where(_JOB.id == export_id, _JOB.ended_at.is_(None)).with_for_update()
    return await connection.scalar(row) is not None


async def _finish(connection: AsyncConnection, export_id: str, keep: timedelta) -> None:
    values = {"ended_at": func.now(), "expires_at": func.now() + keep, "claimed_at": func.now()}
    await connection.execute(update(export_job).where(_JOB.id == export_id).values(values))


def _stands() -> Any:
    return or_(_JOB.expires_at.is_(None), _JOB.expires_at > func.now())


def _job(row: Row[Any]) -> Job:
    values = row._mapping  # noqa: SLF001 - its documented name
    fields = {name: values[name] for name in Request._fields}
    request = Request(**{**fields, "format": Format(fields["format"])})
    return Job(request, *(values[name] for name in Job._fields[1:]))
