"""Runs scripts; calls of one turn of the event loop travel together.

Each call costs its caller one round trip. Calls that are made in the same turn, or while both
lanes are busy, are sent as one pipeline over one connection: at 64 concurrent requests that saves
more than half of what talking to Redis costs. Calls are independent all the same: an error, or a
caller that gave up, touches no other.
"""

import asyncio
from collections import deque
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
from service.store.scripts import Script, Values, load, load_all
from service.store.sender import open_sender

LANES = 2
MAX_BATCH = 256
MAX_WAITING = 4096

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

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._sender = open_sender(redis)
        self._waiting: deque[_Call] = deque()
        self._lanes: set[asyncio.Task[None]] = set()
        self._flush_due = False

    async def load_scripts(self) -> None:
        """Send every script once, so that no request has to. Raises RedisError."""
        for script in load_all():
            await self._redis.script_load(script.source)

    def run(self, name: str, **given: Values) -> asyncio.Future[Reply]:
        """Run a script at most once; await the future for its reply, texts as bytes."""
        script, loop = load(name), asyncio.get_running_loop()
        done: asyncio.Future[Reply] = loop.create_future()
        if len(self._waiting) >= MAX_WAITING:
            done.set_exception(ServiceUnavailableError())
            return done
        self._waiting.append(_Call(script, script.arguments(**given), done))
        if not self._flush_due:
            self._flush_due = True
            loop.call_soon(self._flush)
        return done

    async def aclose(self) -> None:
        """Let what is under way end."""
        while self._lanes:
            await asyncio.gather(*self._lanes)

    def _flush(self) -> None:
        self._flush_due = False
        while self._waiting and len(self._lanes) < LANES:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
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
                if not isinstance(reply, NoScriptError):
                    call.answer(reply)
            if unknown:
                await self.load_scripts()
                for call, reply in zip(unknown, await self._send(unknown), strict=True):
                    call.answer(reply)
        except (RedisError, OSError) as error:
            for call in batch:
                call.answer(error)
        except BaseException:
            for call in batch:
                call.done.cancel()
            raise

    async def _send(self, batch: list[_Call]) -> list[Any]:
        return await self._sender.send([(call.script.sha, call.arguments) for call in batch])
