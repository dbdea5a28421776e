"""An empty outbox, an endpoint or more, and a worker's loop whose clock the test moves."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_bytes, token_hex
from typing import Any

import pytest
from sqlalchemy import text

from service.contracts.events import Event, EventType
from service.domain.instants import to_datetime
from service.domain.reach import Reach
from service.domain.secrets import at_rest
from service.outbound.http import Outbound
from service.store.audit import AuditRecords, StreamedEvent
from service.store.database import Database
from service.store.event_log import EventLog
from service.store.webhook_deliveries import WebhookDeliveries
from service.store.webhook_endpoints import Endpoint, WebhookEndpoints
from tests.conftest import SECRET_KEY, now_ms
from tests.support.audit import person_keys
from tests.support.receiver import Receiver, receiver
from workers.webhooks import DeliverWebhooks

SECRET = bytes(range(32))


@dataclass
class Clock:
    """Milliseconds that only a test moves."""

    ms: int = field(default_factory=now_ms)

    def __call__(self) -> int:
        return self.ms

    @property
    def now(self) -> datetime:
        return to_datetime(self.ms)

    def move(self, by: timedelta) -> None:
        self.ms += by // timedelta(milliseconds=1)


@dataclass(frozen=True)
class Outbox:
    """The tables of webhooks, and the audit that fills them."""

    database: Database
    audit: AuditRecords
    endpoints: WebhookEndpoints
    deliveries: WebhookDeliveries
    events: EventLog
    clock: Clock
    partition: int = 5

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    async def rows(self) -> list[Any]:
        return await self.sql("select * from webhook_deliveries order by id")

    async def add(self, url: str, *types: str, secret: bytes = SECRET) -> Endpoint:
        async def announce(_: Endpoint) -> None:
            return None

        return await self.endpoints.add(
            endpoint_id=f"ep_{token_hex(6)}",
            url=url,
            types=types or ("*",),
            secret=secret,
            announce=announce,
        )

    async def endpoint(self, endpoint_id: str) -> Endpoint:
        [found] = [one for one in await self.endpoints.all() if one.id == endpoint_id]
        return found

    async def happen(
        self, *kinds: EventType, partition: int | None = None, **fields: Any
    ) -> list[StreamedEvent]:
        """Store events as a worker does."""
        at_ms = self.clock()
        events = [
            StreamedEvent(f"{at_ms}-{token_hex(4)}", event_of(kind, at_ms=at_ms, **fields))
            for kind in kinds or (EventType.SESSION_ENDED,)
        ]
        await self.audit.record(self.partition if partition is None else partition, events)
        return events

    @asynccontextmanager
    async def worker(
        self, reach: Reach = Reach.LOOPBACK, **given: Any
    ) -> AsyncIterator[DeliverWebhooks]:
        """A worker's loop that takes its turns when a test says so."""
        options = {name: given.pop(name) for name in ("seconds", "resolver") if name in given}
        async with Outbound(reach, **options) as http:
            loop = DeliverWebhooks(
                self.deliveries, self.endpoints, self.events, http, self.clock, lambda: 0.0, **given
            )
            yield loop
            await loop.finish()

    async def deliver(self, **given: Any) -> int:
        """All that is due now, and what came of it noted; how many tries."""
        async with self.worker(**given) as loop:
            return await deliver_all(loop)


async def deliver_all(loop: DeliverWebhooks) -> int:
    """Turns until nothing is due."""
    tries = 0
    while begun := await loop.turn():
        tries += begun
        await loop.finish()
    return tries


def event_of(kind: EventType, **fields: Any) -> Event:
    """Somebody's, with all that is personal."""
    return Event(
        **{
            "type": kind,
            "user_id": "9c44b5c9-8279-4821-a08e-98e8f07f0981",
            "session_id": "CcgrIW-_fsdC28SgIUTH2XU",
            "generation": 3,
            "ip": "203.0.113.7",
            "user_agent": "CanaryBrowser/7",
            "request_id": "canary-request",
            "reason": "logout",
            "data": {"device": "canary's telephone", "amr": ["pwd"]},
            **fields,
        }
    )


@pytest.fixture
async def outbox(database: Database, scripts: Any) -> AsyncIterator[Outbox]:
    """Nobody else's endpoints or deliveries are there."""
    sealer, clock = at_rest([SECRET_KEY], token_bytes), Clock()
    opened = Outbox(
        database,
        AuditRecords(database, person_keys(database), clock),
        WebhookEndpoints(database, sealer),
        WebhookDeliveries(database, sealer),
        EventLog(scripts),
        clock,
    )
    await opened.sql("truncate webhook_endpoints, webhook_deliveries")
    yield opened
    await opened.sql("truncate webhook_endpoints, webhook_deliveries")


@pytest.fixture
async def product() -> AsyncIterator[Receiver]:
    """A receiver that takes everything."""
    async with receiver() as taking:
        yield taking


@pytest.fixture
def told(redis: Any) -> Callable[[], Any]:
    """What the streams say of webhooks, by type; the newest of each stream is enough."""

    async def read() -> list[dict[str, str]]:
        from service.contracts import keys

        found = []
        for partition in range(keys.PARTITIONS):
            for _, fields in await redis.xrange(keys.events(partition)):
                said = {name.decode(): value.decode() for name, value in fields.items()}
                if said["type"].startswith("webhook."):
                    found.append(said)
        return found

    return read
