"""Where a reader of the audit has got to, as a text that only this service can make.

base64url(version ‖ instant ‖ partition ‖ sequence number ‖ HMAC-SHA-256 cut to 16 bytes). The MAC
covers what was searched for, too: a cursor goes on with its own search and with no other.
"""

import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from service.domain.audit_chain import MICROSECOND
from service.domain.ids import decode, encode
from service.domain.instants import EPOCH

VERSION = 1
MAC_BYTES = 16
CURSOR_MAX = 64
"""Characters; a cursor is shorter."""
_CLAIM = struct.Struct(">BqBq")


class Position(NamedTuple):
    """A row's place among all: by its instant, then by its place in the chains. No two share one."""

    occurred_at: datetime
    partition: int
    seq: int


@dataclass(frozen=True, slots=True)
class CursorCodec:
    """Writes with the first key, reads with any: SECRET_KEY can be changed within a search."""

    keys: Sequence[bytes]

    def write(self, position: Position, *, search: str) -> str:
        """The cursor behind a row, for a search."""
        at_us = (position.occurred_at - EPOCH) // MICROSECOND
        claim = _CLAIM.pack(VERSION, at_us, position.partition, position.seq)
        return encode(claim + _mac(self.keys[0], claim, search))

    def read(self, text: str, *, search: str) -> Position | None:
        """The position in a cursor of this search; None for any other text."""
        raw = decode(text)
        if raw is None or len(raw) != _CLAIM.size + MAC_BYTES:
            return None
        claim, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        if not any(hmac.compare_digest(_mac(key, claim, search), mac) for key in self.keys):
            return None
        version, at_us, partition, seq = _CLAIM.unpack(claim)
        return Position(EPOCH + at_us * MICROSECOND, partition, seq) if version == VERSION else None


def _mac(key: bytes, claim: bytes, search: str) -> bytes:
    return hmac.digest(key, claim + search.encode(), "sha256")[:MAC_BYTES]
