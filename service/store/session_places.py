"""Client, device and country of events that do not tell them: those of their session's sign-in.

A request of a session, or its end by the workers, names no device. Without this, nearly everybody's
activity would have none, and what a bot's session does would count as a person's.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.analytics_tables import SCHEMA
from service.contracts.events import EventType
from service.store.event_facts import EventFact, Keys

_KNOWN = text(f"""
    select session_id, client_key, device_key, geo_key from {SCHEMA}.fct_sessions
    where session_id = any(cast(:ids as text[])) and (device_key > 0 or geo_key > 0)
""")  # noqa: S608 - our own schema's name
_TELL_EARLIER = text(f"""
    with moved as (
    update {SCHEMA}.fct_auth_events as t
    set client_key = s.client_key, device_key = s.device_key, geo_key = s.geo_key
    from {SCHEMA}.fct_sessions as s
    where s.session_id = any(cast(:ids as text[])) and t.session_id = s.session_id
      and t.device_key = 0 and t.geo_key = 0 and (s.device_key > 0 or s.geo_key > 0)
    returning t.event_id, t.occurred_at
    )
    insert into {SCHEMA}.agg_moved (event_id, occurred_at) select * from moved
""")  # noqa: S608


async def place(connection: AsyncConnection, rows: Sequence[EventFact]) -> list[EventFact]:
    """The rows, each of a session that is known with a place."""
    known = {
        row.session_id: Keys(row.client_key, row.device_key, row.geo_key) for row in _sign_ins(rows)
    }
    asked = {row.session_id for row in rows if _is_nowhere(row)} - known.keys()
    if asked:
        found = await connection.execute(_KNOWN, {"ids": sorted(filter(None, asked))})
        known |= {row.session_id: Keys(*row[1:]) for row in found}
    return [
        row._replace(client_key=keys.client, device_key=keys.device, geo_key=keys.geo)
        if _is_nowhere(row) and (keys := known.get(row.session_id))
        else row
        for row in rows
    ]


async def place_earlier(connection: AsyncConnection, rows: Sequence[EventFact]) -> None:
    """A sign-in that comes after events of its session: they are told where they were."""
    ids = [row.session_id for row in _sign_ins(rows)]
    if ids:
        await connection.execute(_TELL_EARLIER, {"ids": ids})


def _sign_ins(rows: Sequence[EventFact]) -> list[EventFact]:
    return [
        row
        for row in rows
        if row.event_name == EventType.LOGIN_SUCCEEDED and row.session_id and not _is_nowhere(row)
    ]


def _is_nowhere(row: EventFact) -> bool:
    return row.session_id is not None and row.device_key == 0 and row.geo_key == 0
