"""Turning a second factor on."""

from io import BytesIO

import segno
from aiohttp import web

from service.web.bodies import CodeBody, read_body
from service.web.callers import authenticated
from service.web.keys import ENABLE_TOTP, SET_UP_TOTP, VISIT
from service.web.replies import json_reply


async def post_2fa_setup(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    setup = await request.app[SET_UP_TOTP](caller.user, request[VISIT].origin)
    picture = BytesIO()
    qr = segno.make(setup.uri, error="m", micro=False)
    qr.save(picture, kind="svg", scale=4, border=4, light="#fff", xmldecl=False, omitsize=True)
    return json_reply(
        {
            "secret": setup.secret,
            "otpauth_uri": setup.uri,
            "qr_svg": picture.getvalue().decode(),
        }
    )


async def post_2fa_enable(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, CodeBody)
    codes = await request.app[ENABLE_TOTP](caller.user, body.code, request[VISIT].origin)
    return json_reply({"recovery_codes": codes})
