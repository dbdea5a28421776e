"""The audit in SQL: a batch of events becomes rows, and sessions catch up, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.events import Event, EventType
from service.contracts.tables import audit_heads, audit_log, dead_letters, sessions
from service.domain.instants import to_datetime
from service.store.database import Database

USES = frozenset({EventType.TOKEN_REFRESHED, EventType.TOKEN_REPLAYED, EventType.TOKEN_RECOVERED})
ENDS = frozenset(
    {EventType.SESSION_ENDED, EventType.SESSION_EXPIRED, EventType.TOKEN_REUSE_DETECTED}
)

_NOTE_USE = (
    update(sessions)
    .where(sessions.c.id == bindparam("of"))
    .values(
        generation=func.greatest(sessions.c.generation, bindparam("generation_")),
        last_used_at=func.greatest(sessions.c.last_used_at, bindparam("at")),
    )
)
_NOTE_END = (
    update(sessions)
    .where(sessions.c.id == bindparam("of"))
    .values(
        ended_at=func.coalesce(sessions.c.ended_at, bindparam("at")),
        end_reason=func.coalesce(sessions.c.end_reason, bindparam("reason")),
        end_applied=True,
    )
)


@dataclass(frozen=True, slots=True)
class StreamedEvent:
    """An event and its id in the partition's stream."""

    stream_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A stream entry that cannot become an audit row, and why."""

    stream_id: str
    fields: dict[str, str]
    error: str


class AuditRecords:
    """The audit's tables. Recording the same entries again changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, partition: int, events: Sequence[StreamedEvent]) -> int:
        """Store a partition's events in the order given; how many of them were new.

        The head's row lock orders the partition's writers, so `seq` has no gaps. It is the order of
        storing: what was read by a worker that died comes after what others stored meanwhile.
        """
        async with self._database.transaction() as connection:
            seq = await _lock_head(connection, partition)
            new = await _unknown(connection, partition, events)
            if not new:
                return 0
            rows = [_row(partition, seq + i, item) for i, item in enumerate(new, 1)]
            await connection.execute(insert(audit_log), rows)
            await connection.execute(
                update(audit_heads)
                .where(audit_heads.c.partition == partition)
                .values(seq=seq + len(new))
            )
            await _project(connection, [item.event for item in new])
        return len(new)

    async def bury(self, partition: int, letters: Sequence[DeadLetter]) -> None:
        """Keep entries that no row can hold."""
        rows = [
            {
                "partition": partition,
                "stream_id": letter.stream_id,
                "fields": letter.fields,
                "error": letter.error,
            }
            for letter in letters
        ]
        async with self._database.transaction() as connection:
            await connection.execute(upsert(dead_letters).on_conflict_do_nothing(), rows)


async def _lock_head(connection: AsyncConnection, partition: int) -> int:
    await connection.execute(
        upsert(audit_heads).values(partition=partition).on_conflict_do_nothing()
    )
    head = select(audit_heads.c.seq).where(audit_heads.c.partition == partition)
    return int(await connection.scalar(head.with_for_update()) or 0)


async def _unknown(
    connection: AsyncConnection, partition: int, events: Sequence[StreamedEvent]
) -> list[StreamedEvent]:
    known = await connection.scalars(
        select(audit_log.c.stream_id).where(
            audit_log.c.partition == partition,
            audit_log.c.stream_id.in_([item.stream_id for item in events]),
        )
    )
    seen = set(known)
    return [item for item in events if item.stream_id not in seen]


def _row(partition: int, seq: int, item: StreamedEvent) -> dict[str, Any]:
    event = item.event
    return {
        "partition": partition,
        "seq": seq,
        "stream_id": item.stream_id,
        "type": event.type,
        "occurred_at": to_datetime(event.at_ms),
        "user_id": event.user_id or None,
        "session_id": event.session_id or None,
        "generation": event.generation,
        "ip": event.ip or None,
        "user_agent": event.user_agent or None,
        "request_id": event.request_id or None,
        "actor_id": event.actor_id or None,
        "reason": event.reason or None,
        "data": dict(event.data),
    }


async def _project(connection: AsyncConnection, events: Sequence[Event]) -> None:
    """Let the sessions' rows catch up; each change may be made again without harm."""
    uses = [
        {
            "of": event.session_id,
            "generation_": event.generation or 0,
            "at": to_datetime(event.at_ms),
        }
        for event in _newest_uses(events)
    ]
    ends = [
        {"of": event.session_id, "reason": event.reason, "at": to_datetime(event.at_ms)}
        for event in events
        if event.type in ENDS
    ]
    if uses:
        await connection.execute(_NOTE_USE, uses)
    if ends:
        await connection.execute(_NOTE_END, ends)


def _newest_uses(events: Sequence[Event]) -> list[Event]:
    """Of each session the use of the highest generation; the later ones stand further back."""
    newest: dict[str, Event] = {}
    for event in events:
        if event.type in USES:
            newest[event.session_id] = event
    return sorted(newest.values(), key=lambda event: event.session_id)
