"""Texts that only this service can make: base64url(claim ‖ HMAC-SHA-256 cut to 16 bytes)."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.ids import decode, encode

MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Maced:
    """Writes with the first key, reads with any: SECRET_KEY can be changed meanwhile."""

    keys: Sequence[bytes]

    def write(self, claim: bytes, *, context: str = "") -> str:
        """A claim that holds only together with its context."""
        return encode(claim + _mac(self.keys[0], claim, context))

    def read(self, text: str, *, context: str = "") -> bytes | None:
        """The claim; None for any other text, or another context."""
        raw = decode(text)
        if raw is None or len(raw) <= MAC_BYTES:
            return None
        claim, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        if not any(hmac.compare_digest(_mac(key, claim, context), mac) for key in self.keys):
            return None
        return claim


def _mac(key: bytes, claim: bytes, context: str) -> bytes:
    return hmac.digest(key, claim + context.encode(), "sha256")[:MAC_BYTES]
