"""Sentinels and replicas, put into the state a test wants."""

from typing import Any

from redis.asyncio import Redis

from service.embedded import EmbeddedSentinels
from service.store.redis_pool import open_redis
from tests.support.waiting import PATIENCE, wait_until


async def know_each_other(sentinels: EmbeddedSentinels) -> None:
    """Wait until every Sentinel would fail over: it knows the others and both replicas."""
    for sentinel in sentinels.sentinels:
        redis = open_redis(sentinel.url, timeout=PATIENCE)

        async def ready(redis: Any = redis) -> bool:
            state = await redis.sentinel_master("inphora")
            return (state["num-other-sentinels"], state["num-slaves"]) == (2, 2)

        await wait_until(ready)
        await redis.aclose()


async def cut_off(replica: Redis) -> None:
    """Part a replica from its primary, and keep it from coming back."""
    await replica.config_set("masterauth", "wrong")
    await replica.execute_command("CLIENT", "KILL", "TYPE", "master")

    async def parted() -> bool:
        status: str = (await replica.info("replication"))["master_link_status"]
        return status == "down"

    await wait_until(parted)


async def replicated(sentinels: EmbeddedSentinels) -> None:
    """Wait until both replicas have all that was written so far."""
    primary = open_redis(sentinels.servers[0].url, timeout=PATIENCE)
    await primary.set("auth:marker", 1, px=60_000)

    async def both() -> bool:
        return int(await primary.wait(2, 100)) == 2

    await wait_until(both)
    await primary.aclose()
