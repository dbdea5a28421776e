"""One Redis fails in every way we know, under real load over HTTP; then the books are balanced.

docs/faults.md says what is promised. Short by default; `make faults` lets each fault last longer.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from service.contracts import keys
from service.embedded import EmbeddedServer, start_valkey
from tests.faults.books import Damage
from tests.faults.proxy import Mode, Proxy
from tests.faults.stage import REDIS_TIMEOUT_MS, SECONDS, Stage, open_stage, suffer

NONE = Damage()


@dataclass(frozen=True)
class Scene:
    """A stage, and what stands between it and its stores."""

    stage: Stage
    valkey: EmbeddedServer
    proxy: Proxy


Fault = Callable[[Scene], Awaitable[Damage]]


async def killed(scene: Scene) -> Damage:
    """Killed and started again from its append-only file."""
    scene.valkey.kill()
    try:
        await asyncio.sleep(SECONDS / 2)
    finally:
        await asyncio.to_thread(scene.valkey.restart)
    return NONE


async def stopped(scene: Scene) -> Damage:
    """Takes connections and never answers."""
    os.kill(scene.valkey.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(SECONDS)
    finally:
        os.kill(scene.valkey.pid, signal.SIGCONT)
    return NONE


def proxied(mode: Mode) -> Fault:
    """The network fails."""

    async def fault(scene: Scene) -> Damage:
        scene.proxy.mode = mode
        try:
            await asyncio.sleep(SECONDS)
        finally:
            scene.proxy.mode = Mode.PASS
        return NONE

    return fault


async def full(scene: Scene) -> Damage:
    """No memory for another write."""
    async with scene.stage.command() as redis:
        await redis.config_set("maxmemory", "1mb")
        try:
            await asyncio.sleep(SECONDS)
        finally:
            await redis.config_set("maxmemory", "0")
    return NONE


async def scripts_forgotten(scene: Scene) -> Damage:
    """SCRIPT FLUSH, again and again."""
    async with scene.stage.command() as redis:
        for _ in range(10):
            await redis.script_flush()
            await asyncio.sleep(SECONDS / 10)
    return NONE


async def emptied(scene: Scene) -> Damage:
    """FLUSHALL, twice."""
    async with scene.stage.command() as redis:
        first = await _destroy(redis, lambda pipeline: pipeline.flushall())
        await asyncio.sleep(SECONDS / 2)
        second = await _destroy(redis, lambda pipeline: pipeline.flushall())
    return Damage(first | second)


async def streams_deleted(scene: Scene) -> Damage:
    """Somebody deletes the event streams, groups and all."""
    async with scene.stage.command() as redis:
        lost = await _destroy(redis, lambda pipeline: pipeline.delete(*STREAMS))
    await asyncio.sleep(SECONDS / 2)
    return Damage(lost)


STREAMS = [keys.events(partition) for partition in range(keys.PARTITIONS)]


async def _destroy(redis: Any, how: Callable[[Any], object]) -> frozenset[str]:
    """Whose events stood on the streams in the moment they were destroyed, stored or not."""
    async with redis.pipeline(transaction=True) as pipeline:
        for stream in STREAMS:
            pipeline.xrange(stream)
        how(pipeline)
        *streams, _ = await pipeline.execute()
    return frozenset(
        fields[b"request_id"].decode()
        for entries in streams
        for _, fields in entries
        if b"request_id" in fields
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    fresh_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """Web processes that reach Redis through a proxy; the worker reaches it so too."""
    home = tmp_path_factory.mktemp("scene")
    with start_valkey(home / "valkey") as valkey:
        async with Proxy(valkey.port, delay=1.6 * REDIS_TIMEOUT_MS / 1000) as proxy:
            through = valkey.url.replace(f":{valkey.port}", f":{proxy.port}")
            async with open_stage(
                redis_url=valkey.url,
                database_url=fresh_database,
                log=home / "log",
                env={"REDIS_URL": through},
            ) as stage:
                yield Scene(stage, valkey, proxy)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(killed, id="killed and restarted"),
        pytest.param(stopped, id="stopped"),
        pytest.param(proxied(Mode.SLOW), id="slow"),
        pytest.param(proxied(Mode.CUT), id="replies cut in their middle"),
        pytest.param(proxied(Mode.SILENT), id="partitioned"),
        pytest.param(full, id="at maxmemory"),
        pytest.param(emptied, id="emptied"),
        pytest.param(streams_deleted, id="streams deleted"),
        pytest.param(scripts_forgotten, id="scripts forgotten"),
    ],
)
async def test_one_server(fault: Fault, scene: Scene, request: pytest.FixtureRequest) -> None:
    """Nobody is signed out, nothing dead is accepted, nothing is lost, and it heals by itself."""
    await suffer(scene.stage, lambda _: fault(scene), request.node.callspec.id)
