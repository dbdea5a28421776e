"""Names of workers that are gone are forgotten; what one of them was reading is not."""

from datetime import timedelta

import pytest

from service.contracts import keys
from tests.store.conftest import World
from workers.stream import EventStream
from workers.sweep import SweepConsumers

LONG = timedelta(hours=1)


@pytest.mark.parametrize("world", ["real"], indirect=True)
async def test_names_go_and_entries_stay(world: World) -> None:
    """Who holds an entry keeps it, and who asked just now keeps the name."""
    session = await world.open()
    streams = [
        EventStream(world.redis, world.partition, name) for name in ("dead", "gone", "alive")
    ]
    await streams[0].ensure_group()
    taken = await streams[0].take(100_000)
    for stream in streams[1:]:
        await stream.take(1)

    assert await SweepConsumers(world.scripts, LONG)() == 0
    dropped = await SweepConsumers(world.scripts, timedelta(milliseconds=-1))()
    left = {
        consumer["name"]
        for consumer in await world.redis.xinfo_consumers(
            keys.events(world.partition), keys.EVENT_GROUP
        )
    }
    assert dropped >= 2
    assert b"dead" in left
    assert not left & {b"gone", b"alive"}
    claimed = await streams[2].claim(idle_ms=0, count=100_000)
    assert {entry_id for entry_id, _ in taken} <= {entry_id for entry_id, _ in claimed}
    assert any(fields.get(b"session_id") == session.id.encode() for _, fields in claimed)
    await streams[2].acknowledge(claimed)
