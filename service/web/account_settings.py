"""What a sign-in page has to know before anybody is signed in."""

from typing import Literal

from aiohttp import web

from service.web.replies import cached_reply
from service.web.route import Route
from service.web.shapes import Shape

CACHED = "public, max-age=60"


class AccountSettingsShape(Shape):
    """How accounts are made here, and what is asked of them."""

    product: str
    registration: Literal["closed", "open"]
    email_verification: bool
    password_min_length: int
    password_min_length_with_mfa: int
    trusted_device_days: int
    passkeys: bool


ACCOUNT_SETTINGS = web.AppKey("account_settings", AccountSettingsShape)


async def get_account_settings(request: web.Request) -> web.Response:
    return cached_reply(request.app[ACCOUNT_SETTINGS].model_dump(), caching=CACHED)


ACCOUNT_SETTINGS_ROUTES = (
    Route(
        method="GET",
        path="/api/auth/settings",
        handler=get_account_settings,
        summary="What a sign-in page has to know: whether accounts can be made, what passwords need",
        replies={200: [AccountSettingsShape]},
    ),
)
