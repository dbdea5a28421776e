"""Tells products what happened: takes what is due from the outbox, sends it, notes what came of it.

At least once: who dies between sending and noting leaves the row to another worker, which sends the
same id again. What is due is read from SQL, so no missed tick and no lost queue delays it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import SystemRandom
from urllib.parse import urlsplit

import structlog

from service.contracts.events import EventType
from service.domain.errors import ServiceUnavailableError
from service.domain.instants import to_datetime
from service.domain.reach import Reach
from service.domain.secrets import Sealer
from service.domain.sessions import Origin
from service.domain.webhook_signature import signed_headers
from service.domain.webhook_tries import exhausted, next_delay, pause
from service.outbound.http import Answer, Outbound
from service.store.database import Database
from service.store.event_log import EventLog
from service.store.webhook_deliveries import Delivery, Outcome, WebhookDeliveries
from service.store.webhook_endpoints import DisabledReason, Endpoint, WebhookEndpoints

AT_ONCE = 64
"""Requests of one worker that are under way."""
AT_ONCE_EACH = 4
"""Of them to one endpoint, so that a slow one leaves room for the others."""
LEASE = timedelta(seconds=60)
"""Far more than a request may take."""
PAUSE_SECONDS = 1.0
BACKOFF_SECONDS = 5.0
GONE = 410
ASK_TO_WAIT = frozenset({429, 503})
UNREADABLE = "secret_unreadable"
SWEEP_BATCHES = 50

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class DeliverWebhooks:
    """Sends until it is told to stop. `chance` gives numbers from 0 to 1."""

    deliveries: WebhookDeliveries
    endpoints: WebhookEndpoints
    events: EventLog
    http: Outbound
    now_ms: Callable[[], int]
    chance: Callable[[], float]
    at_once: int = AT_ONCE
    at_once_each: int = AT_ONCE_EACH
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _busy: Counter[str] = field(default_factory=Counter)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _outcomes: list[Outcome] = field(default_factory=list)
    """Not yet noted."""

    async def run(self) -> None:
        """Deliver until `stop`, then let what is under way end; wait out a store that is away."""
        while not self._stopping.is_set():
            try:
                await self.turn()
            except ServiceUnavailableError:
                log.warning("webhooks.store_away")
                await self._rest(BACKOFF_SECONDS)
            except Exception:  # what was taken comes back when its lease ends
                log.exception("webhooks.failed")
                await self._rest(BACKOFF_SECONDS)
            else:
                await self._rest(0 if self._outcomes else PAUSE_SECONDS, *self._under_way)
        try:
            await self.finish()
        except Exception:  # noqa: BLE001 - sent again by another worker, with the same ids
            log.warning("webhooks.not_noted", deliveries=len(self._outcomes))

    def stop(self) -> None:
        """End `run` within the time that a request may take."""
        self._stopping.set()

    async def turn(self) -> int:
        """Note what has ended, and begin what is due as far as there is room; how many it began."""
        await self._settle()
        if (room := self.at_once - len(self._under_way)) <= 0:
            return 0
        claimed = await self.deliveries.claim(
            self._now(), lease=LEASE, room=room, each=self.at_once_each, busy=self._busy
        )
        for delivery in claimed:
            self._busy[delivery.endpoint_id] += 1
            task = asyncio.create_task(self._send(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(claimed)

    async def finish(self) -> None:
        """Wait for what is under way and note it."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._settle()

    async def _send(self, delivery: Delivery) -> None:
        try:
            answer = await self._post(delivery)
        except Exception:
            log.exception("webhooks.failed", delivery=delivery.id)
            answer = Answer(None, "internal")
        finally:
            self._busy -= Counter({delivery.endpoint_id: 1})
        self._outcomes.append(self._outcome(delivery, answer))

    async def _post(self, delivery: Delivery) -> Answer:
        if not delivery.secrets:
            log.error("webhooks.secret_unreadable", endpoint=delivery.endpoint_id)
            return Answer(None, UNREADABLE)
        headers = signed_headers(
            delivery.secrets,
            event_id=delivery.event_id,
            at_seconds=self.now_ms() // 1000,
            body=delivery.body,
        )
        return await self.http.post(
            delivery.url, delivery.body, {"Content-Type": "application/json", **headers}
        )

    def _outcome(self, delivery: Delivery, answer: Answer) -> Outcome:
        if answer.ok:
            return Outcome(delivery, ok=True, due_at=None, status=answer.status, error=None)
        now_ms, asked = self.now_ms(), None
        if answer.status in ASK_TO_WAIT:
            asked = pause(answer.retry_after, now_ms)
        delay = next_delay(delivery.tries, self.chance())
        now = to_datetime(now_ms)
        return Outcome(
            delivery,
            ok=False,
            due_at=None if delay is None else now + max(delay, asked or delay),
            status=answer.status,
            error=answer.error or "refused",
            paused_until=None if asked is None else now + asked,
        )

    async def _settle(self) -> None:
        """Note what has ended; what can't be noted now, later."""
        if not self._outcomes:
            return
        noted, now = list(self._outcomes), self._now()
        failing = await self.deliveries.settle(noted, now)
        del self._outcomes[: len(noted)]
        await self._give_up(noted, {i for i, since in failing.items() if exhausted(since, now)})

    async def _give_up(self, noted: Iterable[Outcome], failing: set[str]) -> None:
        gone = {each.delivery.endpoint_id for each in noted if each.status == GONE}
        for endpoint_id in sorted(gone | failing):
            reason = DisabledReason.GONE if endpoint_id in gone else DisabledReason.FAILING
            announce = partial(self._announce, reason)
            disabled = await self.endpoints.disable(endpoint_id, reason, self._now(), announce)
            if disabled is not None:
                log.error("webhooks.disabled", endpoint=endpoint_id, reason=reason.value)

    async def _announce(self, reason: DisabledReason, endpoint: Endpoint) -> None:
        data = {"endpoint": endpoint.id, "host": urlsplit(endpoint.url).hostname}
        await self.events.append(EventType.WEBHOOK_DISABLED, Origin(), reason=reason, data=data)

    def _now(self) -> datetime:
        return to_datetime(self.now_ms())

    async def _rest(self, seconds: float, *or_until: asyncio.Task[None]) -> None:
        """So long, or until one of these has ended, or `stop`."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait(
            {stopping, *or_until}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        stopping.cancel()


@asynccontextmanager
async def delivering(
    database: Database, sealer: Sealer, events: EventLog, reach: Reach, now_ms: Callable[[], int]
) -> AsyncIterator[WebhookDeliveries]:
    """Deliver in the background until the end."""
    deliveries, endpoints = WebhookDeliveries(database, sealer), WebhookEndpoints(database, sealer)
    async with Outbound(reach) as http:
        loop = DeliverWebhooks(deliveries, endpoints, events, http, now_ms, SystemRandom().random)
        running = asyncio.create_task(loop.run())
        try:
            yield deliveries
        finally:
            loop.stop()
            await running


@dataclass(frozen=True, slots=True)
class SweepDeliveries:
    """Drop deliveries of old; what is still tried stays."""

    deliveries: WebhookDeliveries
    keep: timedelta
    now_ms: Callable[[], int]

    async def __call__(self) -> int:
        """How many it dropped; many are left to the next time."""
        before, dropped = to_datetime(self.now_ms()) - self.keep, 0
        for _ in range(SWEEP_BATCHES):
            count = await self.deliveries.sweep(before)
            dropped += count
            if not count:
                break
        if dropped:
            log.info("webhooks.swept", deliveries=dropped)
        return dropped
