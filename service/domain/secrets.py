"""What is derived from SECRET_KEY: one key a purpose, and sealing at rest.

HKDF-SHA-256 (RFC 5869) keeps purposes apart; AES-256-GCM (NIST SP 800-38D) seals, with the key's
id in front so that SECRET_KEY can be changed while old values stay readable.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_ID_BYTES = 4
NONCE_BYTES = 12


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes that only this secret and purpose give."""
    return HKDF(SHA256(), 32, salt=None, info=f"inphora-auth/{purpose}".encode()).derive(
        secret.encode()
    )


class SealBrokenError(Exception):
    """A sealed value that no configured key opens: set SECRET_KEY_PREVIOUS to the key it had."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Encrypts with the first key, opens with any. `context` binds a value to its place."""

    keys: Sequence[bytes]
    randomness: Callable[[int], bytes]

    @property
    def key_id(self) -> bytes:
        """What values begin with that are sealed from now on."""
        return _key_id(self.keys[0])

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """key id ‖ nonce ‖ ciphertext and tag."""
        key, nonce = self.keys[0], self.randomness(NONCE_BYTES)
        return _key_id(key) + nonce + AESGCM(key).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """The plain value. Raises SealBrokenError."""
        head, nonce, box = (
            sealed[:KEY_ID_BYTES],
            sealed[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES],
            sealed[KEY_ID_BYTES + NONCE_BYTES :],
        )
        for key in self.keys:
            if _key_id(key) == head:
                try:
                    return AESGCM(key).decrypt(nonce, box, context.encode())
                except (InvalidTag, ValueError) as error:  # ValueError: cut within the nonce
                    raise SealBrokenError(context) from error
        raise SealBrokenError(context)


def at_rest(secrets: Sequence[str], randomness: Callable[[int], bytes]) -> Sealer:
    """What seals in SQL, under keys derived from SECRET_KEY and from the one before it."""
    return Sealer([derive_key(secret, "at rest") for secret in secrets], randomness)


def _key_id(key: bytes) -> bytes:
    return sha256(b"key id" + key).digest()[:KEY_ID_BYTES]
