"""Archives that people asked for: a row is the request, the job and its result."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from service.contracts.tables import person_exports, users
from service.store.database import Database
from service.store.person_keys import PersonKeys, open_sealed
from service.store.sweeps import delete_some

_OF = person_exports.c


class Export(NamedTuple):
    """A request. `archive` is None until a worker has made it, then gzipped JSON."""

    id: str
    user_id: str
    requested_at: datetime
    archive: bytes | None = None


@dataclass(frozen=True, slots=True)
class PersonExports:
    """The table of that name: one archive a person, sealed under their key."""

    database: Database
    person_keys: PersonKeys

    async def request(
        self, user_id: str, new_id: str, *, announce: Callable[[], Awaitable[None]]
    ) -> Export | None:
        """The person's archive that can be fetched or waits; else a new request.

        None when there is no such account any more.
        """
        values = {"id": new_id, "requested_at": func.now()}
        empty = dict.fromkeys(("claimed_at", "made_at", "expires_at", "archive"))
        statement = (
            upsert(person_exports)
            .from_select(
                ["user_id", "id", "requested_at"],
                # Either before an erasure, which takes it along, or not at all.
                select(users.c.id, literal(new_id, _OF.id.type), func.now())
                .where(users.c.id == user_id)
                .with_for_update(read=True, key_share=True),
            )
            .on_conflict_do_update(
                index_elements=[_OF.user_id],
                set_={**values, **empty},
                where=_OF.expires_at <= func.now(),
            )
            .returning(_OF.id)
        )
        query = select(person_exports).where(_OF.user_id == user_id)
        async with self.database.transaction() as connection:
            if await connection.scalar(statement) is not None:
                await announce()
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else await self._open(row)

    async def claim(self, *, lease: timedelta) -> Export | None:
        """The oldest request that nobody works on: of a worker that died, after `lease`."""
        free = or_(_OF.claimed_at.is_(None), _OF.claimed_at <= func.now() - lease)
        first = (
            select(_OF.user_id)
            .where(_OF.made_at.is_(None), free)
            .order_by(_OF.claimed_at.nulls_first(), _OF.requested_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        claimed = (
            update(person_exports)
            .where(_OF.user_id == first.scalar_subquery())
            .values(claimed_at=func.now())
            .returning(_OF.id, _OF.user_id, _OF.requested_at)
        )
        async with self.database.transaction() as connection:
            row = (await connection.execute(claimed)).one_or_none()
        return None if row is None else Export(*row)

    async def give_back(self, export: Export) -> None:
        """Let another worker make it at once, after those that nobody has tried yet."""
        free = {"claimed_at": func.to_timestamp(0)}
        statement = update(person_exports).where(_OF.id == export.id).values(free)
        async with self.database.transaction() as connection:
            await connection.execute(statement)

    async def finish(self, export: Export, archive: bytes, *, keep: timedelta) -> bool:
        """Store what was made; False when the person was erased, or another worker was first."""
        await self.person_keys.load([export.user_id])
        sealed = self.person_keys.seal(export.user_id, archive, context=_place(export.id))
        statement = (
            update(person_exports)
            .where(_OF.user_id == export.user_id, _OF.id == export.id, _OF.made_at.is_(None))
            .values(made_at=func.now(), expires_at=func.now() + keep, archive=sealed)
        )
        async with self.database.transaction() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def sweep(self) -> int:
        """Drop some of what has expired; how many archives that were."""
        async with self.database.transaction() as connection:
            return await delete_some(connection, person_exports, _OF.expires_at <= func.now())

    async def _open(self, row: Any) -> Export | None:
        """None when the person was erased since the row was read."""
        export = Export(row.id, row.user_id, row.requested_at)
        if row.archive is None:
            return export
        cipher = (await self.person_keys.find([row.user_id])).get(row.user_id)
        if cipher is None:
            return None
        return export._replace(archive=open_sealed(cipher, row.archive, context=_place(row.id)))


def _place(export_id: str) -> str:
    return f"export/{export_id}"
