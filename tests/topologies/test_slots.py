"""A partition's slot moves from one node of a cluster to another while people use it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError  # noqa: A004

from service.contracts import keys
from service.domain.ids import make_id
from service.domain.sessions import EndReason, Origin, SessionPolicy
from service.embedded import EmbeddedCluster, EmbeddedServer
from service.embedded.server import HOST
from service.store.database import Database
from service.store.live_sessions import LiveSessions
from service.store.redis_cluster import ClusterRedis
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient
from tests.conftest import MakePerson, MakeSettings, Serve
from tests.support.load import Client, Intruder
from tests.support.people import Browser, Person
from tests.support.redis_answers import answer_of
from tests.support.slots import Move, slot_of
from tests.support.story import said_of, worker
from tests.support.waiting import PATIENCE, wait_until

ROUNDS = 5
DAY = timedelta(days=1)
POLICY = SessionPolicy(access_ttl=DAY, idle_ttl=DAY, max_ttl=DAY, replay_window=timedelta())


@pytest.fixture
async def nodes(cluster: EmbeddedCluster) -> AsyncIterator[list[Redis]]:
    """A client of each node."""
    async with AsyncExitStack() as stack:
        clients = [open_redis(node.url, timeout=PATIENCE) for node in cluster.nodes]
        for client in clients:
            stack.push_async_callback(client.aclose)
        yield clients


@pytest.fixture
async def redis(cluster: EmbeddedCluster) -> AsyncIterator[ClusterRedis]:
    client = open_redis(cluster.url, timeout=5)
    assert isinstance(client, ClusterRedis)
    yield client
    await client.aclose()


@asynccontextmanager
async def load(browser: Browser, person: Person) -> AsyncIterator[tuple[Client, Intruder]]:
    """One client at work, an intruder with the tokens of an ended session of the same person."""
    client, ended = Client(browser, await browser.login(person)), await browser.login(person)
    assert (await browser.logout(ended["access_token"])).status == 204
    intruder, stop = Intruder(browser, ended), asyncio.Event()
    running = [asyncio.create_task(one.run(stop)) for one in (client, intruder)]
    try:
        yield client, intruder
    finally:
        stop.set()
        await asyncio.gather(*running)


async def more(client: Client, rounds: int = ROUNDS) -> None:
    """Wait until the client has refreshed several times more."""
    goal = client.refreshed + rounds

    async def reached() -> bool:
        return client.refreshed >= goal

    await wait_until(reached)


async def asked(client: Client, requests: int) -> None:
    """Wait until the client has had that many more answers of any kind."""
    goal = len(client.statuses) + requests

    async def reached() -> bool:
        return len(client.statuses) >= goal

    await wait_until(reached)


async def test_a_key_is_found_on_its_way(
    cluster: EmbeddedCluster, nodes: list[Redis], redis: ClusterRedis
) -> None:
    """ASK while it moves, which changes nothing that is known; MOVED afterwards, which does."""
    move = Move(cluster, nodes, slot_of("auth:{03}:try"))
    await redis.set("auth:{03}:try", "here", px=60_000)
    await move.begin()
    source = redis._owners[move.slot]
    await move.open()
    assert await redis.get("auth:{03}:try") == b"here"

    assert await move.one_key()
    assert await redis.get("auth:{03}:try") == b"here"
    assert redis._owners[move.slot] == source

    await move.close()
    assert await redis.get("auth:{03}:try") == b"here"
    assert redis._owners[move.slot] == (HOST, move.target_port)


async def test_keys_on_both_sides(
    cluster: EmbeddedCluster, nodes: list[Redis], redis: ClusterRedis
) -> None:
    """A script whose keys are parted for long is refused as passing, and did not run."""
    a, b = "auth:{03}:a", "auth:{03}:b"
    both = ("EVAL", "return redis.call('INCR', KEYS[1]) + redis.call('INCR', KEYS[2])", 2, a, b)
    assert await redis.execute_command(*both) == 2
    move = Move(cluster, nodes, slot_of(a))
    await move.begin()
    await move.open()
    await move.one_key()
    with pytest.raises(ConnectionError, match="found no rest"):
        await redis.execute_command(*both)

    await move.one_key()
    assert not await move.one_key()
    await move.close()
    assert await redis.execute_command(*both) == 4


async def test_key_by_key_under_load(
    cluster: EmbeddedCluster,
    nodes: list[Redis],
    serve: Serve,
    make_settings: MakeSettings,
    person: Person,
    database: Database,
    valkey: EmbeddedServer,
) -> None:
    """Nobody is refused for good, no ended session comes back, and every event is audited once."""
    settings = make_settings(redis_url=cluster.url, queue_redis_url=valkey.url)
    browser = await serve(settings)
    async with worker(settings):
        async with load(browser, person) as (client, intruder):
            await more(client)
            move = Move(cluster, nodes, slot_of(keys.events(keys.partition_of(person.id))))
            await move.begin()
            await move.open()
            await move.one_key()
            await asked(client, 4)
            while await move.one_key():
                await asked(client, 1)
            await move.close()
            before = len(client.statuses)
            await more(client, 2 * ROUNDS)

            assert client.refusals == []
            assert intruder.let_in == []
            assert set(client.statuses[before + 4 :]) == {200}

        async def all_stored() -> bool:
            rows = await said_of(database, person)
            made = [row.generation for row in rows if row.type == "token.refreshed"]
            return made == list(range(2, client.refreshed + 2))

        await wait_until(all_stored)


async def test_a_slot_that_moves_as_a_whole(
    cluster: EmbeddedCluster,
    nodes: list[Redis],
    serve: Serve,
    make_settings: MakeSettings,
    person: Person,
    valkey: EmbeddedServer,
) -> None:
    """Valkey 9 moves a slot at once: nobody needs to wait but for a moment."""
    browser = await serve(make_settings(redis_url=cluster.url, queue_redis_url=valkey.url))
    async with load(browser, person) as (client, intruder):
        await more(client)
        move = Move(cluster, nodes, slot_of(keys.events(keys.partition_of(person.id))))
        await move.begin()
        await move.at_once()
        before = len(client.statuses)
        await more(client, 2 * ROUNDS)

    assert client.refusals == []
    assert intruder.let_in == []
    assert set(client.statuses[before + 4 :]) == {200}


async def test_a_node_that_dies(
    cluster: EmbeddedCluster,
    nodes: list[Redis],
    serve: Serve,
    make_settings: MakeSettings,
    make_person: MakePerson,
    valkey: EmbeddedServer,
) -> None:
    """Only its own people wait; health says how many nodes are away; all goes on when it is back."""
    browser = await serve(make_settings(redis_url=cluster.url, queue_redis_url=valkey.url))
    slots = await nodes[0].execute_command("CLUSTER SLOTS")
    dead = next(part for part in slots if part[2][1] == cluster.nodes[2].port)
    theirs, others = None, []
    while theirs is None or len(others) < 2:
        person = await make_person()
        slot = slot_of(keys.events(keys.partition_of(person.id)))
        client = Client(browser, await browser.login(person))
        if dead[0] <= slot <= dead[1]:
            theirs = client
        else:
            others.append(client)

    cluster.nodes[2].kill()
    for _ in range(ROUNDS):
        await asyncio.gather(theirs.step(), *[other.step() for other in others])
    assert set(theirs.statuses) == {200, 503}  # used without Redis, but not refreshed
    assert all(set(other.statuses) == {200} for other in others)
    redis = (await browser.send("GET", "/api/health")).body["checks"]["redis"]
    assert (redis["status"], redis["nodes"], redis["nodes_away"]) == ("degraded", 3, 1)

    cluster.nodes[2].restart()

    async def back() -> bool:
        await theirs.step()
        return theirs.statuses[-2:] == [200, 200]

    await wait_until(back)
    assert theirs.refusals == []


async def test_scripts_that_one_node_forgot(
    cluster: EmbeddedCluster,
    nodes: list[Redis],
    serve: Serve,
    make_settings: MakeSettings,
    make_person: MakePerson,
    valkey: EmbeddedServer,
) -> None:
    """NOSCRIPT of any node is mended for its callers, and runs nothing twice."""
    browser = await serve(make_settings(redis_url=cluster.url, queue_redis_url=valkey.url))
    clients = [Client(browser, await browser.login(await make_person())) for _ in range(9)]
    for node in nodes:
        await node.script_flush()

    await asyncio.gather(*[client.step() for client in clients])
    assert {status for client in clients for status in client.statuses} == {200}


async def test_an_end_while_its_slot_is_open(
    cluster: EmbeddedCluster, nodes: list[Redis], redis: ClusterRedis
) -> None:
    """No script deletes a key that it then writes: a slot that moves would refuse it half done."""
    partition, person = 3, "somebody"
    while keys.partition_of(person) != partition:
        person += "."
    session = keys.session(partition, make_id(partition, bytes(16)))
    await answer_of(redis.hset(session, "u", person))
    await redis.xadd(keys.events(partition), {"type": "login.succeeded", "at_ms": 1})
    move = Move(cluster, nodes, slot_of(session))
    await move.begin()
    await move.open()

    scripts = ScriptClient(redis, seconds=PATIENCE)
    live = LiveSessions(scripts, POLICY)
    session_id = session.rpartition(":")[2]
    assert await live.end(person, [session_id], EndReason.LOGOUT, Origin()) == []
    assert set(await answer_of(redis.hgetall(session))) == {b"e", b"x"}
    await scripts.aclose()
