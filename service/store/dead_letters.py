"""Stream entries that could not become audit rows: kept whole, to be replayed when they can."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from service.contracts.tables import dead_letters
from service.domain.instants import to_datetime
from service.domain.secrets import SealBrokenError
from service.store.database import Database
from service.store.person_keys import PersonKeys, open_sealed, owner_of
from service.store.personal import place

OPEN_FIELDS = frozenset(
    {"type", "at_ms", "user_id", "session_id", "generation", "request_id", "actor_id", "reason"}
)
"""What is never about the person but who they are."""
PAGE = 200


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A stream entry as it was received, and why it is no audit row."""

    stream_id: str
    fields: Mapping[bytes, bytes]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLetter:
    """A dead letter as the table has it. `shown` has nothing about the person."""

    id: int
    partition: int
    stream_id: str
    shown: Mapping[str, str]
    error: str
    received_at: datetime
    replayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The table of that name."""

    database: Database
    person_keys: PersonKeys

    async def bury(
        self, partition: int, letters: Sequence[DeadLetter], *, received_ms: int
    ) -> None:
        """Keep entries; one that is kept already stays as it is."""
        received_at = to_datetime(received_ms)
        shown = [_shown(letter.fields) for letter in letters]
        owners = [owner_of(fields.get("user_id"), received_at) for fields in shown]
        await self.person_keys.load(owners)
        rows = [
            {
                "partition": partition,
                "stream_id": letter.stream_id,
                "fields": fields,
                "personal": self.person_keys.seal(
                    owner, _to_json(letter.fields), context=place(partition, letter.stream_id)
                ),
                "error": letter.error.replace("\0", "\\x00"),
                "received_at": received_at,
            }
            for letter, fields, owner in zip(letters, shown, owners, strict=True)
        ]
        async with self.database.transaction() as connection:
            await connection.execute(upsert(dead_letters).on_conflict_do_nothing(), rows)

    async def kept(self, *, replayed: bool = False) -> AsyncIterator[KeptLetter]:
        """Those that still wait, or all of them, the oldest first."""
        after = 0
        while page := await self._page(after, replayed=replayed):
            for letter in page:
                yield letter
            after = page[-1].id

    async def _page(self, after: int, *, replayed: bool) -> list[KeptLetter]:
        query = select(dead_letters).where(dead_letters.c.id > after)
        if not replayed:
            query = query.where(dead_letters.c.replayed_at.is_(None))
        async with self.database.transaction() as connection:
            rows = await connection.execute(query.order_by(dead_letters.c.id).limit(PAGE))
            return [
                KeptLetter(
                    id=row.id,
                    partition=row.partition,
                    stream_id=row.stream_id,
                    shown=row.fields,
                    error=row.error,
                    received_at=row.received_at,
                    replayed_at=row.replayed_at,
                )
                for row in rows
            ]

    async def find(self, letter_id: int) -> DeadLetter | None:
        """An entry as it was received; None when it is unknown, or its person was erased."""
        query = select(dead_letters).where(dead_letters.c.id == letter_id)
        async with self.database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.personal is None:  # of a release that sealed nothing
            fields = {name.encode(): text.encode() for name, text in row.fields.items()}
            return DeadLetter(row.stream_id, fields, row.error)
        owner = owner_of(row.fields.get("user_id"), row.received_at)
        cipher = (await self.person_keys.find([owner])).get(owner)
        if cipher is None:
            return None
        try:
            plain = open_sealed(cipher, row.personal, context=place(row.partition, row.stream_id))
        except SealBrokenError:  # sealed after the key was destroyed
            return None
        return DeadLetter(row.stream_id, _from_json(plain), row.error)

    async def of_person(self, user_id: str) -> Sequence[int]:
        """The ids of those that wait and are about a person."""
        query = select(dead_letters.c.id).where(
            dead_letters.c.fields["user_id"].astext == user_id, dead_letters.c.replayed_at.is_(None)
        )
        async with self.database.transaction() as connection:
            return (await connection.scalars(query.order_by(dead_letters.c.id))).all()

    async def note_replayed(self, letter_id: int) -> None:
        """It has become an audit row."""
        await self._set(letter_id, replayed_at=func.now())

    async def note_error(self, letter_id: int, error: str) -> None:
        """It still can't become one, and why."""
        await self._set(letter_id, error=error.replace("\0", "\\x00"))

    async def _set(self, letter_id: int, **values: object) -> None:
        statement = update(dead_letters).where(dead_letters.c.id == letter_id).values(values)
        async with self.database.transaction() as connection:
            await connection.execute(statement)


def _shown(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    """Bytes as text that PostgreSQL's jsonb can hold, whatever they are."""
    texts = {_text(name): _text(value) for name, value in fields.items()}
    return {name: text for name, text in texts.items() if name in OPEN_FIELDS}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _to_json(fields: Mapping[bytes, bytes]) -> bytes:
    """All of it, to the byte."""
    return json.dumps(
        {
            name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
            for name, value in fields.items()
        }
    ).encode()


def _from_json(text: bytes) -> dict[bytes, bytes]:
    return {
        name.encode("utf-8", "surrogateescape"): value.encode("utf-8", "surrogateescape")
        for name, value in json.loads(text).items()
    }
