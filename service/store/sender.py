"""How a batch of script calls reaches Redis: one server, or the nodes of a cluster."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from hiredis import pack_command
from redis.asyncio import Connection, Redis
from redis.exceptions import (
    ConnectionError,  # noqa: A004
    ResponseError,
)

from service.store.redis_cluster import ClusterRedis
from service.store.redis_faults import passing

WAIT_MS = 100
"""How long a write may wait for replicas; whoever travels behind it waits as well."""


class Call(NamedTuple):
    """A script by its sha, what follows that in EVALSHA, and how many replicas must have it."""

    sha: str
    arguments: Sequence[str | int]
    replicas: int = 0


class FewReplicasError(Exception):
    """A write was done, and too few replicas said in time that they have it."""


class Sender(Protocol):
    """Sends calls at most once each."""

    async def send(self, calls: Sequence[Call]) -> list[Any]:
        """The replies in order, a call's own error among them.

        Raises RedisError or OSError when nobody could be served.
        """


class ServerSender:
    """One write to one server for all calls, past redis-py's pipeline, which costs four times it.

    There is no timeout here: whoever calls has one for the whole batch.
    """

    def __init__(self, redis: Redis) -> None:
        self._pool = redis.connection_pool

    async def send(self, calls: Sequence[Call]) -> list[Any]:
        """As Sender says. A connection whose replies were not all read is closed."""
        commands = [_evaluation(call) for call in calls]
        replicas = max([call.replicas for call in calls], default=0)
        if replicas:  # once for all: while a replica is away every WAIT lasts its whole time
            commands.append(_wait(replicas))
        packed = b"".join([pack_command(command) for command in commands])
        connection = await self._pool.get_connection()
        try:
            await connection.send_packed_command(packed, check_health=False)
            replies = [await _read(connection) for _ in calls]
            have = await _read(connection) if replicas else 0
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self._pool.release(connection)
        return [_outcome(call, reply, have) for call, reply in zip(calls, replies, strict=True)]


class ClusterSender:
    """One pipeline to each node. A node that is away is the trouble of its own callers only."""

    def __init__(self, cluster: ClusterRedis) -> None:
        self._cluster = cluster

    async def send(self, calls: Sequence[Call]) -> list[Any]:
        """As Sender says: it raises when no primary answers."""
        replies = iter(
            await self._cluster.exchange(
                [(command, {}) for call in calls for command in _commands(call)]
            )
        )
        if self._cluster.away:
            message = "no primary of the cluster answers"
            raise ConnectionError(message)
        return [
            _outcome(call, next(replies), next(replies) if call.replicas else 0) for call in calls
        ]


def open_sender(redis: Redis) -> Sender:
    """What suits the client."""
    return ClusterSender(redis) if isinstance(redis, ClusterRedis) else ServerSender(redis)


def _commands(call: Call) -> Iterable[tuple[Any, ...]]:
    evaluate = _evaluation(call)
    return (evaluate, _wait(call.replicas)) if call.replicas else (evaluate,)


def _evaluation(call: Call) -> tuple[Any, ...]:
    return ("EVALSHA", call.sha, *call.arguments)


def _wait(replicas: int) -> tuple[Any, ...]:
    return ("WAIT", replicas, WAIT_MS)


async def _read(connection: Connection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def _outcome(call: Call, reply: Any, replicas: Any) -> Any:
    """The reply of a call, unless it was to be on more replicas than it is.

    Either may be an error: a refusal, or of a cluster's node that does not answer.
    """
    if isinstance(reply, Exception) or not call.replicas:
        return passing(reply)
    if isinstance(replicas, Exception):
        return passing(replicas)
    return reply if replicas >= call.replicas else FewReplicasError()
