"""Sentinels that are silent, lag behind or know nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError  # noqa: A004

from service.embedded import EmbeddedServer, start_valkey
from service.embedded.password import share_password
from service.store.redis_pool import open_redis
from tests.support.tls import HOST
from tests.support.waiting import PATIENCE

Ask = Callable[..., Awaitable[bool]]


async def pretend(stack: AsyncExitStack, answer: bytes | None) -> int:
    """A Sentinel of a few lines; its port. `answer` is a reply to SENTINEL MASTERS, or silence."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                if line.strip().upper() == b"MASTERS" and answer is not None:
                    writer.write(answer)
        finally:
            writer.close()

    server = await asyncio.start_server(talk, HOST, 0)
    stack.callback(server.close)
    port: int = server.sockets[0].getsockname()[1]
    return port


def watches(port: int, *, epoch: int, name: str = "inphora", flags: str = "master") -> bytes:
    """The reply of a Sentinel that believes in one primary."""
    state = {
        "name": name,
        "ip": HOST,
        "port": port,
        "flags": flags,
        "num-other-sentinels": 2,
        "config-epoch": epoch,
    }
    words = [str(word) for pair in state.items() for word in pair]
    bulk = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    return f"*1\r\n*{len(words)}\r\n{bulk}".encode()


@pytest.fixture
async def ask(valkey: EmbeddedServer) -> AsyncIterator[Ask]:
    """Ask Redis through Sentinels that answer so; what it says, in good time."""
    async with AsyncExitStack() as stack:

        async def asking(*answers: bytes | None) -> bool:
            ports = [await pretend(stack, answer) for answer in answers]
            hosts = ",".join(f"{HOST}:{port}" for port in ports)
            login = valkey.url.removeprefix("redis://").partition("@")[0]
            url = f"redis+sentinel://{login}@{hosts}/inphora"
            redis = open_redis(url, timeout=PATIENCE * 3)
            stack.push_async_callback(redis.aclose)
            async with asyncio.timeout(PATIENCE):
                return bool(await redis.ping())

        yield asking


async def test_a_silent_sentinel_is_not_waited_for(ask: Ask, valkey: EmbeddedServer) -> None:
    """Two of three are enough, in any order."""
    good = watches(valkey.port, epoch=1)

    assert await ask(None, good, good)
    assert await ask(good, None, good)


async def test_the_newest_answer_counts(ask: Ask, valkey: EmbeddedServer) -> None:
    """A Sentinel that slept through a failover names the primary before."""
    stale, good = watches(1, epoch=1), watches(valkey.port, epoch=2)

    assert await ask(stale, good)
    assert await ask(good, stale)


async def test_a_primary_that_is_down_is_none(ask: Ask, valkey: EmbeddedServer) -> None:
    with pytest.raises(ConnectionError, match="sees the primary down"):
        await ask(watches(valkey.port, epoch=1, flags="master,s_down"))


async def test_another_name(ask: Ask, valkey: EmbeddedServer) -> None:
    """A typing error in the URL is named."""
    with pytest.raises(ConnectionError, match=r"no 'inphora', only \['mymaster'\]"):
        await ask(watches(valkey.port, epoch=1, name="mymaster"))


async def test_a_primary_that_is_a_replica_is_refused(
    ask: Ask, valkey: EmbeddedServer, tmp_path: Path
) -> None:
    """A Sentinel's word is not enough: the server must say so itself."""
    login = valkey.url.removeprefix("redis://:").partition("@")[0]
    home = tmp_path / "replica"
    home.mkdir()
    share_password(home / "password", login)
    lines = [f"replicaof {HOST} {valkey.port}", f"masterauth {login}"]
    with (
        start_valkey(home, lines=lines) as replica,
        pytest.raises(ConnectionError, match="is no primary any more"),
    ):
        await ask(watches(replica.port, epoch=1))
