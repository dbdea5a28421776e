"""Events that change no state in Redis, and how far the workers are behind."""

import json
from collections.abc import Mapping
from typing import Any

from service.contracts import keys
from service.contracts.events import EventType
from service.domain.sessions import Origin
from service.store.live_sessions import STORE_CLOCK
from service.store.script_client import ScriptClient


class EventLog:
    """Writes to the streams. Raises ServiceUnavailableError while Redis is away."""

    def __init__(self, scripts: ScriptClient) -> None:
        self._scripts = scripts

    async def append(
        self,
        event: EventType,
        origin: Origin,
        *,
        user_id: str = "",
        session_id: str = "",
        actor_id: str = "",
        reason: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Say that something happened to a person, or to nobody we know."""
        await self._scripts.run(
            "event_append",
            events=keys.events(keys.partition_of(user_id or origin.request_id)),
            type=event,
            user_id=user_id,
            session_id=session_id,
            actor_id=actor_id,
            reason=reason,
            data=json.dumps(data) if data else "",
            now_ms=STORE_CLOCK,
            **origin.fields(),
        )
