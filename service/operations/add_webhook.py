"""A product wants to be told of events: its endpoint, and the secret that proves who tells."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from service.contracts.events import EventType
from service.contracts.webhooks import OFFERED, unknown
from service.domain.errors import FieldError, ValidationFailedError
from service.domain.sessions import Origin
from service.domain.webhook_signature import SECRET_BYTES, secret_text
from service.store.event_log import EventLog
from service.store.webhook_endpoints import Endpoint, WebhookEndpoints

ID_BYTES = 6
MOST = 100
"""Endpoints; each batch of events is held against all of them."""


@dataclass(frozen=True, slots=True)
class Told:
    """An endpoint and its secret, which nobody is shown again."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddWebhook:
    """Both stores must answer. Raises ValidationFailedError naming what is wrong.

    `check_url` raises the same for a URL that no delivery would be made to.
    """

    endpoints: WebhookEndpoints
    events: EventLog
    check_url: Callable[[str], Awaitable[None]]
    randomness: Callable[[int], bytes]

    async def __call__(self, url: str, types: Sequence[str], origin: Origin, actor: str) -> Told:
        if bad := unknown(types) or (not types and ["nothing"]):
            offered = ", ".join(sorted(OFFERED))
            message = f"nothing on offer is called {', '.join(bad)}; there are {offered}"
            raise ValidationFailedError([FieldError("type", message)])
        if len(await self.endpoints.all()) >= MOST:
            message = f"there are {MOST} endpoints already; remove one"
            raise ValidationFailedError([FieldError("url", message)])
        await self.check_url(url)
        secret = self.randomness(SECRET_BYTES)

        async def announce(added: Endpoint) -> None:
            await self.events.append(
                EventType.WEBHOOK_ADDED, origin, actor_id=actor, data=said_of(added)
            )

        endpoint = await self.endpoints.add(
            endpoint_id=f"ep_{self.randomness(ID_BYTES).hex()}",
            url=url,
            types=sorted(set(types)),
            secret=secret,
            announce=announce,
        )
        return Told(endpoint, secret_text(secret))


def said_of(endpoint: Endpoint) -> dict[str, object]:
    """What the audit says of an endpoint; the rest of its URL may be a secret."""
    return {
        "endpoint": endpoint.id,
        "host": urlsplit(endpoint.url).hostname,
        "types": list(endpoint.types),
    }
