"""The sessions' rows catch up with events; each change may be made again without harm."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.events import Event, EventType
from service.contracts.tables import sessions
from service.domain.instants import to_datetime
from service.store.session_records import LOCK_ORDER

USES = frozenset({EventType.TOKEN_REFRESHED, EventType.TOKEN_REPLAYED, EventType.TOKEN_RECOVERED})
ENDS = frozenset(
    {EventType.SESSION_ENDED, EventType.SESSION_EXPIRED, EventType.TOKEN_REUSE_DETECTED}
)
MOVES: Mapping[EventType, str] = {
    **dict.fromkeys(USES, "generation and last use"),
    **dict.fromkeys(ENDS, "its end"),
    EventType.USER_ERASED: "the row of `erasures`",
}
"""What `project` changes in a row, by the type of the event; other types change none."""

_LOCK = (
    select(sessions.c.id)
    .where(sessions.c.id == func.any(bindparam("ids", type_=ARRAY(Text))))
    .order_by(LOCK_ORDER)
    .with_for_update(key_share=True)
)
_NOTE_USES = text("""
    update sessions
    set generation = greatest(sessions.generation, told.generation),
        last_used_at = greatest(sessions.last_used_at, told.at)
    from unnest(cast(:ids as text[]), cast(:generations as bigint[]), cast(:ats as timestamptz[]))
         as told (id, generation, at)
    where sessions.id = told.id
      and (sessions.generation < told.generation or sessions.last_used_at < told.at)
""")
_NOTE_ENDS = text("""
    update sessions
    set ended_at = coalesce(sessions.ended_at, told.at),
        end_reason = coalesce(sessions.end_reason, told.reason),
        end_applied = true
    from unnest(cast(:ids as text[]), cast(:reasons as text[]), cast(:ats as timestamptz[]))
         as told (id, reason, at)
    where sessions.id = told.id
""")

_NOTE_ERASED = text("""
    update erasures set applied = true where user_id = any(cast(:ids as text[])) and not applied
""")


async def project(connection: AsyncConnection, events: Iterable[Event]) -> None:
    """Write uses and ends that events tell of, one statement each, their rows locked in order."""
    uses: dict[str, Event] = {}
    ends: dict[str, Event] = {}
    erased: list[str] = []
    for event in events:
        if event.type in USES:
            uses[event.session_id] = _newer(uses.get(event.session_id), event)
        elif event.type in ENDS:
            ends.setdefault(event.session_id, event)
        elif event.type is EventType.USER_ERASED:
            erased.append(event.user_id)
    if both := sorted({*uses, *ends}):
        await connection.execute(_LOCK, {"ids": both})
    if uses:
        ids = sorted(uses)
        await connection.execute(
            _NOTE_USES,
            {
                "ids": ids,
                "generations": [uses[each].generation or 0 for each in ids],
                "ats": [to_datetime(uses[each].at_ms) for each in ids],
            },
        )
    if ends:
        ids = sorted(ends)
        await connection.execute(
            _NOTE_ENDS,
            {
                "ids": ids,
                "reasons": [ends[each].reason for each in ids],
                "ats": [to_datetime(ends[each].at_ms) for each in ids],
            },
        )
    if erased:
        await connection.execute(_NOTE_ERASED, {"ids": sorted(erased)})


def _newer(one: Event | None, other: Event) -> Event:
    """The use that goes further: a claimed batch may bring the older one last."""
    if one is None:
        return other
    return max(one, other, key=lambda event: (event.generation or 0, event.at_ms))
