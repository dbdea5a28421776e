"""The cluster's client as a Redis: what it promises besides finding keys."""

from collections.abc import AsyncIterator
from hashlib import sha1

import pytest
from redis.exceptions import ConnectionError  # noqa: A004

from service.domain.errors import ServiceUnavailableError
from service.embedded import EmbeddedCluster
from service.store import redis_node
from service.store.redis_cluster import ClusterRedis
from service.store.redis_pool import open_pool, open_redis
from service.store.script_client import ScriptClient
from service.store.scripts import load
from service.store.sender import Call, open_sender
from tests.support.slots import slot_of
from tests.support.waiting import PATIENCE, wait_until

PARTED = [f"auth:{{{partition:02d}}}:try" for partition in range(16)]


@pytest.fixture
async def redis(cluster: EmbeddedCluster) -> AsyncIterator[ClusterRedis]:
    """A client of a cluster that the test may harm."""
    client = open_redis(cluster.url, timeout=PATIENCE)
    assert isinstance(client, ClusterRedis)
    yield client
    await client.aclose()


@pytest.fixture
async def shared(shared_cluster: EmbeddedCluster) -> AsyncIterator[ClusterRedis]:
    """A client of the shared cluster."""
    client = open_redis(shared_cluster.url, timeout=PATIENCE)
    assert isinstance(client, ClusterRedis)
    yield client
    await client.aclose()


def on(cluster: EmbeddedCluster, redis: ClusterRedis, index: int) -> str:
    """A key that lies on a node."""
    port = cluster.nodes[index].port
    return next(key for key in PARTED if redis._owner(slot_of(key))[1] == port)


async def test_a_pipeline_over_all_nodes(shared: ClusterRedis) -> None:
    """Replies come back in the order of the commands, parsed as one server's are."""
    pipeline = shared.pipeline(transaction=False)
    for number, key in enumerate(PARTED):
        pipeline.set(key, number, px=60_000)
        pipeline.get(key)
    pipeline.info("server")

    *replies, info = await pipeline.execute()
    assert replies[0::2] == [True] * 16
    assert [int(value) for value in replies[1::2]] == list(range(16))
    assert "redis_version" in info


async def test_wait_goes_with_its_write(shared: ClusterRedis) -> None:
    """WAIT counts the replicas of the primary that took the write before it, of no other."""
    pipeline = shared.pipeline(transaction=False)
    pipeline.set(PARTED[0], 1, px=60_000)
    pipeline.execute_command("WAIT", 0, 1)
    pipeline.get(PARTED[1] + ":nobody")
    assert await pipeline.execute() == [True, 0, None]

    with pytest.raises(ValueError, match="belongs to the write before it"):
        await shared.wait(0, 1)


async def test_what_it_cannot_do_is_said(
    shared: ClusterRedis, shared_cluster: EmbeddedCluster
) -> None:
    with pytest.raises(ValueError, match="no transaction"):
        shared.pipeline()
    with pytest.raises(NotImplementedError, match="no pubsub"):
        await shared.pubsub().connect()
    with pytest.raises(ValueError, match="no one pool"):
        open_pool(shared_cluster.url, timeout=1, connections=1, wait=1)


async def test_one_node_away(
    redis: ClusterRedis, cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its callers are refused at once, not one wait each; the others' replies are theirs."""
    await redis.ping()
    lost, kept = on(cluster, redis, 2), on(cluster, redis, 0)
    cluster.nodes[2].kill()
    with monkeypatch.context() as patch:
        patch.setattr(redis_node, "SILENT_SECONDS", PATIENCE)
        with pytest.raises(ConnectionError, match=r"Connect call failed|Connection closed"):
            await redis.get(lost)
        with pytest.raises(ConnectionError, match="did not answer a moment ago"):
            await redis.get(lost)
    redis._nodes[redis._owner(slot_of(lost))]._until = 0  # the moment has passed

    pipeline = redis.pipeline(transaction=False)
    pipeline.get(kept)
    pipeline.get(lost)
    fine, failed = await pipeline.execute(raise_on_error=False)
    assert fine is None
    assert isinstance(failed, ConnectionError)
    assert not redis.away
    assert await redis.script_load("return 1") == sha1(b"return 1").hexdigest()  # noqa: S324

    cluster.nodes[2].restart()

    async def back() -> bool:
        try:
            return bool(await redis.set(lost, 1, px=60_000))
        except ConnectionError:
            return False

    await wait_until(back)


async def test_waiting_for_replicas_of_a_node_away(
    redis: ClusterRedis, cluster: EmbeddedCluster
) -> None:
    """Whoever waits for them hears of the node; whoever travels with it gets a reply all the same."""
    await ScriptClient(redis, seconds=PATIENCE).load_scripts()
    script = load("user_cache")
    given: dict[str, str | int] = {"blob": "1|{}", "lifetime_ms": 1000}
    lost, kept = [
        Call(script.sha, script.arguments({"user": on(cluster, redis, index), **given}), replicas)
        for index, replicas in ((2, 1), (0, 0))
    ]
    cluster.nodes[2].kill()

    failed, fine = await open_sender(redis).send([lost, kept])
    assert isinstance(failed, ConnectionError)
    assert fine == [b"cached"]


async def test_all_nodes_away(redis: ClusterRedis, cluster: EmbeddedCluster) -> None:
    """A batch that nobody serves fails as a whole: that is what opens the service's breaker."""
    sender, scripts = open_sender(redis), ScriptClient(redis, seconds=PATIENCE)
    await scripts.load_scripts()
    calls = [Call("0" * 40, [1, key]) for key in PARTED]
    for node in cluster.nodes:
        node.kill()

    with pytest.raises(ConnectionError, match="no primary of the cluster answers"):
        await sender.send(calls)
    with pytest.raises(ServiceUnavailableError):
        await scripts.run("user_cache", user=PARTED[0], blob="1|{}", lifetime_ms=1)


async def test_a_seed_that_is_not_there(shared_cluster: EmbeddedCluster) -> None:
    """Any node of the URL will do; none of them is one line that names each."""
    redis = open_redis(shared_cluster.url.replace("@", "@127.0.0.1:1,"), timeout=PATIENCE)
    assert await redis.set(PARTED[0], 1, px=60_000)
    await redis.aclose()

    lost = open_redis("redis+cluster://127.0.0.1:1,127.0.0.1:2", timeout=PATIENCE)
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:1: .*127\.0\.0\.1:2: "):
        await lost.ping()
    await lost.aclose()
