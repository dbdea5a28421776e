"""What Redis' errors mean: who may try again later, and what an operator should do."""

import ssl
from typing import Any

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

LATER: dict[str, type[ResponseError | BusyLoadingError]] = {
    "BUSY": BusyLoadingError,
    "CLUSTERDOWN": ClusterDownError,
    "MASTERDOWN": MasterDownError,
    "MISCONF": ReadOnlyError,
    "NOREPLICAS": ReadOnlyError,
    "TRYAGAIN": TryAgainError,
}
"""Refusals that pass, under errors that say so; redis-py calls them all ResponseError."""

UNTRUSTED = (
    "the server's certificate is not trusted: give its CA by REDIS_CA_FILE, and write REDIS_URL "
    "with a host name that stands in the certificate"
)
HINTS = {
    "CERTIFICATE_VERIFY_FAILED": UNTRUSTED,
    "WRONG_VERSION_NUMBER": "the server speaks no TLS: write redis://, or mend its tls-port",
    "Timeout connecting": "nothing answers there: a firewall between, a server that hangs, or one "
    "that speaks no TLS where the URL says rediss://",
    "Connection closed by server": "the server hangs up: it may want TLS (rediss://)",
    "Authentication required": "the server wants a password: set REDIS_PASSWORD",
    "Name or service not known": "the host's name is unknown here: check REDIS_URL",
    "Connect call failed": "nothing listens there: check REDIS_URL and that the server runs",
    "No such file": "no such socket: check REDIS_URL and that the server runs",
}


def passing(reply: Any) -> Any:
    """A reply as it is, but a refusal that passes as the error that says so."""
    if type(reply) is not ResponseError:
        return reply
    kind = LATER.get(str(reply).partition(" ")[0])
    return reply if kind is None else kind(str(reply))


def explain(error: BaseException | None) -> str:
    """One line for an operator: what Redis or the way there said, and how to mend it."""
    if error is None:
        return ""
    said = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, NoPermissionError):
        hint = "the ACL user lacks a right: docs/redis.md has the rule, ACL LOG what was refused"
    elif isinstance(error, AuthenticationError) and "required" not in said:
        hint = "the server refuses the user or password: check REDIS_URL and REDIS_PASSWORD"
    elif isinstance(error, ssl.SSLError):
        hint = UNTRUSTED
    else:
        hint = next((hint for mark, hint in HINTS.items() if mark in said), "")
    return f"{said} ({hint})" if hint else said
