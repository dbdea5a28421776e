"""Runs scripts; calls of one turn of the event loop travel together.

Each call costs its caller one round trip. Calls that are made in the same turn, or while both
lanes are busy, are sent as one pipeline over one connection: at 64 concurrent requests that saves
more than half of what talking to Redis costs. Calls are independent all the same: an error, or a
caller that gave up, touches no other.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,  # noqa: A004
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TimeoutError,  # noqa: A004
    TryAgainError,
)

from service.domain.errors import ServiceUnavailableError
from service.store.breaker import Breaker
from service.store.redis_cluster import ClusterRedis
from service.store.scripts import Script, Values, load, load_all
from service.store.sender import open_sender

LANES = 2
MAX_BATCH = 256
MAX_WAITING = 4096
CALL_SECONDS = 0.25
GRACE_SECONDS = 0.05
PROBE_SECONDS = 1.0

AWAY = (
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    MasterDownError,
    OSError,
    OutOfMemoryError,
    ReadOnlyError,
    TimeoutError,
    TryAgainError,
)
"""The store's own troubles: the caller may try again later; anything else is our mistake."""

TURNED_AWAY = (BusyLoadingError, ClusterDownError, MasterDownError, ReadOnlyError)
"""Replies of a server that cannot serve anybody for now."""

Reply = list[Any]


@dataclass(frozen=True, slots=True)
class _Call:
    script: Script
    arguments: list[str | int]
    done: asyncio.Future[Reply]

    def answer(self, reply: object) -> None:
        """Settle the caller's future; one that was cancelled in the meantime stays as it is."""
        if self.done.done():
            return
        if isinstance(reply, AWAY):
            self.done.set_exception(ServiceUnavailableError())
        elif isinstance(reply, BaseException):
            self.done.set_exception(reply)
        elif isinstance(reply, list):
            self.done.set_result(reply)
        else:
            self.done.set_exception(TypeError(f"{self.script.name} answered {type(reply)}"))


class ScriptClient:
    """The service's way to Redis. Raises ServiceUnavailableError while Redis is away."""

    def __init__(self, redis: Redis, *, seconds: float = CALL_SECONDS) -> None:
        """No call is under way for longer than `seconds`."""
        self._redis = redis
        self._seconds = seconds
        self._sender = open_sender(redis)
        self._waiting: deque[_Call] = deque()
        self._lanes: set[asyncio.Task[None]] = set()
        self._flush_due = False
        self._on_return: list[Callable[[], Awaitable[None]]] = []
        self.breaker = Breaker(self._probe)
        self.calls = 0
        self.batches = 0

    def on_return(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Run a hook whenever Redis was away and answers again, before any call goes through."""
        self._on_return.append(hook)

    async def load_scripts(self) -> None:
        """Send every script once, so that no request has to. Raises RedisError."""
        for script in load_all():
            await self._redis.script_load(script.source)

    def run(self, name: str, **given: Values) -> asyncio.Future[Reply]:
        """Run a script at most once; await the future for its reply, texts as bytes."""
        script, loop = load(name), asyncio.get_running_loop()
        done: asyncio.Future[Reply] = loop.create_future()
        if not self.breaker.closed or len(self._waiting) >= MAX_WAITING:
            done.set_exception(ServiceUnavailableError())
            return done
        self._waiting.append(_Call(script, script.arguments(**given), done))
        if not self._flush_due:
            self._flush_due = True
            loop.call_soon(self._flush)
        return done

    async def aclose(self) -> None:
        """Let what is under way end."""
        await self.breaker.aclose()
        while self._lanes:
            await asyncio.gather(*self._lanes)

    def _flush(self) -> None:
        self._flush_due = False
        while self._waiting and len(self._lanes) < LANES:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
            self.calls += len(batch)
            self.batches += 1
            lane = asyncio.get_running_loop().create_task(self._travel(batch))
            self._lanes.add(lane)
            lane.add_done_callback(self._arrived)

    def _arrived(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        self._flush()

    async def _travel(self, batch: list[_Call]) -> None:
        """Send a batch and hand out its replies; the unknown scripts among them once more."""
        try:
            replies = await self._send(batch)
            unknown = [
                call
                for call, reply in zip(batch, replies, strict=True)
                if isinstance(reply, NoScriptError)
            ]
            for call, reply in zip(batch, replies, strict=True):
                if isinstance(reply, TURNED_AWAY):
                    self.breaker.trip(reply)
                if not isinstance(reply, NoScriptError):
                    call.answer(reply)
            if unknown:
                await self.load_scripts()
                for call, reply in zip(unknown, await self._send(unknown), strict=True):
                    call.answer(reply)
        except (RedisError, OSError) as error:
            self._fail([*batch, *self._drained()] if isinstance(error, AWAY) else batch, error)
        except BaseException:
            for call in batch:
                call.done.cancel()
            raise

    def _drained(self) -> list[_Call]:
        """Everybody who waits: they would wait in vain."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def _fail(self, calls: list[_Call], error: BaseException) -> None:
        if isinstance(error, AWAY):
            self.breaker.trip(error)
        for call in calls:
            call.answer(error)

    async def _probe(self) -> None:
        """Raise unless a primary that can write answers; make ready what it may have lost."""
        async with asyncio.timeout(max(self._seconds, PROBE_SECONDS)):
            if isinstance(self._redis, ClusterRedis):
                await self._redis.primaries()  # nodes fail alone: only their own calls do
            else:
                await self._probe_server()
        for hook in self._on_return:
            await hook()

    async def _probe_server(self) -> None:
        info = await self._redis.info("replication")
        if info["role"] != "master":
            await self._redis.connection_pool.disconnect(inuse_connections=False)
            raise ReadOnlyError(info["role"])
        await self.load_scripts()

    async def _send(self, batch: list[_Call]) -> list[Any]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as scope:
            # Two steps, so that a busy loop first reads the reply that came while it was busy.
            first = loop.call_later(
                self._seconds - GRACE_SECONDS,
                lambda: scope.reschedule(loop.time() + GRACE_SECONDS),
            )
            try:
                return await self._sender.send(
                    [(call.script.sha, call.arguments) for call in batch]
                )
            finally:
                first.cancel()
