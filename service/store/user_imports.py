"""People who move in from another system, many at a time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from service.contracts.tables import users
from service.domain.user_file import Newcomer
from service.domain.users import email_key
from service.store.database import Database


@dataclass(frozen=True, slots=True)
class UserImports:
    """Adds to the table of people; whoever is there already is left as they are."""

    database: Database

    async def count_known(self, people: Sequence[Newcomer]) -> int:
        """How many of these are there already."""
        keys = [email_key(person.email) for person in people]
        query = select(func.count()).where(users.c.email_key.in_(keys))
        async with self.database.transaction() as connection:
            return int(await connection.scalar(query) or 0)

    async def add(
        self,
        people: Sequence[Newcomer],
        *,
        new_id: Callable[[], str],
        announce: Callable[[Sequence[str]], Awaitable[None]],
    ) -> int:
        """Add all of these, or none, but for those who are there already; how many it added."""
        rows = [
            {
                "id": new_id(),
                "email": person.email,
                "email_key": email_key(person.email),
                "name": person.name,
                "roles": list(person.roles),
                "password_hash": person.password_hash,
                "created_at": func.now() if person.created_at is None else person.created_at,
            }
            for person in people
        ]
        statement = (
            upsert(users)
            .values(rows)
            .on_conflict_do_nothing(index_elements=[users.c.email_key])
            .returning(users.c.id)
        )
        async with self.database.transaction() as connection:
            added = list(await connection.scalars(statement))
            await announce(added)
        return len(added)
