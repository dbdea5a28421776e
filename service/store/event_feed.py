"""Events that were made elsewhere, put on the streams as the scripts put theirs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from service.contracts import keys
from service.contracts.events import Event
from service.domain.errors import ServiceUnavailableError

NAMES = Event._fields


@dataclass(frozen=True, slots=True)
class EventFeed:
    """Writes events, and sees how far the workers are. Raises ServiceUnavailableError."""

    redis: Redis
    _last: dict[int, str] = field(default_factory=dict)

    async def write(self, events: Sequence[tuple[int, Event]]) -> list[str]:
        """Put events on the streams of their partitions, in this order, in one round trip.

        Returns their `event_id` in the facts.
        """
        pipeline = self.redis.pipeline(transaction=False)
        for partition, event in events:
            pipeline.execute_command("XADD", keys.events(partition), "*", *entry_of(event))
        ids = []
        for (partition, _), entry_id in zip(events, await _run(pipeline), strict=True):
            self._last[partition] = entry_id.decode()
            ids.append(f"{partition:02d}-{self._last[partition]}")
        return ids

    async def waiting(self) -> int:
        """How many entries no table holds yet, whoever wrote them."""
        pipeline = self.redis.pipeline(transaction=False)
        for partition in range(keys.PARTITIONS):
            pipeline.xlen(keys.events(partition))
        return sum(await _run(pipeline))

    async def stored(self) -> bool:
        """Whether all that was written here has left the streams for the tables."""
        if not self._last:
            return True
        pipeline = self.redis.pipeline(transaction=False)
        for partition, last in self._last.items():
            pipeline.xrange(keys.events(partition), min="-", max=last, count=1)
        return not any(await _run(pipeline))


def entry_of(event: Event) -> list[str | int]:
    """Names and values as `emit` of parts.lua writes them: what is empty is left out."""
    entry: list[str | int] = []
    for name, value in zip(NAMES[:-1], event[:-1], strict=True):
        if value not in ("", None):
            entry += [name, value]
    return [*entry, "data", json.dumps(event.data)] if event.data else entry


async def _run(pipeline: Pipeline) -> list[Any]:
    try:
        return await pipeline.execute()
    except (RedisError, OSError) as error:
        raise ServiceUnavailableError from error
