"""Second factors, and proving again who one is."""

from io import BytesIO

import segno
from aiohttp import web

from service.web.bodies import read_body
from service.web.callers import authenticated
from service.web.factor_bodies import DisableBody, EnableBody, RenewCodesBody, StepUpBody
from service.web.factor_keys import CHANGE_TOTP, SECOND_FACTORS, STEP_UP, TRUSTED_DAYS
from service.web.handlers.authentication import signed_in
from service.web.keys import ENABLE_TOTP, SET_UP_TOTP, VISIT
from service.web.ready import NO_STORE
from service.web.replies import json_reply


async def get_2fa(request: web.Request) -> web.Response:
    user = (await authenticated(request)).user
    left = await request.app[SECOND_FACTORS].codes_left(user.id)
    return json_reply(
        {
            "totp": user.mfa_enabled,
            "recovery_codes_left": left,
            "trusted_devices_days": request.app[TRUSTED_DAYS],
        }
    )


async def post_2fa_setup(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    setup = await request.app[SET_UP_TOTP](caller, request[VISIT].origin)
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
    body = await read_body(request, EnableBody)
    codes = await request.app[ENABLE_TOTP](
        caller, body.code, request[VISIT].origin, end_others=body.end_other_sessions
    )
    return json_reply({"recovery_codes": codes})


async def post_2fa_disable(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, DisableBody)
    await request.app[CHANGE_TOTP].disable(
        caller,
        body.password,
        body.code,
        request[VISIT].origin,
        end_others=body.end_other_sessions,
    )
    return web.Response(status=204, headers=NO_STORE)


async def post_2fa_recovery_codes(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, RenewCodesBody)
    codes = await request.app[CHANGE_TOTP].renew_codes(
        caller, body.password, body.code, request[VISIT].origin
    )
    return json_reply({"recovery_codes": codes})


async def post_step_up(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, StepUpBody)
    pair = await request.app[STEP_UP](caller, body.password, body.code, request[VISIT].origin)
    return signed_in(request, pair, cookie=body.cookie)
