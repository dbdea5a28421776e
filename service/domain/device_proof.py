"""What a browser keeps to show that its owner has signed in there before (OWASP's device cookie).

It opens nothing. It only has its failures counted apart, so that strangers who guess cannot keep a
person out of the browser they always use.
"""

from dataclasses import dataclass

from service.domain.maced import Maced
from service.domain.users import email_key

NONCE_BYTES, DAY_BYTES = 16, 3
LIFETIME_DAYS = 180
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class DeviceProofs:
    """Writes and reads proofs. One holds for one address; another person's counts for nothing."""

    maced: Maced

    def write(self, email: str, nonce: bytes, *, now_ms: int) -> str:
        """A proof that a device, known by its nonce, signed in today by this address."""
        day = (now_ms // DAY_MS).to_bytes(DAY_BYTES)
        return self.maced.write(nonce + day, context=email_key(email))

    def read(self, text: str, email: str, *, now_ms: int) -> bytes | None:
        """The device's nonce; None for what is forged, of another address, or too old."""
        claim = self.maced.read(text, context=email_key(email)) if text else None
        if claim is None or len(claim) != NONCE_BYTES + DAY_BYTES:
            return None
        age = now_ms // DAY_MS - int.from_bytes(claim[NONCE_BYTES:])
        return claim[:NONCE_BYTES] if 0 <= age < LIFETIME_DAYS else None
