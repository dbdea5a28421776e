"""What health says of each topology."""

from typing import Literal

from service.embedded import EmbeddedCluster, EmbeddedSentinels
from service.store.health import RedisHealth, RedisState
from service.store.redis_pool import open_redis
from service.store.redis_url import Topology
from tests.support.failover import know_each_other
from tests.support.waiting import PATIENCE, wait_until


async def test_sentinel(sentinels: EmbeddedSentinels) -> None:
    """Two replicas, and how far the nearest is behind."""
    await know_each_other(sentinels)
    redis = open_redis(sentinels.url, timeout=PATIENCE)
    health = RedisHealth(redis)

    async def replicated() -> RedisState | Literal[False]:
        state = await health.server()
        return state.replication_lag_bytes == 0 and state

    state = await wait_until(replicated)
    assert (state.topology, state.role, state.replicas) == (Topology.SENTINEL, "master", 2)
    assert (state.aof_enabled, state.last_save_ok) == (True, True)
    assert len(await health.clocks_ms()) == 1
    await redis.aclose()


async def test_cluster(cluster: EmbeddedCluster) -> None:
    """Sums over all primaries, and what is left of them."""
    redis = open_redis(cluster.url, timeout=PATIENCE)
    health = RedisHealth(redis)
    whole = await health.server()
    assert (whole.topology, whole.nodes, whole.nodes_away) == (Topology.CLUSTER, 3, 0)
    assert len(await health.clocks_ms()) == 3

    one = open_redis(cluster.nodes[0].url, timeout=PATIENCE)
    assert whole.used_memory_bytes > 2 * (await one.info("memory"))["used_memory"]
    await one.config_set("maxmemory-policy", "allkeys-lru")
    assert (await health.server()).maxmemory_policy == "allkeys-lru"
    await one.aclose()

    cluster.nodes[2].kill()
    assert (await health.server()).nodes_away == 1
    assert len(await health.clocks_ms()) == 2
    assert (await health.workers()).backlog == 0
    await redis.aclose()
