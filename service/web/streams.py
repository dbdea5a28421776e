"""Answers of any size: as fast as they are taken, and whole or visibly broken."""

import asyncio
from collections.abc import AsyncIterator

import structlog
from aiohttp import HttpVersion11, web

from service.domain.errors import AuthError, BadRequestError
from service.web.keys import VISIT
from service.web.middleware import dress

WRITE_SECONDS = 30.0
"""Whoever takes longer over a chunk, some 200 KB, is cut off."""

log = structlog.get_logger("service.web")


async def stream(
    request: web.Request, response: web.StreamResponse, chunks: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Send what comes, chunk by chunk; the next is made when the one before it is on its way.

    What goes wrong before the first chunk is raised. Later there is no way left to say so but to
    close the connection without the terminating chunk (RFC 9112 §8), which HTTP/1.0 has not got.
    """
    if request.version < HttpVersion11:
        raise BadRequestError
    chunk: bytes | None = await anext(chunks, None)
    dress(request, response)
    sent = False
    try:
        await response.prepare(request)
        while chunk is not None:
            async with asyncio.timeout(WRITE_SECONDS):
                await response.write(chunk)
            chunk = await anext(chunks, None)
        async with asyncio.timeout(WRITE_SECONDS):
            await response.write_eof()
        sent = True
    except ConnectionError:  # the client left
        pass
    except (TimeoutError, AuthError) as error:
        log.warning("stream.broken", error=type(error).__name__, **_of(request))
    except Exception:  # the answer has begun: no other may take this one's place
        log.exception("stream.broken", **_of(request))
    finally:
        if not sent and request.transport is not None:
            request.transport.abort()
    return response


def _of(request: web.Request) -> dict[str, str]:
    return {"path": request.path, "request_id": request[VISIT].origin.request_id}
