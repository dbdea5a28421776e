"""A partition's event stream seen as three verbs: claim, take, acknowledge."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from service.contracts import keys
from service.store.scripts import Values, load

Fields = dict[bytes, bytes]
Entry = tuple[str, Fields]


class EventStream:
    """One partition's stream, read as one consumer of the audit's group."""

    def __init__(self, redis: Redis, partition: int, consumer: str) -> None:
        self.partition = partition
        self._redis = redis
        self._key = keys.events(partition)
        self._consumer = consumer

    async def ensure_group(self) -> None:
        """Make the group, from the stream's very beginning, unless it is there."""
        await self._run("events_group", group=keys.EVENT_GROUP)

    async def claim(self, *, idle_ms: int, count: int) -> list[Entry]:
        """Take over what another consumer read and never finished."""
        reply = await self._redis.xautoclaim(
            self._key,
            keys.EVENT_GROUP,
            self._consumer,
            min_idle_time=idle_ms,
            count=count,
        )
        return _entries(reply[1])

    async def take(self, count: int) -> list[Entry]:
        """Entries that nobody has read; empty when the stream is dry."""
        return await self._read(">", count)

    async def resume(self, count: int) -> list[Entry]:
        """The oldest entries that this consumer was given and never acknowledged."""
        return await self._read("0", count)

    async def _read(self, since: str, count: int) -> list[Entry]:
        reply = await self._redis.xreadgroup(
            keys.EVENT_GROUP, self._consumer, {self._key: since}, count=count
        )
        return _entries(reply[0][1]) if reply else []

    async def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Drop entries that are stored, from the group and from the stream."""
        ids = [entry_id for entry_id, _ in entries]
        await self._run("events_ack", group=keys.EVENT_GROUP, ids=ids)

    async def _run(self, name: str, **given: Values) -> None:
        """Run a script that may be repeated."""
        script = load(name)
        arguments = script.arguments({"events": self._key, **given})
        try:
            await self._redis.execute_command("EVALSHA", script.sha, *arguments)
        except NoScriptError:
            await self._redis.execute_command("EVAL", script.source, *arguments)


def _entries(raw: Any) -> list[Entry]:
    """Decoded ids; an entry that was deleted under a reader comes without fields."""
    return [(entry_id.decode(), fields or {}) for entry_id, fields in raw if entry_id]
