"""The rights of persons over what is held on them."""

from aiohttp import web

from service.domain.instants import to_ms, to_rfc3339
from service.web.bodies import EraseBody, read_body
from service.web.callers import authenticated
from service.web.keys import ERASE_ONESELF, VISIT
from service.web.replies import json_reply


async def delete_me(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, EraseBody)
    erase = request.app[ERASE_ONESELF]
    erasure = await erase(caller.user, body.password, request[VISIT].origin)
    return json_reply({"erase_at": to_rfc3339(to_ms(erasure.due_at))}, status=202)
