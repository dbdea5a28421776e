"""How a receiver knows that a webhook is ours: Standard Webhooks 1.0.0, symmetric.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence

SECRET_BYTES = 32
PREFIX = "whsec_"


def secret_text(secret: bytes) -> str:
    """A secret as its receiver keeps it: `whsec_` and base64."""
    return PREFIX + b64encode(secret).decode()


def signed_headers(
    secrets: Sequence[bytes], *, event_id: str, at_seconds: int, body: bytes
) -> Mapping[str, str]:
    """The three headers of one try; a signature for each secret, as while one is replaced.

    `event_id` must not hold a dot: what is signed is id.seconds.body.
    """
    signed = f"{event_id}.{at_seconds}.".encode() + body
    signatures = (b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at_seconds),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
