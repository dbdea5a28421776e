"""A signed line: a body of JSON whose exact bytes are signed (Ed25519, RFC 8032).

Each names the SHA-256 of the body before it, so that none can be left out; `format` in the body
says of which kind it is, so that none passes for one of another.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

NONE_BEFORE = "0" * 64


class SignedBrokenError(Exception):
    """A line that is not what was signed, or not signed by us; its text says which."""


def kid_of(public_key: bytes) -> str:
    """A key's name: 16 hex digits of its SHA-256."""
    return sha256(public_key).hexdigest()[:16]


@dataclass(frozen=True)
class Signed:
    """One line as it is stored and exported."""

    FORMAT: ClassVar[str]

    number: int
    kid: str
    body: str
    signature: bytes

    @classmethod
    def seal(
        cls, key: Ed25519PrivateKey, *, made_ms: int, previous: "Signed | None", **said: Any
    ) -> Self:
        """The one that follows `previous`, and says this."""
        number = 1 if previous is None else previous.number + 1
        body = json.dumps(
            {
                "format": cls.FORMAT,
                "number": number,
                "made_ms": made_ms,
                "previous": NONE_BEFORE if previous is None else previous.digest,
                **said,
            },
            separators=(",", ":"),
        )
        kid = kid_of(key.public_key().public_bytes_raw())
        return cls(number, kid, body, key.sign(body.encode()))

    @classmethod
    def from_line(cls, line: str) -> Self:
        """The inverse of `to_line`. Raises SignedBrokenError."""
        try:
            said = json.loads(line)
            kid, body = str(said["kid"]), str(said["body"])
            body.encode()  # JSON can have letters that UTF-8 has not
            signature = base64.b64decode(said["signature"], validate=True)
            return cls(int(json.loads(body)["number"]), kid, body, signature)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            message = "is not a line that was exported here"
            raise SignedBrokenError(message) from error

    @property
    def name(self) -> str:
        """What a sink calls it; sorts like the number."""
        _, kind, _ = self.FORMAT.split("-")
        return f"{kind}-{self.number:012}"

    def to_line(self) -> str:
        """One line of JSON, for a sink."""
        return json.dumps(self.as_json()) + "\n"

    def as_json(self) -> dict[str, str]:
        """Its members."""
        signature = base64.b64encode(self.signature).decode()
        return {"kid": self.kid, "signature": signature, "body": self.body}

    def check(self, public_keys: Mapping[str, bytes]) -> None:
        """Raise SignedBrokenError unless one of these keys signed just this."""
        public_key = public_keys.get(self.kid)
        if public_key is None:
            message = f"is signed by {self.kid}, a key that is not ours"
            raise SignedBrokenError(message)
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(
                self.signature, self.body.encode()
            )
        except InvalidSignature:
            message = "was edited: its signature does not fit"
            raise SignedBrokenError(message) from None
        if self.said.get("format") != self.FORMAT:
            message = f"was signed as something else: {self.said.get('format')}"
            raise SignedBrokenError(message)
        if self.said.get("number") != self.number:
            message = f"was renumbered: it was signed as number {self.said.get('number')}"
            raise SignedBrokenError(message)

    @property
    def digest(self) -> str:
        """What the next one names as `previous`."""
        return sha256(self.body.encode()).hexdigest()

    @property
    def previous(self) -> str:
        """Of the one before it."""
        return str(self.said["previous"])

    @property
    def made_ms(self) -> int:
        """When, by the clock of the process that made it."""
        return int(self.said["made_ms"])

    @cached_property
    def said(self) -> dict[str, Any]:
        """The body, read."""
        said: dict[str, Any] = json.loads(self.body)
        return said
