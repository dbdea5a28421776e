"""Passkeys: signing in by them, and keeping them."""

from typing import Any
from uuid import UUID

from aiohttp import web

from service.domain.errors import NotFoundError
from service.domain.instants import to_rfc3339
from service.domain.passkeys import Passkey
from service.web.bodies import read_body
from service.web.callers import authenticated
from service.web.handlers.authentication import signed_in
from service.web.keys import VISIT
from service.web.limits import admit
from service.web.passkeys_bodies import (
    MfaTokenBody,
    PasskeyBody,
    PasskeyFactorBody,
    PasskeyLoginBody,
    PasskeyNameBody,
    PasskeyStepUpBody,
)
from service.web.passkeys_keys import (
    ADD_PASSKEY,
    PASSKEYS,
    REMOVE_PASSKEY,
    RENAME_PASSKEY,
    SECOND_FACTOR_BY_PASSKEY,
    SIGN_IN_BY_PASSKEY,
    STEP_UP_BY_PASSKEY,
)
from service.web.ready import NO_STORE
from service.web.replies import json_reply


async def post_login_passkey_options(request: web.Request) -> web.Response:
    return json_reply({"options": await request.app[SIGN_IN_BY_PASSKEY].options()})


async def post_login_passkey(request: web.Request) -> web.Response:
    body = await read_body(request, PasskeyLoginBody)
    pair = await request.app[SIGN_IN_BY_PASSKEY](
        body.credential.read(), device_name=body.device_name, origin=request[VISIT].origin
    )
    return signed_in(request, pair, cookie=body.cookie)


async def post_verify_2fa_passkey_options(request: web.Request) -> web.Response:
    body = await read_body(request, MfaTokenBody)
    return json_reply(
        {"options": await request.app[SECOND_FACTOR_BY_PASSKEY].options(body.mfa_token)}
    )


async def post_verify_2fa_passkey(request: web.Request) -> web.Response:
    body = await read_body(request, PasskeyFactorBody)
    await admit(request)
    pair, cookie = await request.app[SECOND_FACTOR_BY_PASSKEY](
        body.mfa_token,
        body.credential.read(),
        origin=request[VISIT].origin,
        admit=lambda user_id: admit(request, account=user_id, user_id=user_id),
    )
    return signed_in(request, pair, cookie=cookie)


async def post_step_up_passkey_options(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    return json_reply({"options": await request.app[STEP_UP_BY_PASSKEY].options(caller)})


async def post_step_up_passkey(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, PasskeyStepUpBody)
    pair = await request.app[STEP_UP_BY_PASSKEY](
        caller, body.credential.read(), origin=request[VISIT].origin
    )
    return signed_in(request, pair, cookie=body.cookie)


async def get_passkeys(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    held = await request.app[PASSKEYS].of_user(caller.user.id)
    return json_reply({"passkeys": [_view(passkey) for passkey in held]})


async def post_passkeys_options(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    return json_reply({"options": await request.app[ADD_PASSKEY].options(caller)})


async def post_passkeys(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, PasskeyBody)
    passkey = await request.app[ADD_PASSKEY](
        caller, body.credential.read(), name=body.name, origin=request[VISIT].origin
    )
    return json_reply(_view(passkey), status=201)


async def patch_passkey(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, PasskeyNameBody)
    passkey = await request.app[RENAME_PASSKEY](
        caller, _passkey_id(request), body.name, origin=request[VISIT].origin
    )
    return json_reply(_view(passkey))


async def delete_passkey(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    await request.app[REMOVE_PASSKEY](caller, _passkey_id(request), origin=request[VISIT].origin)
    return web.Response(status=204, headers=NO_STORE)


def _passkey_id(request: web.Request) -> str:
    """Raises NotFoundError for what no passkey is called."""
    try:
        return str(UUID(request.match_info["id"]))
    except ValueError as error:
        raise NotFoundError from error


def _view(passkey: Passkey) -> dict[str, Any]:
    used_ms = passkey.last_used_ms
    return {
        "id": passkey.id,
        "name": passkey.name,
        "created_at": to_rfc3339(passkey.created_ms),
        "last_used_at": None if used_ms is None else to_rfc3339(used_ms),
        "backed_up": passkey.backed_up,
        "transports": list(passkey.transports),
    }
