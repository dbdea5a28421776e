"""The primary dies under load; Sentinel names another."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from service.embedded import EmbeddedSentinels
from service.store.redis_pool import open_redis
from tests.conftest import MakePerson, MakeSettings, Serve
from tests.support.failover import cut_off, know_each_other, replicated
from tests.support.load import Client, Intruder
from tests.support.people import Person
from tests.support.waiting import PATIENCE, wait_until

MORE = 5


@pytest.fixture
async def load(
    sentinels: EmbeddedSentinels, serve: Serve, make_settings: MakeSettings, make_person: MakePerson
) -> AsyncIterator[tuple[list[Client], Intruder]]:
    """Three clients at work, an intruder with the tokens of a session that ended, both running."""
    await know_each_other(sentinels)
    browser = await serve(make_settings(redis_url=sentinels.url))
    people = [await make_person() for _ in range(4)]
    clients = [Client(browser, await browser.login(person)) for person in people[:3]]
    ended = await browser.login(people[3])
    assert (await browser.logout(ended["access_token"])).status == 204
    intruder = Intruder(browser, ended)
    await replicated(sentinels)
    stop = asyncio.Event()
    runs = [*(client.run for client in clients), intruder.run]
    running = [asyncio.create_task(run(stop)) for run in runs]
    yield clients, intruder
    stop.set()
    await asyncio.gather(*running)


async def go_on(clients: list[Client]) -> None:
    """Wait until each has used and refreshed its session several times more."""
    before = [(client.used, client.refreshed) for client in clients]

    async def all_did() -> bool:
        return all(
            client.used >= used + MORE and client.refreshed >= refreshed + MORE
            for client, (used, refreshed) in zip(clients, before, strict=True)
        )

    await wait_until(all_did)


async def test_the_primary_is_killed(
    sentinels: EmbeddedSentinels, load: tuple[list[Client], Intruder]
) -> None:
    """Nobody is signed out, no ended session comes back, and the new primary is found."""
    clients, intruder = load
    await go_on(clients)

    sentinels.servers[0].kill()
    await wait_until(lambda: hears_503(clients))
    await go_on(clients)

    tries = intruder.tries
    await wait_until(lambda: more_tries(intruder, tries))
    assert [client.refusals for client in clients] == [[], [], []]
    assert intruder.let_in == []

    sentinels.servers[0].restart()
    former = open_redis(sentinels.servers[0].url, timeout=PATIENCE)
    await wait_until(lambda: is_replica(former))
    await former.aclose()
    await go_on(clients)
    assert [client.refusals for client in clients] == [[], [], []]
    assert intruder.let_in == []


async def test_what_no_replica_had_heard_of(
    sentinels: EmbeddedSentinels, load: tuple[list[Client], Intruder], person: Person
) -> None:
    """A session that only the dead primary knew comes back from SQL, and so does its refreshing."""
    clients, intruder = load
    replicas = [open_redis(server.url, timeout=PATIENCE) for server in sentinels.servers[1:]]
    for replica in replicas:
        await cut_off(replica)
    late = Client(clients[0].browser, await clients[0].browser.login(person))
    for _ in range(3):
        await late.step()
    assert late.statuses == [200] * 6

    sentinels.servers[0].kill()
    for replica in replicas:
        await replica.config_set("masterauth", sentinels.password)
    await wait_until(lambda: hears_503(clients))
    await go_on(clients)
    await late.step()

    assert late.statuses[-2:] == [200, 200]
    assert [client.refusals for client in (*clients, late)] == [[]] * 4
    assert intruder.let_in == []
    for replica in replicas:
        await replica.aclose()


async def hears_503(clients: list[Client]) -> bool:
    return all(503 in client.statuses for client in clients)


async def more_tries(intruder: Intruder, tries: int) -> bool:
    return intruder.tries > tries + MORE


async def is_replica(redis: Redis) -> bool:
    try:
        role: str = (await redis.info("replication"))["role"]
    except RedisConnectionError:  # a server whose role changes hangs up
        return False
    return role == "slave"
