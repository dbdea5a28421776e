"""Let a BI tool's role read the versioned views; that it may stands in the audit."""

from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.sessions import Origin
from service.store.event_log import EventLog
from service.store.view_grants import Granted, ViewGrants


@dataclass(frozen=True, slots=True)
class GrantViews:
    """Raises RoleRefusedError and ServiceUnavailableError."""

    grants: ViewGrants
    events: EventLog

    async def __call__(self, role: str, origin: Origin) -> Granted:
        await self.events.append(
            EventType.ANALYTICS_GRANTED, origin, reason="command_line", data={"role": role}
        )
        return await self.grants.grant(role)
