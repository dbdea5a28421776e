"""A person's devices that skip the second step."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web

from service.domain.instants import to_ms, to_rfc3339
from service.store.trusted_devices import TrustedDevice
from service.web.callers import authenticated
from service.web.factor_keys import REVOKE_DEVICE, TRUST_COOKIE, TRUSTED_DEVICES
from service.web.keys import VISIT
from service.web.ready import NO_STORE
from service.web.replies import json_reply


async def get_trusted_devices(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    token = request.app[TRUST_COOKIE].read(request)
    devices = await request.app[TRUSTED_DEVICES].of_user(caller.user.id, token)
    return json_reply({"trusted_devices": [_view(device) for device in devices]})


async def delete_trusted_device(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    await request.app[REVOKE_DEVICE](
        caller.user.id, request.match_info["id"], request[VISIT].origin
    )
    return web.Response(status=204, headers=NO_STORE)


def _view(device: TrustedDevice) -> dict[str, Any]:
    return {
        name: to_rfc3339(to_ms(value)) if isinstance(value, datetime) else value
        for name, value in asdict(device).items()
    }
