"""The outbox: what endpoints are to be told is written with the audit rows that tell it."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.events import Event
from service.contracts.tables import webhook_endpoints
from service.contracts.webhooks import OFFERED, data_of, event_id, wants
from service.domain.instants import to_rfc3339

_ENDPOINTS = select(webhook_endpoints.c.id, webhook_endpoints.c.types)

# The lock keeps an endpoint from being removed before its row is committed; a removed one is left
# out. What is known by its id is known: events come again when a worker dies.
_ENQUEUE = text("""
    insert into webhook_deliveries (endpoint_id, event_id, type, body, created_at, due_at)
    select e.id, told.event_id, told.type, told.body, :at, :at
    from unnest(cast(:endpoints as text[]), cast(:events as text[]), cast(:types as text[]),
                cast(:bodies as text[])) as told (endpoint_id, event_id, type, body)
    join webhook_endpoints e on e.id = told.endpoint_id
    for key share of e
    on conflict (endpoint_id, event_id) do nothing
""")


async def enqueue(
    connection: AsyncConnection, partition: int, events: Sequence[tuple[str, Event]], at: datetime
) -> None:
    """Add a row for each of these events, by stream id, and each endpoint that wants it.

    A batch with nothing on offer costs nothing; any other one look at the endpoints. They are read
    in the transaction, so what an endpoint wants counts from the commit of that wish on.
    """
    offered = [(stream_id, event) for stream_id, event in events if event.type in OFFERED]
    if not offered:
        return
    endpoints = (await connection.execute(_ENDPOINTS)).all()
    if not endpoints:
        return
    rows = [
        (endpoint.id, event_id(partition, stream_id), event.type.value, body_of(event))
        for stream_id, event in offered
        for endpoint in endpoints
        if wants(endpoint.types, event.type)
    ]
    if rows:
        told, ids, types, bodies = map(list, zip(*rows, strict=True))
        await connection.execute(
            _ENQUEUE,
            {"at": at, "endpoints": told, "events": ids, "types": types, "bodies": bodies},
        )


def body_of(event: Event) -> str:
    """The payload of an event, as it will be signed."""
    return to_body(event.type, event.at_ms, data_of(event))


def to_body(kind: str, at_ms: int, data: dict[str, str]) -> str:
    """`{"type": …, "timestamp": …, "data": {…}}` without spaces."""
    payload = {"type": kind, "timestamp": to_rfc3339(at_ms), "data": data}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
