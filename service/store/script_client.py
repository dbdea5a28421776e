"""Runs scripts; calls of one turn of the event loop travel together.

Each call costs its caller one round trip. Calls that are made in the same turn, or while both
lanes are busy, are sent as one pipeline over one connection: at 64 concurrent requests that saves
more than half of what talking to Redis costs. Calls are independent all the same: an error, or a
caller that gave up, touches no other.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
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
from service.store.scripts import Values, load, load_all
from service.store.sender import Call, FewReplicasError, open_sender

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

UNFULFILLED = (*AWAY, FewReplicasError, NoScriptError)
"""NOSCRIPT to a caller: it was forgotten again between its loading and the second try; not run."""

Reply = list[Any]


Waiting = tuple[Call, asyncio.Future[Reply]]
Batch = list[Waiting]


def settle(done: asyncio.Future[Reply], reply: object) -> None:
    """Tell a caller; one that was cancelled in the meantime hears nothing."""
    if done.done():
        return
    if isinstance(reply, list):
        done.set_result(reply)
    elif isinstance(reply, UNFULFILLED):
        done.set_exception(ServiceUnavailableError())
    elif isinstance(reply, BaseException):
        done.set_exception(reply)
    else:
        done.set_exception(TypeError(f"a script answered {type(reply)}"))


class ScriptClient:
    """The service's way to Redis. Raises ServiceUnavailableError while Redis is away."""

    def __init__(self, redis: Redis, *, seconds: float = CALL_SECONDS) -> None:
        """No call is under way for longer than `seconds`. Must be made on the event loop."""
        self.redis = redis
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._sender = open_sender(redis)
        self._waiting: deque[Waiting] = deque()
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
        """Send every script once, so that no request has to. Raises RedisError or OSError."""
        async with asyncio.timeout(max(self._seconds, PROBE_SECONDS)):
            for script in load_all():
                await self.redis.script_load(script.source)

    def run(self, name: str, replicas: int = 0, /, **given: Values) -> asyncio.Future[Reply]:
        """Run a script at most once; await the future for its reply, texts as bytes.

        Its writes wait for so many replicas: ServiceUnavailableError when they are done and too few
        replicas said in time that they have them.
        """
        done: asyncio.Future[Reply] = self._loop.create_future()
        if not self.breaker.closed or len(self._waiting) >= MAX_WAITING:
            done.set_exception(ServiceUnavailableError())
            return done
        script = load(name)
        self._waiting.append((Call(script.sha, script.arguments(given), replicas), done))
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)
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
            lane = self._loop.create_task(self._travel(batch))
            self._lanes.add(lane)
            lane.add_done_callback(self._arrived)

    def _arrived(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        self._flush()

    async def _travel(self, batch: Batch) -> None:
        """Send a batch and hand out its replies; the unknown scripts among them once more."""
        try:
            unknown = self._hand_out(batch, await self._send(batch))
            if unknown:
                await self.load_scripts()
                for (_, done), reply in zip(unknown, await self._send(unknown), strict=True):
                    settle(done, reply)
        except (RedisError, OSError) as error:
            if isinstance(error, AWAY):
                self.breaker.trip(error)
                batch += self._waiting  # they would wait in vain
                self._waiting.clear()
            for _, done in batch:
                settle(done, error)
        except asyncio.CancelledError:
            for _, done in batch:
                done.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours: a 500 for each, and a trace
            for _, done in batch:
                settle(done, error)

    def _hand_out(self, batch: Batch, replies: Sequence[Any]) -> Batch:
        """Settle the calls of a batch, but for those whose script the server does not know."""
        unknown = []
        for waiting, reply in zip(batch, replies, strict=True):
            if isinstance(reply, NoScriptError):
                unknown.append(waiting)
                continue
            if isinstance(reply, TURNED_AWAY):
                self.breaker.trip(reply)
            settle(waiting[1], reply)
        return unknown

    async def _probe(self) -> None:
        """Raise unless a primary that can write answers; make ready what it may have lost."""
        async with asyncio.timeout(max(self._seconds, PROBE_SECONDS)):
            if isinstance(self.redis, ClusterRedis):
                await self.redis.primaries()  # nodes fail alone: only their own calls do
            else:
                await self._probe_server()
        for hook in self._on_return:
            await hook()

    async def _probe_server(self) -> None:
        info = await self.redis.info("replication")
        if info["role"] != "master":
            await self.redis.connection_pool.disconnect(inuse_connections=False)
            raise ReadOnlyError(info["role"])
        await self.load_scripts()

    async def _send(self, batch: Batch) -> list[Any]:
        loop = self._loop
        async with asyncio.timeout(None) as scope:
            # Two steps, so that a busy loop first reads the reply that came while it was busy.
            first = loop.call_later(
                self._seconds - GRACE_SECONDS,
                lambda: scope.reschedule(loop.time() + GRACE_SECONDS),
            )
            try:
                return await self._sender.send([call for call, _ in batch])
            finally:
                first.cancel()
