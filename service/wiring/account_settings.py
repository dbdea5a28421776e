"""What anybody may know of the settings."""

from collections.abc import AsyncIterator

from aiohttp import web

from service.web.account_settings import ACCOUNT_SETTINGS, AccountSettingsShape
from service.wiring.parts import PARTS


async def wire_account_settings(app: web.Application) -> AsyncIterator[None]:
    """Tell pages how accounts are made here."""
    settings = app[PARTS].settings
    app[ACCOUNT_SETTINGS] = AccountSettingsShape(
        product=settings.product_name,
        registration=settings.registration,
        email_verification=settings.verifies_email,
        password_min_length=settings.password_min_length,
        password_min_length_with_mfa=settings.password_min_length_with_mfa,
        trusted_device_days=settings.trusted_device_days,
        passkeys=True,
    )
    yield
