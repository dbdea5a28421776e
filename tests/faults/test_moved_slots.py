"""Partitions move from one node of a cluster to another under load."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from service.contracts import keys
from service.embedded import EmbeddedCluster, start_cluster, start_valkey
from service.store.redis_pool import open_redis
from tests.faults.books import Damage
from tests.faults.stage import SECONDS, Stage, open_stage, suffer
from tests.support.people import Person
from tests.support.slots import Move, slot_of
from tests.support.waiting import PATIENCE

MOVED = 3
"""People whose partitions move."""


@dataclass(frozen=True)
class Scene:
    """A stage on a cluster, and a client of each node."""

    stage: Stage
    cluster: EmbeddedCluster
    nodes: list[Redis]

    async def moves(self, people: Sequence[Person]) -> list[Move]:
        """The slots of some people's partitions, each with its way before it."""
        partitions = {keys.partition_of(person.id) for person in people[:MOVED]}
        moves = [
            Move(self.cluster, self.nodes, slot_of(keys.events(partition)))
            for partition in partitions
        ]
        for move in moves:
            await move.begin()
        return moves


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    fresh_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """A cluster of three primaries; the queue is on a server of its own."""
    home = tmp_path_factory.mktemp("cluster")
    async with AsyncExitStack() as stack:
        queue = stack.enter_context(start_valkey(home / "queue", durable=False))
        cluster = stack.enter_context(start_cluster(home / "cluster"))
        nodes = [open_redis(node.url, timeout=PATIENCE) for node in cluster.nodes]
        for node in nodes:
            stack.push_async_callback(node.aclose)
        stage = await stack.enter_async_context(
            open_stage(
                redis_url=cluster.url,
                database_url=fresh_database,
                log=home / "log",
                env={"QUEUE_REDIS_URL": queue.url},
            )
        )
        yield Scene(stage, cluster, nodes)


async def _pause(seconds: float) -> None:
    """Let people meet a slot that is half here and half there."""
    await asyncio.sleep(seconds)


async def key_by_key(scene: Scene, people: Sequence[Person]) -> Damage:
    """As Redis 7 and `redis-cli --cluster reshard` do it, and slowly."""
    for move in await scene.moves(people):
        await move.open()
        await _pause(SECONDS / MOVED / 2)
        while await move.one_key():
            await _pause(SECONDS / MOVED / 100)
        await move.close()
    return Damage()


async def as_a_whole(scene: Scene, people: Sequence[Person]) -> Damage:
    """As Valkey 9 does it."""
    for move in await scene.moves(people):
        await move.at_once()
    return Damage()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(key_by_key, id="slots moved key by key"),
        pytest.param(as_a_whole, id="slots moved as a whole"),
    ],
)
async def test_moved_slots(
    fault: Callable[[Scene, Sequence[Person]], Awaitable[Damage]],
    scene: Scene,
    request: pytest.FixtureRequest,
) -> None:
    """Some wait for a moment; nothing is lost, and nobody is given what belongs to another."""
    await suffer(scene.stage, lambda people: fault(scene, people), request.node.callspec.id)
