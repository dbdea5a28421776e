"""A checkpoint: where the audit's chains ended at an instant, signed."""

from collections.abc import Mapping
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.domain.signed import Signed

Heads = Mapping[int, tuple[int, bytes]]
"""Of each partition the newest row's seq and hash."""


class Checkpoint(Signed):
    """One checkpoint."""

    FORMAT = "inphora-checkpoint-1"

    @classmethod
    def sign(
        cls, key: Ed25519PrivateKey, *, heads: Heads, made_ms: int, previous: "Checkpoint | None"
    ) -> Self:
        """The one that follows `previous`."""
        return cls.seal(
            key,
            made_ms=made_ms,
            previous=previous,
            heads=[[p, seq, digest.hex()] for p, (seq, digest) in sorted(heads.items())],
        )

    @property
    def heads(self) -> dict[int, tuple[int, bytes]]:
        """Of each partition the newest row's seq and hash, back then."""
        return {p: (seq, bytes.fromhex(digest)) for p, seq, digest in self.said["heads"]}
