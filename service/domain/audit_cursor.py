"""Where a reader of the audit has got to, as a text that only this service can make.

Its claim is version ‖ instant ‖ partition ‖ sequence number. The MAC covers what was searched for,
too: a cursor goes on with its own search and with no other.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from service.domain.audit_chain import MICROSECOND
from service.domain.instants import EPOCH
from service.domain.maced import Maced

VERSION = 1
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
        return Maced(self.keys).write(claim, context=search)

    def read(self, text: str, *, search: str) -> Position | None:
        """The position in a cursor of this search; None for any other text."""
        claim = Maced(self.keys).read(text, context=search)
        if claim is None or len(claim) != _CLAIM.size:
            return None
        version, at_us, partition, seq = _CLAIM.unpack(claim)
        return Position(EPOCH + at_us * MICROSECOND, partition, seq) if version == VERSION else None
