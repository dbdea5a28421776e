"""The refresh token: a session, a generation, and a MAC that only this service can make.

`rt_` + base64url(version ‖ session id ‖ generation ‖ HMAC-SHA-256 cut to 16 bytes). Nothing secret
is stored anywhere, a forgery is refused without asking a store, and a successor can be derived
again when its answer was lost. 39 bytes are 52 characters without spare bits: one spelling each.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from service.domain.errors import RefreshTokenInvalidError
from service.domain.ids import decode, encode, read_id

PREFIX = "rt_"
VERSION = 1
SESSION_BYTES = 17
GENERATION_BYTES = 5
MAC_BYTES = 16
MAX_GENERATION = 256**GENERATION_BYTES - 1


class RefreshToken(NamedTuple):
    """A session's n-th refresh token; the first generation is 1."""

    session_id: str
    generation: int


@dataclass(frozen=True, slots=True)
class RefreshTokenCodec:
    """Writes with the first key, reads with any: SECRET_KEY can be changed without a sign-out."""

    keys: Sequence[bytes]

    def write(self, token: RefreshToken) -> str:
        """The token's text; the same token always gives the same text."""
        session = read_id(token.session_id)
        if session is None:
            message = f"not a session id: {token.session_id!r}"
            raise ValueError(message)
        claim = bytes([VERSION]) + session + token.generation.to_bytes(GENERATION_BYTES)
        return PREFIX + encode(claim + _mac(self.keys[0], claim))

    def read(self, text: str) -> RefreshToken:
        """The token in a text that this service wrote. Raises RefreshTokenInvalidError."""
        raw = decode(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else None
        if raw is None or len(raw) != 1 + SESSION_BYTES + GENERATION_BYTES + MAC_BYTES:
            raise RefreshTokenInvalidError
        claim, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        if not any(hmac.compare_digest(_mac(key, claim), mac) for key in self.keys):
            raise RefreshTokenInvalidError
        if claim[0] != VERSION:
            raise RefreshTokenInvalidError
        return RefreshToken(
            session_id=encode(claim[1 : 1 + SESSION_BYTES]),
            generation=int.from_bytes(claim[1 + SESSION_BYTES :]),
        )


def _mac(key: bytes, claim: bytes) -> bytes:
    mac = _keyed(key).copy()
    mac.update(claim)
    return mac.digest()[:MAC_BYTES]


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hmac.HMAC:
    """The state that has taken the key in: half of the work of so short a claim."""
    return hmac.new(key, digestmod="sha256")
