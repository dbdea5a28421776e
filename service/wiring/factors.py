"""Second factors."""

import time
from collections.abc import AsyncIterator
from secrets import token_bytes

from aiohttp import web

from service.operations.two_factor import EnableTotp, SetUpTotp
from service.web import keys
from service.wiring.parts import PARTS


async def wire_factors(app: web.Application) -> AsyncIterator[None]:
    """Let people turn a second factor on."""
    parts = app[PARTS]
    app[keys.SET_UP_TOTP] = SetUpTotp(
        parts.users, parts.seal, parts.events, token_bytes, parts.settings.product_name
    )
    app[keys.ENABLE_TOTP] = EnableTotp(
        parts.users, parts.live, parts.seal, parts.events, time.time, token_bytes
    )
    yield
