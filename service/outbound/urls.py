"""What is wrong with the URL of a receiver, said when somebody gives it and can still mend it."""

import asyncio
import re
import socket

from yarl import URL

from service.domain.errors import FieldError, ValidationFailedError
from service.domain.reach import Reach, may_call, read

LONGEST = 2000
WRITTEN = re.compile(rf"[!-~]{{1,{LONGEST}}}")
"""Letters that a URL has: no blank, and nothing that a terminal would obey."""
PRIVATE = "WEBHOOK_PRIVATE_ADDRESSES"


async def check_url(url: str, reach: Reach) -> None:
    """Raise ValidationFailedError for what no delivery would be made to.

    A name may lead elsewhere tomorrow, so each delivery checks again: see `service.outbound.http`.
    """
    try:
        parts = URL(url if WRITTEN.fullmatch(url) else "")
    except ValueError:
        parts = URL()
    fault = _written(parts, reach) or await _leading(parts, reach)
    if fault:
        raise ValidationFailedError([FieldError("url", fault)])


def _written(parts: URL, reach: Reach) -> str | None:
    if not parts.host:
        return f"write a URL such as https://hooks.example.com/auth, of at most {LONGEST} letters"
    if parts.user is not None or parts.password is not None:
        return "leave out user and password: the signature proves who we are"
    if parts.fragment:
        return "leave out what begins with #: it is never sent"
    if parts.scheme == "https" or (parts.scheme == "http" and reach is not Reach.DENY):
        return None
    return f"use https; {PRIVATE}=loopback or allow lets http lead to addresses that are not public"


async def _leading(parts: URL, reach: Reach) -> str | None:
    host, loop = str(parts.host), asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, parts.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return f"{host} has no address now; is it spelled right?"
    for address in (str(each[0]) for *_, each in found):
        known = read(address)
        if known is not None and may_call(reach, parts.scheme, known):
            continue
        if parts.scheme == "http" and (known is None or may_call(reach, "https", known)):
            return f"{host} leads to {address}, where http is not allowed; use https"
        return f"{host} leads to {address}, which is not public; {PRIVATE} says what may be called"
    return None
