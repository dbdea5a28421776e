"""A client for a Redis URL, with every wait bounded."""

from redis.asyncio import BlockingConnectionPool, Redis


def open_redis(
    url: str,
    *,
    timeout: float = 1.0,
    connections: int = 8,
    wait: float = 1.0,
) -> Redis:
    """A client that gives up: `timeout` seconds to connect or to read, `wait` for a connection.

    redis-py's own default pool turns a silent server into waits of many seconds.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=wait,
        socket_connect_timeout=timeout,
        socket_timeout=timeout,
        socket_keepalive=True,
    )
    return Redis.from_pool(pool)
