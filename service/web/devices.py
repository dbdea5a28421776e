"""A browser remembers that somebody signed in there, so that strangers' failures are not theirs."""

from collections.abc import Callable
from dataclasses import dataclass

from service.domain.device_proof import LIFETIME_DAYS, NONCE_BYTES, DeviceProofs
from service.domain.sessions import Origin
from service.web.cookies import DeviceCookie

LIFETIME_SECONDS = LIFETIME_DAYS * 86_400


@dataclass(frozen=True, slots=True)
class MarkDevice:
    """Makes the cookie; a device that is known already stays the same one."""

    proofs: DeviceProofs
    cookie: DeviceCookie
    now_ms: Callable[[], int]
    randomness: Callable[[int], bytes]

    def __call__(self, email: str, origin: Origin) -> str:
        """The value of Set-Cookie after a sign-in by this address."""
        now_ms = self.now_ms()
        known = self.proofs.read(origin.device_proof, email, now_ms=now_ms)
        proof = self.proofs.write(email, known or self.randomness(NONCE_BYTES), now_ms=now_ms)
        return self.cookie.write(proof, seconds=LIFETIME_SECONDS)
