"""REDIS_WAIT_REPLICAS: what a sign-out that is answered 204 survives."""

import asyncio
from typing import Any

import pytest

from service.contracts import keys
from service.embedded import EmbeddedCluster, EmbeddedSentinels, EmbeddedServer
from service.store import sender
from service.store.redis_pool import open_redis
from tests.conftest import MakePerson, MakeSettings, Serve
from tests.support.failover import know_each_other, replicated
from tests.support.people import Person
from tests.support.redis_answers import answer_of
from tests.support.waiting import PATIENCE


async def test_a_sign_out_is_on_the_replicas(
    sentinels: EmbeddedSentinels,
    serve: Serve,
    make_settings: MakeSettings,
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """204: every replica has the tombstone. 202: too few said so in time, and it holds all the same."""
    monkeypatch.setattr(sender, "WAIT_MS", 2000)
    await know_each_other(sentinels)
    browser = await serve(make_settings(redis_url=sentinels.url, redis_wait_replicas=2))
    first, second = await browser.login(person), await browser.login(person)
    await replicated(sentinels)
    replicas = [open_redis(server.url, timeout=PATIENCE) for server in sentinels.servers[1:]]

    assert (await browser.logout(first["access_token"])).status == 204
    tombstone = keys.session(keys.partition_of(person.id), first["session_id"])
    ends: list[Any] = [await answer_of(replica.hget(tombstone, "e")) for replica in replicas]
    assert ends == [b"logout"] * 2

    sentinels.servers[2].kill()
    assert (await browser.logout(second["access_token"])).status == 202
    assert (await browser.me(second["access_token"])).code == "token_revoked"
    for replica in replicas:
        await replica.aclose()


async def test_each_of_a_batch_by_itself(
    shared_cluster: EmbeddedCluster,
    serve: Serve,
    make_settings: MakeSettings,
    make_person: MakePerson,
    valkey: EmbeddedServer,
) -> None:
    """On a cluster without replicas every wait is in vain, each sign-out is done all the same."""
    settings = make_settings(
        redis_url=shared_cluster.url, queue_redis_url=valkey.url, redis_wait_replicas=1
    )
    browser = await serve(settings)
    person = await make_person()  # all of it on one node
    stays, *tokens = [await browser.login(person) for _ in range(17)]

    outs = await asyncio.gather(*[browser.logout(t["access_token"]) for t in tokens])
    assert [out.status for out in outs] == [202] * 16
    assert "Auth-Degraded" not in (await browser.me(stays["access_token"])).headers
    codes = [(await browser.me(t["access_token"])).code for t in tokens]
    assert codes == ["token_revoked"] * 16
