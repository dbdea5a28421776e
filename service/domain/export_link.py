"""A link to one file of an export: whoever has it may fetch that file, for a while.

A spreadsheet, a notebook and DuckDB take a link as it is, where none of them sends an access token.
So the link says what it is good for and until when, in a text that only this service can make; it
is short-lived, for one file, and who fetches by it stands in the audit.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from service.domain.maced import Maced

VERSION = 1
TICKET_MAX = 128
"""Characters; a ticket is shorter."""
_CLAIM = struct.Struct(">B16sIq")


class Ticket(NamedTuple):
    """A file of an export, by its number, until an instant."""

    export_id: str
    number: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Tickets:
    """The claim is version ‖ export ‖ number ‖ instant."""

    keys: Sequence[bytes]

    def write(self, ticket: Ticket) -> str:
        """What stands in the link."""
        claim = _CLAIM.pack(VERSION, UUID(ticket.export_id).bytes, ticket.number, ticket.until_ms)
        return Maced(self.keys).write(claim)

    def read(self, text: str, *, now_ms: int) -> Ticket | None:
        """A ticket that still holds; None for any other text."""
        claim = Maced(self.keys).read(text)
        if claim is None or len(claim) != _CLAIM.size:
            return None
        version, export_id, number, until_ms = _CLAIM.unpack(claim)
        if version != VERSION or until_ms <= now_ms:
            return None
        return Ticket(str(UUID(bytes=export_id)), number, until_ms)
