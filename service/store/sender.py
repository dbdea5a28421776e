"""How a batch of script calls reaches Redis: one server, or the nodes of a cluster."""

from collections.abc import Sequence
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import (
    ConnectionError,  # noqa: A004
    ResponseError,
)

from service.store.redis_cluster import ClusterRedis
from service.store.redis_faults import passing

Call = tuple[str, Sequence[str | int]]
"""A script's sha, and what follows it in EVALSHA."""


class Sender(Protocol):
    """Sends calls at most once each."""

    async def send(self, calls: Sequence[Call]) -> list[Any]:
        """The replies in order, a call's own error among them.

        Raises RedisError or OSError when nobody could be served.
        """


class ServerSender:
    """One pipeline to one server."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def send(self, calls: Sequence[Call]) -> list[Any]:
        """As Sender says; a single call needs no pipeline."""
        if len(calls) == 1:
            sha, arguments = calls[0]
            try:
                return [await self._redis.execute_command("EVALSHA", sha, *arguments)]
            except ResponseError as error:
                return [passing(error)]
        pipeline = self._redis.pipeline(transaction=False)
        for sha, arguments in calls:
            pipeline.execute_command("EVALSHA", sha, *arguments)
        return [passing(reply) for reply in await pipeline.execute(raise_on_error=False)]


class ClusterSender:
    """One pipeline to each node. A node that is away is the trouble of its own callers only."""

    def __init__(self, cluster: ClusterRedis) -> None:
        self._cluster = cluster

    async def send(self, calls: Sequence[Call]) -> list[Any]:
        """As Sender says: it raises when no primary answers."""
        replies = await self._cluster.exchange(
            [(("EVALSHA", sha, *arguments), {}) for sha, arguments in calls]
        )
        if self._cluster.away:
            message = "no primary of the cluster answers"
            raise ConnectionError(message)
        return [passing(reply) for reply in replies]


def open_sender(redis: Redis) -> Sender:
    """What suits the client."""
    return ClusterSender(redis) if isinstance(redis, ClusterRedis) else ServerSender(redis)
