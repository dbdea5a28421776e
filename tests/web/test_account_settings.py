"""What a sign-in page may know of the settings, and nothing else."""

from typing import Any

import pytest

from tests.conftest import MakeSettings, Share


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({}, {"registration": "closed", "email_verification": False}, id="as shipped"),
        pytest.param(
            {"registration": "open", "smtp_url": "smtp://mail.example"},
            {"registration": "open", "email_verification": True},
            id="addresses are proven where mails are sent",
        ),
        pytest.param({"password_min_length": 20}, {"password_min_length": 20}, id="a length"),
    ],
)
async def test_what_anybody_is_told(
    share: Share, make_settings: MakeSettings, changes: dict[str, Any], told: dict[str, Any]
) -> None:
    """Without a token; the names are all there are."""
    reply = await share(make_settings(**changes)).send("GET", "/api/auth/settings")

    assert reply.status == 200
    assert reply.body | told == reply.body
    assert set(reply.body) == {
        "product",
        "registration",
        "email_verification",
        "password_min_length",
        "password_min_length_with_mfa",
        "trusted_device_days",
        "passkeys",
    }
