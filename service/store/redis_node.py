"""One node of a cluster: its pool, and whether it has fallen silent."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import (
    ConnectionError,  # noqa: A004
    RedisError,
)

from service.store.redis_url import Address

SILENT_SECONDS = 0.5


class Node:
    """Sends commands to one server. While it is silent only one caller in a while tries."""

    def __init__(self, address: Address, redis: Redis, seconds: float) -> None:
        self.address = address
        self.redis = redis
        self._seconds = seconds
        self._until = float("-inf")

    @property
    def silent(self) -> bool:
        """Whether it failed the last one who asked."""
        return self._until > float("-inf")

    async def exchange(
        self, commands: Sequence[tuple[Sequence[Any], Mapping[str, Any]]], *, asking: bool = False
    ) -> list[Any]:
        """The replies in order, with a server's refusals as values.

        Raises ConnectionError, TimeoutError or OSError when it did not answer; a command may have
        run all the same.
        """
        now = asyncio.get_running_loop().time()
        if self._until > now:
            message = f"{self.address[0]}:{self.address[1]} did not answer a moment ago"
            raise ConnectionError(message)
        if self.silent:
            self._until = now + SILENT_SECONDS
        pipeline = self.redis.pipeline(transaction=False)
        for args, options in commands:
            if asking:
                pipeline.execute_command("ASKING")
            pipeline.execute_command(*args, **options)
        try:
            async with asyncio.timeout(self._seconds):
                replies = list(await pipeline.execute(raise_on_error=False))
        except (RedisError, OSError):
            self._until = asyncio.get_running_loop().time() + SILENT_SECONDS
            raise
        self._until = float("-inf")
        return replies[1::2] if asking else replies


class NodePools(ConnectionPool):
    """Stands where a client has its connection pool; there is one a node."""

    def __init__(self, nodes: Mapping[Address, Node]) -> None:
        super().__init__()
        self._nodes = nodes

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        """Nobody may hold a connection to all nodes."""
        message = "a cluster has no single connection: no pubsub, MONITOR or blocking commands"
        raise NotImplementedError(message)

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002
        """Close the connections to every node."""
        for node in tuple(self._nodes.values()):
            await node.redis.connection_pool.disconnect(inuse_connections)
