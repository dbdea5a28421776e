"""The one way by which the service calls others: a POST with limits to where it may go.

What is checked is the address that a socket is about to connect to, so no name, redirect, proxy or
second look-up leads anywhere else.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver

from service.domain.reach import Reach, may_call, read
from service.release import VERSION

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 5.0
ANSWER_BYTES = 16_384
"""How much of an answer is read, so that its connection can be used again; nobody keeps it."""
REFUSED = "the service may not call this address"
"""One text for all, so that several refusals of one name are told as one."""
USER_AGENT = f"inphora-auth/{VERSION}"


class AddressRefusedError(OSError):
    """A URL leads to where the service may not call."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a POST: a status, or in a word why there is none.

    `timeout`, `dns`, `refused_address`, `tls`, `connection`, `protocol`.
    """

    status: int | None
    error: str | None = None
    retry_after: str | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Outbound:
    """Sends. Follows no redirect, uses no proxy, keeps no cookie, verifies TLS."""

    def __init__(
        self,
        reach: Reach,
        *,
        seconds: float = TOTAL_SECONDS,
        resolver: AbstractResolver | None = None,
        ssl: SSLContext | bool = True,
    ) -> None:
        self._sessions = {
            scheme: aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    resolver=resolver,
                    ssl=ssl,
                    socket_factory=partial(_open_socket, reach, scheme),
                ),
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": USER_AGENT},
                auto_decompress=False,
            )
            for scheme in ("https", "http")
        }

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send, and say what came of it; an outcome, never an exception."""
        session = self._sessions.get(url.partition(":")[0].lower())
        if session is None:
            return Answer(None, "protocol")
        try:
            async with session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await _read_some(response)
                return Answer(response.status, retry_after=response.headers.get("Retry-After"))
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:  # uvloop's last
            return Answer(None, _in_a_word(error))

    async def aclose(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def _open_socket(reach: Reach, scheme: str, address: tuple[Any, ...]) -> socket.socket:
    """A socket for what getaddrinfo gave. Raises AddressRefusedError."""
    family, kind, protocol, _, (host, *_) = address
    found = read(str(host))
    if found is None or not may_call(reach, scheme, found):
        raise AddressRefusedError(REFUSED)
    return socket.socket(family, kind, protocol)


async def _read_some(response: aiohttp.ClientResponse) -> None:
    left = ANSWER_BYTES
    while left > 0 and (chunk := await response.content.read(left)):
        left -= len(chunk)
    if left <= 0:
        response.close()


def _in_a_word(error: Exception) -> str:
    match error:
        case TimeoutError() | asyncio.TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorDNSError():
            return "dns"
        case aiohttp.ClientSSLError():
            return "tls"
        case aiohttp.ClientConnectorError(os_error=AddressRefusedError()):
            return "refused_address"
        case aiohttp.ClientOSError() | aiohttp.ServerConnectionError() | OSError():
            return "connection"
        case _:
            return "protocol"
