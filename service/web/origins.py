"""Where a request came from, as far as it may be believed."""

import re
from collections.abc import Callable
from ipaddress import ip_address

from aiohttp import web

from service.domain.sessions import Origin
from service.web.cookies import DEVICE

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
USER_AGENT_MAX = 512
DEVICE_PROOF = re.compile(rf"(?:^|;) *(?:__Secure-)?{DEVICE}=([A-Za-z0-9_-]{{1,128}})", re.ASCII)
"""In a Cookie header: looking for one name costs less than reading them all, which every request would pay."""
WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+", re.ASCII)


def read_origin(request: web.Request, *, proxies: int, new_id: Callable[[], str]) -> Origin:
    """The caller's address, user agent and request id; what is not plain text is made so."""
    headers = request.headers
    request_id = headers.get("X-Request-ID")
    if request_id is None or REQUEST_ID.fullmatch(request_id) is None:
        request_id = new_id()
    agent = headers.get("User-Agent", "")[:USER_AGENT_MAX]
    if not (agent.isascii() and agent.isprintable()):
        agent = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in agent)
    cookies = headers.get("Cookie")
    proof = DEVICE_PROOF.search(cookies) if cookies else None
    return Origin(
        ip=client_ip(request, proxies=proxies),
        user_agent=agent,
        request_id=request_id,
        device_proof=proof[1] if proof else "",
    )


def client_ip(request: web.Request, *, proxies: int) -> str:
    """The address that the outermost trusted proxy saw, else the peer's.

    With n trusted hops the n-th address from the right of X-Forwarded-For was written by one of
    ours; whatever stands left of it the client made up.
    """
    peer = request.remote or ""
    if proxies == 0:
        return peer
    hops = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    if len(hops) < proxies:
        return peer
    try:
        return str(
            ip_address(_without_port(hops[-proxies].strip()).partition("%")[0])
        )  # no zone: it is any text
    except ValueError:
        return peer


def _without_port(hop: str) -> str:
    """Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`."""
    found = WITH_PORT.fullmatch(hop)
    return (found[1] or found[2]) if found else hop
