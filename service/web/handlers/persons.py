"""The rights of persons over what is held on them."""

from aiohttp import web

from service.domain.instants import to_ms, to_rfc3339
from service.store.person_archive import unpacked
from service.web.bodies import EraseBody, read_body
from service.web.callers import authenticated
from service.web.keys import ERASE_ONESELF, EXPORT_PERSON, VISIT
from service.web.ready import NO_STORE
from service.web.replies import json_reply

ASK_AGAIN_SECONDS = 2
FILE = {"Content-Disposition": 'attachment; filename="my-data.json"'}


async def get_export(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    export = await request.app[EXPORT_PERSON](caller.user.id, request[VISIT].origin)
    if export.archive is not None:
        return _archive_reply(request, export.archive)
    requested_at = to_rfc3339(to_ms(export.requested_at))
    reply = json_reply(
        {"id": export.id, "status": "pending", "requested_at": requested_at}, status=202
    )
    reply.headers["Retry-After"] = str(ASK_AGAIN_SECONDS)
    return reply


async def delete_me(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, EraseBody)
    erase = request.app[ERASE_ONESELF]
    erasure = await erase(caller, body.password, request[VISIT].origin)
    status = "erased" if erasure.erased else "scheduled"
    return json_reply({"status": status, "erase_at": to_rfc3339(to_ms(erasure.due_at))}, status=202)


def _archive_reply(request: web.Request, archive: bytes) -> web.Response:
    """As it is kept for those who take gzip, all browsers; else unpacked piece by piece."""
    headers = {**NO_STORE, **FILE}
    if "gzip" in request.headers.get("Accept-Encoding", "").lower():
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=archive, content_type="application/json", headers=headers)
    return web.Response(body=unpacked(archive), content_type="application/json", headers=headers)
