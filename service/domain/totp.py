"""Time-based one-time passwords (RFC 6238): 30 s, six ASCII digits, one step of drift."""

import base64
import hmac
import re
from collections.abc import Callable
from hashlib import sha256

import pyotp

STEP_SECONDS = 30
DRIFT_STEPS = 1
SECRET_BYTES = 20
RECOVERY_CODES = 10
RECOVERY_BYTES = 15

_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)
_RECOVERY = re.compile(r"[A-Za-z2-7]{24}", re.ASCII)


def new_secret(randomness: Callable[[int], bytes]) -> str:
    """160 random bits in base32, as authenticators take them."""
    return base64.b32encode(randomness(SECRET_BYTES)).decode()


def matching_step(secret: str, code: str, *, now: float) -> int | None:
    """The time step a code is right for at `now` (epoch seconds), or None.

    A step is worth one sign-in: whoever calls this must spend it (`UserRecords.spend_step`).
    """
    if _DIGITS.fullmatch(code) is None:
        return None
    current, hotp = int(now) // STEP_SECONDS, pyotp.HOTP(secret)
    matches = [
        step
        for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1)
        if hmac.compare_digest(hotp.at(step), code)
    ]
    return max(matches, default=None)


def provisioning_uri(secret: str, *, email: str, issuer: str) -> str:
    """The `otpauth://` text that authenticators read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def new_recovery_code(randomness: Callable[[int], bytes]) -> str:
    """120 random bits as four groups of six."""
    text = base64.b32encode(randomness(RECOVERY_BYTES)).decode()
    return "-".join(text[i : i + 6] for i in range(0, 24, 6))


def recovery_hash(code: str) -> bytes | None:
    """What is stored of a recovery code, or None for text that cannot be one.

    Plain SHA-256 is enough for 120 random bits (ASVS 6.5.2).
    """
    text = code.replace("-", "").replace(" ", "")
    return sha256(text.upper().encode()).digest() if _RECOVERY.fullmatch(text) else None
