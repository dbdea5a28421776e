"""Identifiers that name their partition: one byte, then 128 random bits, base64url."""

from base64 import urlsafe_b64decode
from binascii import Error as NotBase64Error
from binascii import b2a_base64
from functools import lru_cache

RANDOM_BYTES = 16
TEXT_LENGTH = 23
URL_SAFE = bytes.maketrans(b"+/", b"-_")


def make_id(partition: int, randomness: bytes) -> str:
    """The id of something in a partition (0 to 255); `randomness` is 16 bytes."""
    return encode(bytes([partition]) + randomness)


def partition_in(identifier: str, *, partitions: int) -> int | None:
    """The partition an id names, or None for text that no `make_id` wrote."""
    raw = read_id(identifier)
    if raw is None or raw[0] >= partitions:
        return None
    return raw[0]


@lru_cache(maxsize=8192)
def read_id(identifier: str) -> bytes | None:
    """The bytes that `make_id` wrote, the partition first; None for any other text."""
    return decode(identifier) if len(identifier) == TEXT_LENGTH else None


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 4648 §5)."""
    return b2a_base64(raw, newline=False).translate(URL_SAFE, b"=").decode()


def decode(text: str) -> bytes | None:
    """The bytes of canonical base64url text, or None: one value has one spelling."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (NotBase64Error, ValueError):
        return None
    return raw if encode(raw) == text else None
