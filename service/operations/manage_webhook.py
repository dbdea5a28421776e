"""What becomes of an endpoint: removed, disabled, enabled again, given another secret."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.contracts.events import EventType
from service.domain.errors import NotFoundError
from service.domain.instants import to_datetime
from service.domain.sessions import Origin
from service.domain.webhook_signature import SECRET_BYTES, secret_text
from service.operations.add_webhook import Told, said_of
from service.store.event_log import EventLog
from service.store.webhook_endpoints import (
    Announce,
    DisabledReason,
    Endpoint,
    WebhookEndpoints,
)


@dataclass(frozen=True, slots=True)
class ManageWebhook:
    """Each is audited with who did it, and needs both stores. Raises NotFoundError."""

    endpoints: WebhookEndpoints
    events: EventLog
    randomness: Callable[[int], bytes]
    now_ms: Callable[[], int]

    async def remove(self, endpoint_id: str, origin: Origin, actor: str) -> Endpoint:
        """Forget it, and what waits for it."""
        announce = self._announcing(EventType.WEBHOOK_REMOVED, origin, actor)
        return _found(await self.endpoints.remove(endpoint_id, announce))

    async def enable(self, endpoint_id: str, origin: Origin, actor: str) -> Endpoint:
        """Deliver again, what has waited first."""
        announce = self._announcing(EventType.WEBHOOK_ENABLED, origin, actor)
        return _found(await self.endpoints.enable(endpoint_id, self._now(), announce))

    async def disable(self, endpoint_id: str, origin: Origin, actor: str) -> Endpoint | None:
        """Deliver no more; what happens meanwhile waits. None when it is so already."""
        announce = self._announcing(EventType.WEBHOOK_DISABLED, origin, actor, "operator")
        disabled = await self.endpoints.disable(
            endpoint_id, DisabledReason.OPERATOR, self._now(), announce
        )
        if disabled is None and endpoint_id not in {one.id for one in await self.endpoints.all()}:
            raise NotFoundError
        return disabled

    async def rotate_secret(
        self, endpoint_id: str, origin: Origin, actor: str, *, keep: timedelta
    ) -> Told:
        """Sign with a new secret, and for so long with the former one too."""
        secret = self.randomness(SECRET_BYTES)
        rotated = await self.endpoints.rotate_secret(
            endpoint_id,
            secret,
            previous_until=self._now() + keep,
            announce=self._announcing(EventType.WEBHOOK_SECRET_ROTATED, origin, actor),
        )
        return Told(_found(rotated), secret_text(secret))

    def _announcing(
        self, kind: EventType, origin: Origin, actor: str, reason: str = ""
    ) -> Announce:
        async def announce(endpoint: Endpoint) -> None:
            await self.events.append(
                kind, origin, actor_id=actor, reason=reason, data=said_of(endpoint)
            )

        return announce

    def _now(self) -> datetime:
        return to_datetime(self.now_ms())


def _found(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise NotFoundError
    return endpoint
