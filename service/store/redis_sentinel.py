"""One primary, found through its Sentinels again whenever a connection to it is made.

All Sentinels are asked at once, and the newest of their answers counts (each failover raises the
epoch): asked in turn, one silent Sentinel would use up the time that a request has, every time.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Connection, Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    ConnectionError,  # noqa: A004
    ReadOnlyError,
    RedisError,
)

from service.store.redis_tls import TlsConnection
from service.store.redis_url import Address, RedisUrl

FRESH_SECONDS = 0.2


class PrimaryFinder:
    """Asks the Sentinels who the primary is. Callers at the same time share one answer."""

    def __init__(self, sentinels: Sequence[Redis], service: str) -> None:
        self._sentinels = sentinels
        self._service = service
        self._asking: asyncio.Task[Address] | None = None
        self._until = float("-inf")
        self.latest: Address | None = None

    async def find(self) -> Address:
        """The primary's address. Raises ConnectionError while no Sentinel knows one.

        A caller that gives up leaves the question under way, for the next one.
        """
        loop = asyncio.get_running_loop()
        if self._asking is None or (self._asking.done() and loop.time() > self._until):
            self._asking = loop.create_task(self._ask())
            self._asking.add_done_callback(self._answered)
        return await asyncio.shield(self._asking)

    def forget(self) -> None:
        """Ask anew next time: the answer was wrong."""
        self._until = float("-inf")

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        if self._asking is not None and not self._asking.done():
            self._asking.cancel()
            await asyncio.wait([self._asking])
        for sentinel in self._sentinels:
            await sentinel.aclose(close_connection_pool=True)

    def _answered(self, asking: asyncio.Task[Address]) -> None:
        failed = asking.cancelled() or asking.exception() is not None
        if not failed:
            self._until = asyncio.get_running_loop().time() + FRESH_SECONDS

    async def _ask(self) -> Address:
        """Wait for a majority, or for all that ever answer."""
        asking = {asyncio.ensure_future(self._ask_one(sentinel)) for sentinel in self._sentinels}
        said: list[tuple[int, Address]] = []
        silent: list[str] = []
        try:
            for answered, answer in enumerate(asyncio.as_completed(asking), 1):
                try:
                    said.append(await answer)
                except (RedisError, OSError) as error:
                    silent.append(str(error))
                if said and 2 * answered > len(asking):
                    break
        finally:
            for question in asking:
                question.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        if not said:
            message = f"no Sentinel knows a primary {self._service!r}: {'; '.join(silent)}"
            raise ConnectionError(message)
        self.latest = max(said)[1]
        return self.latest

    async def _ask_one(self, sentinel: Redis) -> tuple[int, Address]:
        masters = await sentinel.sentinel_masters()
        state = masters.get(self._service)
        if state is None:
            message = f"it watches no {self._service!r}, only {sorted(masters)}"
            raise ConnectionError(message)
        if state["is_sdown"] or state["is_odown"]:
            message = "it sees the primary down"
            raise ConnectionError(message)
        return int(state["config-epoch"]), (state["ip"], int(state["port"]))


class PrimaryConnection(Connection):
    """A connection to whoever is the primary when it is made."""

    def __init__(self, *, finder: PrimaryFinder, **given: Any) -> None:
        super().__init__(**given)
        self._finder = finder

    @property
    def outdated(self) -> bool:
        """Whether the primary has moved since."""
        return self.is_connected and (self.host, self.port) != self._finder.latest

    async def connect(self) -> None:
        """Connect to the primary; a server that Sentinel has not yet demoted is refused."""
        if self.is_connected:
            return
        self.host, self.port = await self._finder.find()
        try:
            await super().connect()  # type: ignore[no-untyped-call]
            await self.send_command("ROLE")
            role = (await self.read_response())[0]
        except BaseException:
            self._finder.forget()
            await self.disconnect(nowait=True)
            raise
        if role not in {b"master", "master"}:
            self._finder.forget()
            await self.disconnect(nowait=True)
            message = f"{self.host}:{self.port} is no primary any more"
            raise ConnectionError(message)

    async def read_response(self, *args: Any, **given: Any) -> Any:
        """Read; a primary that became a replica is left, so that the next command finds the new."""
        try:
            return await super().read_response(*args, **given)
        except ReadOnlyError:
            self._finder.forget()
            await self.disconnect(nowait=True)
            raise


class PrimaryTlsConnection(PrimaryConnection, TlsConnection):
    """The same over TLS."""


class SentinelPool(BlockingConnectionPool):
    """Connections to the primary; after a failover none to the one before is handed out."""

    def __init__(self, *, finder: PrimaryFinder, **given: Any) -> None:
        super().__init__(finder=finder, **given)
        self._finder = finder

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        """Leave a former primary first."""
        if isinstance(connection, PrimaryConnection) and connection.outdated:
            await connection.disconnect(nowait=True)
        await super().ensure_connection(connection)

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002
        """Close connections; with all of them also those to the Sentinels."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self._finder.aclose()


def open_sentinel_pool(url: RedisUrl, options: dict[str, Any], **limits: Any) -> SentinelPool:
    """The pool of a Sentinel URL."""
    shared = {**options, "db": 0}
    shared |= {
        "username": url.options.get("sentinel_username"),
        "password": url.options.get("sentinel_password"),
    }
    sentinels = [
        Redis.from_pool(
            BlockingConnectionPool(
                max_connections=2, timeout=limits["timeout"], host=host, port=port, **shared
            )
        )
        for host, port in url.addresses
    ]
    kind = PrimaryTlsConnection if url.tls else PrimaryConnection
    return SentinelPool(
        finder=PrimaryFinder(sentinels, url.service),
        **{**options, "connection_class": kind},
        **limits,
    )
