"""Password hashes that other software made, so that its users can move in (docs/passwords.md).

Each is read strictly and within bounds on the work it takes: a hash comes from a file, and whoever
wrote that must not be able to occupy this service's threads for minutes.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import pbkdf2_hmac, sha256
from hmac import compare_digest
from typing import Protocol

import bcrypt
from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError

MAX_BCRYPT_ROUNDS = 14
"""2**14: about a second; bcrypt's own default is 12."""
MAX_ITERATIONS = 2_000_000
"""About a second of SHA-256; Django 6 uses 1,200,000."""
MAX_MEMORY_KIB, MAX_TIME, MAX_LANES = 256 * 1024, 10, 8
BCRYPT_BYTES = 72
"""bcrypt sees no more of a password. These hashes were made so; ours never are."""
MAX_LENGTH = 512

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_DJANGO_PBKDF2 = re.compile(r"pbkdf2_(sha1|sha256)\$(\d{1,8})\$([^$]+)\$([A-Za-z0-9+/]+=*)")
_PASSLIB_PBKDF2 = re.compile(
    r"\$pbkdf2(-sha256|-sha512|)\$(\d{1,8})\$([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)"
)


class UnusableHashError(Exception):
    """This is no hash that can be taken over; the message says why, without the hash."""


class ForeignHash(Protocol):
    """A hash that is not argon2id's."""

    def verify(self, password: str) -> bool:
        """Whether it is of this password, as it was typed."""


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """`$2b$…`; `hashed_first`: Django's bcrypt_sha256, which gives it the hex of a SHA-256."""

    text: bytes
    hashed_first: bool

    def verify(self, password: str) -> bool:
        secret = password.encode()
        if self.hashed_first:
            secret = sha256(secret).hexdigest().encode()
        return bcrypt.checkpw(secret[:BCRYPT_BYTES], self.text)


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2 with an HMAC (RFC 8018 §5.2)."""

    digest: str
    iterations: int
    salt: bytes
    key: bytes

    def verify(self, password: str) -> bool:
        made = pbkdf2_hmac(
            self.digest, password.encode(), self.salt, self.iterations, len(self.key)
        )
        return compare_digest(made, self.key)


def check_importable(stored: str) -> None:
    """Let a hash pass that sign-in will be able to use. Raises UnusableHashError."""
    if stored.startswith("$argon2"):
        _check_argon2(stored)
    else:
        read_foreign(stored)


def read_foreign(stored: str) -> ForeignHash:
    """A hash of bcrypt or PBKDF2, in the forms of Django and passlib. Raises UnusableHashError."""
    if len(stored) > MAX_LENGTH or not stored.isascii():
        message = "this is not a password hash"
        raise UnusableHashError(message)
    for prefix, hashed_first in (("bcrypt_sha256$", True), ("bcrypt$", False), ("", False)):
        if found := _BCRYPT.fullmatch(stored.removeprefix(prefix)):
            if not 4 <= int(found[1]) <= MAX_BCRYPT_ROUNDS:
                message = f"bcrypt with {int(found[1])} rounds: 4 to {MAX_BCRYPT_ROUNDS} are taken"
                raise UnusableHashError(message)
            if stored.startswith(prefix):
                return Bcrypt(found[0].encode(), hashed_first)
    if found := _DJANGO_PBKDF2.fullmatch(stored):
        return _pbkdf2(found[1], found[2], salt=found[3].encode(), key=_base64(found[4]))
    if found := _PASSLIB_PBKDF2.fullmatch(stored):
        digest = found[1].removeprefix("-") or "sha1"
        return _pbkdf2(digest, found[2], salt=_adapted(found[3]), key=_adapted(found[4]))
    message = "this is not a hash of bcrypt, PBKDF2 (Django, passlib) or argon2id"
    raise UnusableHashError(message)


def _pbkdf2(digest: str, iterations: str, *, salt: bytes, key: bytes) -> Pbkdf2:
    if not 1 <= int(iterations) <= MAX_ITERATIONS:
        message = f"PBKDF2 with {int(iterations)} iterations: 1 to {MAX_ITERATIONS} are taken"
        raise UnusableHashError(message)
    if not 16 <= len(key) <= 64:
        message = "the key of this PBKDF2 hash is too short or too long"
        raise UnusableHashError(message)
    return Pbkdf2(digest, int(iterations), salt, key)


def _check_argon2(stored: str) -> None:
    try:
        found = extract_parameters(stored)
    except InvalidHashError as error:
        message = "this is not a hash of argon2"
        raise UnusableHashError(message) from error
    if (
        not stored.startswith("$argon2id$")
        or found.memory_cost > MAX_MEMORY_KIB
        or found.time_cost > MAX_TIME
        or found.parallelism > MAX_LANES
        or len(stored) > MAX_LENGTH
    ):
        message = (
            f"of argon2 only argon2id is taken, with at most m={MAX_MEMORY_KIB}, t={MAX_TIME}, "
            f"p={MAX_LANES}"
        )
        raise UnusableHashError(message)


def _adapted(text: str) -> bytes:
    """passlib's base64: `.` for `+`, no padding."""
    return _base64(text.replace(".", "+") + "=" * (-len(text) % 4))


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except Base64Error as error:
        message = "the base64 in this hash is broken"
        raise UnusableHashError(message) from error
