"""Signatures as others' code checks them."""

import time
from base64 import b64decode

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from service.domain.webhook_signature import secret_text, signed_headers

SECRET, OTHER = bytes(range(32)), b"o" * 32
BODY = '{"type":"session.ended","data":{"reason":"çelik"}}'.encode()


def headers(*secrets: bytes, body: bytes = BODY) -> dict[str, str]:
    return dict(
        signed_headers(secrets, event_id="evt_5_1-0", at_seconds=int(time.time()), body=body)
    )


def test_a_known_value() -> None:
    """The example that the specification's own libraries test with."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signed_headers(
        [secret],
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at_seconds=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_another_library_agrees() -> None:
    """With either secret while one is replaced, and with no other."""
    for secret in (SECRET, OTHER):
        assert Webhook(secret_text(secret)).verify(BODY, headers(SECRET, OTHER))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(b"x" * 32)).verify(BODY, headers(SECRET, OTHER))


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_5_1-1"},
        {"webhook-timestamp": str(int(time.time()) + 1)},
        {"webhook-signature": "v1,AAAA"},
    ],
    ids=["id", "instant", "signature"],
)
def test_all_of_it_is_signed(change: dict[str, str]) -> None:
    """Whatever is changed on the way is found."""
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(SECRET)).verify(BODY, {**headers(SECRET), **change})
