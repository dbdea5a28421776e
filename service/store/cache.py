"""A small cache in this process: lifetime, tags, and one load for many misses."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from datetime import timedelta
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """Values that SQL would be asked for. What is None is not kept: it may come to be.

    Many misses of one key wait for one load; its error is told to all of them and not kept.
    """

    def __init__(
        self,
        lifetime: timedelta,
        *,
        size: int = 10_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._seconds = lifetime.total_seconds()
        self._size = size
        self._clock = clock
        self._held: dict[Hashable, tuple[T, float, frozenset[str]]] = {}
        self._loading: dict[Hashable, asyncio.Future[T | None]] = {}
        self._changes = 0
        self.hits = 0
        self.misses = 0

    async def get(
        self,
        key: Hashable,
        load: Callable[[], Awaitable[T | None]],
        *,
        tags: Iterable[str] = (),
    ) -> T | None:
        """The value of a key, loaded when it is missing or too old."""
        held = self._held.get(key)
        if held is not None and self._clock() < held[1]:
            self.hits += 1
            return held[0]
        self.misses += 1
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.ensure_future(self._load(key, load, frozenset(tags)))
            self._loading[key] = loading
            loading.add_done_callback(lambda _: self._loading.pop(key, None))
        return await asyncio.shield(loading)

    def forget(self, tag: str) -> None:
        """Drop everything with a tag; what is being loaded may be the old value and is not kept."""
        for key, (_, _, tags) in list(self._held.items()):
            if tag in tags:
                del self._held[key]
        self._changes += 1

    async def _load(
        self, key: Hashable, load: Callable[[], Awaitable[T | None]], tags: frozenset[str]
    ) -> T | None:
        changes = self._changes
        value = await load()
        if value is not None and changes == self._changes:
            if len(self._held) >= self._size:
                self._held.pop(next(iter(self._held)))
            self._held[key] = (value, self._clock() + self._seconds, tags)
        return value
