"""The small cache in front of SQL."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from service.store.cache import Cache


class Loader:
    """Counts how often it is asked; answers when it is let."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)
        self.calls = 0
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> Any:
        self.calls += 1
        self.started.set()
        value = self.values[min(self.calls, len(self.values)) - 1]
        await self.gate.wait()
        if isinstance(value, Exception):
            raise value
        return value


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def cache(clock: list[float]) -> Cache[Any]:
    return Cache(timedelta(seconds=5), size=3, clock=lambda: clock[0])


async def test_many_misses_are_one_load(cache: Cache[Any]) -> None:
    """A hundred requests of one key at once ask once."""
    load = Loader("v")
    load.gate.clear()
    waiting = [asyncio.ensure_future(cache.get("k", load)) for _ in range(100)]
    await asyncio.sleep(0)
    load.gate.set()

    assert await asyncio.gather(*waiting) == ["v"] * 100
    assert load.calls == 1


async def test_a_caller_that_gives_up_stops_nobody(cache: Cache[Any]) -> None:
    """The load goes on for those who still wait."""
    load = Loader("v")
    load.gate.clear()
    first, second = (asyncio.ensure_future(cache.get("k", load)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    load.gate.set()

    assert await second == "v"


async def test_lifetime(cache: Cache[Any], clock: list[float]) -> None:
    """A value is kept so long and no longer."""
    load = Loader("old", "new")
    assert await cache.get("k", load) == "old"
    clock[0] = 4.999
    assert await cache.get("k", load) == "old"
    clock[0] = 5.0
    assert await cache.get("k", load) == "new"
    assert (cache.hits, cache.misses) == (1, 2)


async def test_tags(cache: Cache[Any]) -> None:
    """A change drops what it made wrong, and nothing else."""
    one, two = Loader(1, 11), Loader(2, 22)
    await cache.get("one", one, tags=["a", "b"])
    await cache.get("two", two, tags=["b"])
    cache.forget("a")

    assert await cache.get("one", one, tags=["a", "b"]) == 11
    assert await cache.get("two", two, tags=["b"]) == 2


async def test_a_change_during_a_load(cache: Cache[Any]) -> None:
    """What was read before a change is not kept after it."""
    load = Loader("old", "new")
    load.gate.clear()
    reading = asyncio.ensure_future(cache.get("k", load, tags=["t"]))
    await load.started.wait()
    cache.forget("t")
    load.gate.set()
    await reading

    assert await cache.get("k", load, tags=["t"]) == "new"


@pytest.mark.parametrize("absent", [None, OSError("away")], ids=["nothing found", "an error"])
async def test_what_is_no_value_is_not_kept(cache: Cache[Any], absent: Any | None) -> None:
    """Neither an absence nor an error is remembered."""
    load = Loader(absent, "v")
    if absent is None:
        assert await cache.get("k", load) is None
    else:
        with pytest.raises(OSError, match="away"):
            await cache.get("k", load)

    assert await cache.get("k", load) == "v"


async def test_size(cache: Cache[Any]) -> None:
    """The oldest goes first."""
    loads = {name: Loader(name) for name in "abcd"}
    for name, load in loads.items():
        await cache.get(name, load)
    await cache.get("d", loads["d"])
    await cache.get("a", loads["a"])

    assert (loads["d"].calls, loads["a"].calls) == (1, 2)
