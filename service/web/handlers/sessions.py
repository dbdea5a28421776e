"""A person's own sessions."""

from aiohttp import web

from service.web.callers import authenticated
from service.web.keys import END_ONE_SESSION, LIST_SESSIONS, POLICY, VISIT
from service.web.replies import ended_reply, json_reply, session_view


async def get_sessions(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    sessions = await request.app[LIST_SESSIONS](caller)
    policy, own = request.app[POLICY], caller.session.id
    return json_reply(
        {"sessions": [session_view(s, policy, current=s.id == own) for s in sessions]}
    )


async def delete_session(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    end = request.app[END_ONE_SESSION]
    return ended_reply(
        applied=await end(caller.user.id, request.match_info["id"], request[VISIT].origin)
    )
