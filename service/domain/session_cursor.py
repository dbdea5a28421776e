"""Where a reader of session rows has got to; like the audit's cursor, bound to its search."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from service.domain.audit_chain import MICROSECOND
from service.domain.instants import EPOCH
from service.domain.maced import Maced

VERSION = 1
CURSOR_MAX = 256
"""Characters; a cursor is shorter."""
_HEAD = struct.Struct(">Bq")


class Place(NamedTuple):
    """A session's place among all: by an instant of its own, then by its id. No two share one."""

    at: datetime
    session_id: str


@dataclass(frozen=True, slots=True)
class SessionCursors:
    """The claim is version ‖ instant ‖ id."""

    keys: Sequence[bytes]

    def write(self, place: Place, *, search: str) -> str:
        """The cursor behind a row, for a search."""
        head = _HEAD.pack(VERSION, (place.at - EPOCH) // MICROSECOND)
        return Maced(self.keys).write(head + place.session_id.encode(), context=search)

    def read(self, text: str, *, search: str) -> Place | None:
        """The place in a cursor of this search; None for any other text."""
        claim = Maced(self.keys).read(text, context=search)
        if claim is None:
            return None
        version, at_us = _HEAD.unpack_from(claim)
        place = Place(EPOCH + at_us * MICROSECOND, claim[_HEAD.size :].decode())
        return place if version == VERSION else None
