"""The primary dies before its replicas have heard what it acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from service.contracts import keys
from service.contracts.tables import sessions
from service.domain.ids import partition_in
from service.embedded import EmbeddedSentinels, start_sentinels
from service.store.redis_pool import open_redis
from tests.faults.books import Damage
from tests.faults.stage import SECONDS, Stage, open_stage, suffer
from tests.support.failover import cut_off, know_each_other, replicated
from tests.support.waiting import PATIENCE, wait_until

NAME = "inphora"
UNHEARD = 3
"""Ends, at least, that were acknowledged and that no replica knows of."""


@dataclass(frozen=True)
class Scene:
    """A stage whose Redis is watched by Sentinels."""

    stage: Stage
    sentinels: EmbeddedSentinels


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    fresh_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    home = tmp_path_factory.mktemp("failover")
    with start_sentinels(home / "sentinels") as sentinels:
        await know_each_other(sentinels)
        await replicated(sentinels)
        async with open_stage(
            redis_url=sentinels.url, database_url=fresh_database, log=home / "log", env={}
        ) as stage:
            yield Scene(stage, sentinels)


async def failed_over(scene: Scene) -> Damage:
    """Replicas lag, the primary dies, and one of them is made the primary."""
    primary, *others = scene.sentinels.servers
    async with AsyncExitStack() as stack:
        replicas = [open_redis(server.url, timeout=PATIENCE) for server in others]
        for replica in replicas:
            stack.push_async_callback(replica.aclose)
        since = monotonic()
        await replicated(scene.sentinels)  # what was on its way to the replicas then
        for replica in replicas:
            await cut_off(replica)
        await asyncio.sleep(SECONDS / 2)
        await wait_until(lambda: _unheard(scene.stage, replicas[0]))
        primary.kill()
        until = monotonic()  # whoever has asked may be answered yet
        for replica in replicas:
            await replica.config_set("masterauth", scene.sentinels.password)
        await wait_until(lambda: _promoted(scene.sentinels))
    return Damage(since=since, until=until)


async def _unheard(stage: Stage, replica: Any) -> bool:
    """Whether the replica takes enough sessions for alive whose end was acknowledged."""
    async with stage.tables.transaction() as connection:
        query = select(sessions.c.id).where(sessions.c.end_applied)
        ended = (await connection.execute(query)).scalars().all()
    alive = [
        await replica.hexists(
            keys.session(partition_in(s, partitions=keys.PARTITIONS) or 0, s), "u"
        )
        for s in ended
    ]
    return bool(sum(alive) >= UNHEARD)


async def _promoted(sentinels: EmbeddedSentinels) -> bool:
    """Whether a majority names another primary."""
    named = 0
    for sentinel in sentinels.sentinels:
        redis = open_redis(sentinel.url, timeout=PATIENCE)
        _, port = await redis.sentinel_get_master_addr_by_name(NAME)
        await redis.aclose()
        named += int(port) != sentinels.servers[0].port
    return 2 * named > len(sentinels.sentinels)


@pytest.mark.asyncio(loop_scope="module")
async def test_failover_to_a_late_replica(scene: Scene) -> None:
    """No end is undone, and nobody is signed out because a replica did not know of a refresh."""
    await suffer(scene.stage, lambda _: failed_over(scene), "failed over to a late replica")
