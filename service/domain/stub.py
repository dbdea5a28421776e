"""A stub: what is left of a month of the audit that retention dropped, signed.

It says where every chain goes on, so that what is left still verifies, and whose rows were held
back for the law, with a digest of them.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.domain.audit_chain import GENESIS
from service.domain.signed import Signed


class Start(NamedTuple):
    """The newest row of a partition that was dropped, and its hash: the first one left follows it."""

    seq: int
    hash: bytes


FIRST = Start(0, GENESIS)
"""Of a chain of which nothing was dropped."""


class Held(NamedTuple):
    """How many rows of a person were held back, and `digest_of` their hashes."""

    rows: int
    digest: str


class Stub(Signed):
    """One stub. The newest says it all: where each chain goes on, whichever month that was dropped."""

    FORMAT = "inphora-stub-1"

    @classmethod
    def sign(
        cls,
        key: Ed25519PrivateKey,
        *,
        month: str,
        starts: Mapping[int, Start],
        rows: Mapping[int, int],
        held: Mapping[str, Held],
        made_ms: int,
        previous: "Stub | None",
    ) -> Self:
        """The one that follows `previous`; `rows` is how many of each partition were dropped now."""
        return cls.seal(
            key,
            made_ms=made_ms,
            previous=previous,
            month=month,
            dropped=[
                [partition, start.seq, start.hash.hex(), rows.get(partition, 0)]
                for partition, start in sorted(starts.items())
            ],
            held=[[user, *each] for user, each in sorted(held.items())],
        )

    @property
    def month(self) -> str:
        """`2026-11`: what was dropped by it ended with this month."""
        return str(self.said["month"])

    @property
    def starts(self) -> dict[int, Start]:
        """Of each partition that ever lost a row."""
        return {p: Start(seq, bytes.fromhex(digest)) for p, seq, digest, _ in self.said["dropped"]}

    @property
    def rows(self) -> int:
        """How many were dropped by it, those that were held back among them."""
        return sum(rows for *_, rows in self.said["dropped"])

    @property
    def held(self) -> dict[str, Held]:
        """By `pseudonym_of` the user."""
        return {user: Held(rows, digest) for user, rows, digest in self.said["held"]}


def pseudonym_of(user_id: str) -> str:
    """What a stub calls a person: stubs leave the house, and who is in a proceeding must not.

    SHA-256 of an id of 122 random bits, which nobody can guess.
    """
    return sha256(f"held/{user_id}".encode()).hexdigest()


def digest_of(hashes: Iterable[bytes]) -> str:
    """Of a person's rows, by partition and seq: SHA-256 of their hashes, one after the other."""
    return sha256(b"".join(hashes)).hexdigest()
