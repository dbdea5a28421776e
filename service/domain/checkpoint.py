"""A checkpoint: where the audit's chains ended at an instant, signed (Ed25519, RFC 8032).

Its body is one line of JSON whose exact bytes are signed. It names the SHA-256 of the body before
it, so that none can be left out.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

FORMAT = "inphora-checkpoint-1"
NONE_BEFORE = "0" * 64

Heads = Mapping[int, tuple[int, bytes]]
"""Of each partition the newest row's seq and hash."""


class CheckpointBrokenError(Exception):
    """A checkpoint that is not what was signed, or not signed by us; its text says which."""


def kid_of(public_key: bytes) -> str:
    """A key's name: 16 hex digits of its SHA-256."""
    return sha256(public_key).hexdigest()[:16]


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint as it is stored and exported."""

    number: int
    kid: str
    body: str
    signature: bytes

    @classmethod
    def sign(
        cls, key: Ed25519PrivateKey, *, heads: Heads, made_ms: int, previous: "Checkpoint | None"
    ) -> "Checkpoint":
        """The one that follows `previous`."""
        number = 1 if previous is None else previous.number + 1
        body = json.dumps(
            {
                "format": FORMAT,
                "number": number,
                "made_ms": made_ms,
                "previous": NONE_BEFORE if previous is None else previous.digest,
                "heads": [[p, seq, digest.hex()] for p, (seq, digest) in sorted(heads.items())],
            },
            separators=(",", ":"),
        )
        kid = kid_of(key.public_key().public_bytes_raw())
        return cls(number, kid, body, key.sign(body.encode()))

    @classmethod
    def from_line(cls, line: str) -> "Checkpoint":
        """The inverse of `to_line`. Raises CheckpointBrokenError."""
        try:
            said = json.loads(line)
            signature = base64.b64decode(said["signature"], validate=True)
            return cls(
                int(json.loads(said["body"])["number"]), said["kid"], said["body"], signature
            )
        except (ValueError, TypeError, KeyError) as error:
            message = "is not a line that was exported here"
            raise CheckpointBrokenError(message) from error

    @property
    def name(self) -> str:
        """What a sink calls it; sorts like the number."""
        return f"checkpoint-{self.number:012}"

    def to_line(self) -> str:
        """One line of JSON, for a sink."""
        signature = base64.b64encode(self.signature).decode()
        return json.dumps({"kid": self.kid, "signature": signature, "body": self.body}) + "\n"

    def check(self, public_keys: Mapping[str, bytes]) -> None:
        """Raise CheckpointBrokenError unless one of these keys signed just this."""
        public_key = public_keys.get(self.kid)
        if public_key is None:
            message = f"is signed by {self.kid}, a key that is not ours"
            raise CheckpointBrokenError(message)
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(
                self.signature, self.body.encode()
            )
        except InvalidSignature:
            message = "was edited: its signature does not fit"
            raise CheckpointBrokenError(message) from None
        if self._said.get("number") != self.number:
            message = f"was renumbered: it was signed as number {self._said.get('number')}"
            raise CheckpointBrokenError(message)

    @property
    def digest(self) -> str:
        """What the next one names as `previous`."""
        return sha256(self.body.encode()).hexdigest()

    @property
    def previous(self) -> str:
        """Of the one before it."""
        return str(self._said["previous"])

    @property
    def made_ms(self) -> int:
        """When, by the clock of the process that made it."""
        return int(self._said["made_ms"])

    @property
    def heads(self) -> dict[int, tuple[int, bytes]]:
        """Of each partition the newest row's seq and hash, back then."""
        return {p: (seq, bytes.fromhex(digest)) for p, seq, digest in self._said["heads"]}

    @cached_property
    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.body)
        return said
