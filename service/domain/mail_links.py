"""Links that are mailed, and the tokens in them: 256 random bits, good for one thing, once.

The token stands behind the `#`: browsers send it to no server, so it is in no log and no Referer.
Only its SHA-256 is kept, bound to what it is good for.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256

TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Purpose(StrEnum):
    """What a link is good for: the page that it opens."""

    VERIFY = "verify"
    RESET = "reset"
    VERIFY_EMAIL = "verify-email"


LIFETIMES = {
    Purpose.VERIFY: timedelta(hours=24),
    Purpose.RESET: timedelta(minutes=30),
    Purpose.VERIFY_EMAIL: timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Link:
    """What is mailed, what is kept, and for how long."""

    url: str
    token_hash: bytes
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links to the pages of `public_url`."""

    public_url: str
    randomness: Callable[[int], bytes]

    def make(self, purpose: Purpose) -> Link:
        """A new one."""
        token = urlsafe_b64encode(self.randomness(TOKEN_BYTES)).rstrip(b"=").decode()
        url = f"{self.public_url}/{purpose}#token={token}"
        return Link(url, _hash(purpose, token), LIFETIMES[purpose])

    def sign_in(self) -> str:
        """Where people sign in."""
        return f"{self.public_url}/"

    def forgotten(self) -> str:
        """Where people ask for a new password."""
        return f"{self.public_url}/forgot"


def token_hash(purpose: Purpose, token: str) -> bytes | None:
    """What is kept of a token; None for a text that never was one."""
    return _hash(purpose, token) if _TOKEN.fullmatch(token) else None


def _hash(purpose: Purpose, token: str) -> bytes:
    return sha256(f"{purpose}:{token}".encode()).digest()
