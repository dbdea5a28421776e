"""Send deliveries again: those that failed, those of an outage, or some by number."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from service.contracts.events import EventType
from service.domain.instants import to_datetime
from service.domain.sessions import Origin
from service.store.event_log import EventLog
from service.store.webhook_deliveries import WebhookDeliveries


@dataclass(frozen=True, slots=True)
class ReplayWebhooks:
    """Receivers see the same webhook-id as before. Both stores must answer."""

    deliveries: WebhookDeliveries
    events: EventLog
    now_ms: Callable[[], int]

    async def __call__(
        self,
        origin: Origin,
        actor: str,
        *,
        ids: Collection[int] = (),
        endpoint_id: str | None = None,
        since: datetime | None = None,
        failed: bool = False,
    ) -> int:
        """How many will be sent again: of those that are not waiting anyway."""

        async def announce(count: int) -> None:
            data = {"deliveries": count, **({"endpoint": endpoint_id} if endpoint_id else {})}
            await self.events.append(EventType.WEBHOOK_REPLAYED, origin, actor_id=actor, data=data)

        return await self.deliveries.replay(
            to_datetime(self.now_ms()),
            announce,
            ids=ids,
            endpoint_id=endpoint_id,
            since=since,
            failed=failed,
        )
