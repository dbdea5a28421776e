"""A client for a Redis URL of any topology, with every wait bounded."""

from typing import Any

from redis.asyncio import (
    BlockingConnectionPool,
    Connection,
    Redis,
    UnixDomainSocketConnection,
)

from service.store.redis_cluster import ClusterRedis
from service.store.redis_sentinel import open_sentinel_pool
from service.store.redis_tls import TlsConnection, tls_context
from service.store.redis_url import Address, RedisUrl, Topology, read_url

NODE_SHARE = 0.8
"""Of a caller's time, what one node of a cluster may use: its failure must still be told."""


def open_redis(
    url: str,
    *,
    timeout: float = 1.0,
    connections: int = 8,
    wait: float = 1.0,
    own_deadlines: bool = False,
) -> Redis:
    """A client that gives up: `timeout` seconds to connect or to read, `wait` for a connection.

    With `own_deadlines` the caller gives up by itself: reads then have no timeout of their own, for
    one costs as much as a read. redis-py's default pool turns a silent server into waits of many
    seconds. On a cluster each node has a pool, and a timeout, of its own. Raises ValueError for a
    URL that cannot be read.
    """
    read = read_url(url)
    options = _connection_options(read, timeout)
    if read.topology is not Topology.CLUSTER:
        if own_deadlines:
            options["socket_timeout"] = None
        return Redis.from_pool(_pool(read, options, connections, wait))

    limits: dict[str, Any] = {"max_connections": connections, "timeout": wait}

    def open_node(address: Address) -> Redis:
        host, port = address
        return Redis.from_pool(BlockingConnectionPool(host=host, port=port, **options, **limits))

    return ClusterRedis(read.addresses, open_node, seconds=timeout * NODE_SHARE)


def open_pool(url: str, *, timeout: float, connections: int, wait: float) -> BlockingConnectionPool:
    """The pool behind `open_redis`, for a client of another kind. No cluster: ValueError."""
    read = read_url(url)
    return _pool(read, _connection_options(read, timeout), connections, wait)


def _pool(
    url: RedisUrl, options: dict[str, Any], connections: int, wait: float
) -> BlockingConnectionPool:
    if url.topology is Topology.CLUSTER:
        message = "a cluster is not one server: there is no one pool for it"
        raise ValueError(message)
    limits: dict[str, Any] = {"max_connections": connections, "timeout": wait}
    if url.topology is Topology.SENTINEL:
        return open_sentinel_pool(url, options, **limits)
    if url.path:
        return BlockingConnectionPool(path=url.path, **options, **limits)
    host, port = url.addresses[0]
    return BlockingConnectionPool(host=host, port=port, **options, **limits)


def _connection_options(url: RedisUrl, timeout: float) -> dict[str, Any]:
    """What redis-py's connections are made with; what is known of the address comes later."""
    options: dict[str, Any] = {
        "db": url.db,
        "username": url.username,
        "password": url.password,
        "client_name": url.options.get("client_name"),
        "lib_name": None,  # CLIENT SETINFO is a right more to grant, and unknown to Redis 7.0
        "lib_version": None,
        "socket_connect_timeout": timeout,
        "socket_timeout": timeout,
    }
    if url.path:
        return {**options, "connection_class": UnixDomainSocketConnection}
    options["socket_keepalive"] = True
    if url.tls:
        return {**options, "connection_class": TlsConnection, "tls": tls_context(url.options)}
    return {**options, "connection_class": Connection}
