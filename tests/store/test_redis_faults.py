"""Refusals that pass are told from mistakes, and every trouble has a line for operators."""

import ssl
from typing import Any

import pytest
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,  # noqa: A004
    NoPermissionError,
    ResponseError,
)

from service.store.redis_faults import explain, passing
from service.store.script_client import AWAY


@pytest.mark.parametrize(
    "said",
    [
        "NOREPLICAS Not enough good replicas to write.",
        "MISCONF Errors writing to the AOF file",
        "MASTERDOWN Link with MASTER is down",
        "CLUSTERDOWN Hash slot not served",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "BUSY Redis is busy running a script",
    ],
)
def test_it_passes(said: str) -> None:
    """A caller hears 503 and may try again."""
    assert isinstance(passing(ResponseError(said)), AWAY)


def test_a_mistake_stays_one() -> None:
    mistake = ResponseError("WRONGTYPE Operation against a key")

    assert passing(mistake) is mistake
    assert passing([b"alive"]) == [b"alive"]


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (NoPermissionError("User x has no permissions to run the 'xadd' command"), "ACL LOG"),
        (AuthenticationError("invalid username-password pair"), "REDIS_PASSWORD"),
        (AuthenticationError("Authentication required."), "set REDIS_PASSWORD"),
        (ssl.SSLCertVerificationError("self-signed certificate"), "REDIS_CA_FILE"),
        (ConnectionError("Error -2 connecting to h:1. Name or service not known."), "REDIS_URL"),
        (ConnectionError("something\nnew"), "something new"),
        (ConnectionError(), "ConnectionError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_explained(error: Any, hint: str) -> None:
    assert hint in explain(error)
    assert "\n" not in explain(error)
