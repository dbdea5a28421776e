"""The audit's hash chain: what a row says as bytes, and how it holds on to the row before it.

docs/audit.md has the encoding for outsiders, with twenty lines that check it; a change here is a
new FORMAT.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from service.domain.instants import EPOCH

FORMAT = "inphora-audit-1"
GENESIS = bytes(32)
"""What the first row of a partition holds on to."""

MICROSECOND = timedelta(microseconds=1)

to_canonical_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


class Entry(NamedTuple):
    """What a row of the audit says, wherever it stands. `personal` is ciphertext."""

    stream_id: str
    type: str
    occurred_at: datetime
    recorded_at: datetime
    user_id: str | None
    session_id: str | None
    generation: int | None
    request_id: str | None
    actor_id: str | None
    reason: str | None
    data: Mapping[str, Any]
    personal: bytes | None


def canonical(partition: int, seq: int, entry: Entry) -> bytes:
    """A row and its place as one JSON array without white space, in UTF-8."""
    personal = entry.personal
    return to_canonical_json(
        (
            FORMAT,
            partition,
            seq,
            entry.stream_id,
            entry.type,
            (entry.occurred_at - EPOCH) // MICROSECOND,
            (entry.recorded_at - EPOCH) // MICROSECOND,
            entry.user_id,
            entry.session_id,
            entry.generation,
            entry.request_id,
            entry.actor_id,
            entry.reason,
            entry.data,
            None if personal is None else personal.hex(),
        )
    ).encode()


def link(previous: bytes, partition: int, seq: int, entry: Entry) -> bytes:
    """The hash of a row that follows `previous`."""
    return sha256(previous + canonical(partition, seq, entry)).digest()
