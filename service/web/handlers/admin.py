"""People and their sessions, for administrators. The routes let nobody else in."""

from datetime import UTC, datetime
from uuid import UUID

from aiohttp import web

from service.domain.errors import FieldError, NotFoundError, ValidationFailedError
from service.operations import account_deeds as changes
from service.operations.administer_account import Deed
from service.store.account_changes import Changed
from service.store.admin_changes import AccountChange
from service.store.administration import PeopleWanted
from service.web.admin_bodies import (
    EndQuery,
    LockBody,
    NewUserBody,
    PageQuery,
    ReasonBody,
    RolesBody,
    UsersQuery,
)
from service.web.admin_keys import (
    ADMIN_CREATE_USER,
    ADMIN_REQUIRE_FRESH,
    ADMINISTER,
    ADMINISTRATION,
    READ_TIMELINE,
    REVOKE_EVERYBODY,
    SEARCH_PEOPLE,
)
from service.web.admin_views import overview_view, past_session_view, timeline_view
from service.web.bodies import read_body
from service.web.callers import CALLER
from service.web.keys import POLICY, VISIT
from service.web.queries import read_query
from service.web.ready import NO_STORE
from service.web.replies import json_reply

PAGE = 50


async def get_users(request: web.Request) -> web.Response:
    query = read_query(request, UsersQuery)
    wanted = PeopleWanted(q=query.q, role=query.role, status=query.status)
    people, cursor = await request.app[SEARCH_PEOPLE](
        wanted,
        limit=query.limit or PAGE,
        cursor=query.cursor,
        actor_id=request[CALLER].user.id,
        origin=request[VISIT].origin,
    )
    return json_reply({"users": [overview_view(each) for each in people], "next_cursor": cursor})


async def post_users(request: web.Request) -> web.Response:
    body = await read_body(request, NewUserBody)
    if body.roles:
        request.app[ADMIN_REQUIRE_FRESH](request[CALLER])
    user = await request.app[ADMIN_CREATE_USER](
        email=body.email,
        password=body.password,
        name=body.name,
        roles=[role.value for role in body.roles],
        actor_id=request[CALLER].user.id,
        origin=request[VISIT].origin,
    )
    return await _shown(request, user.id, status=201)


async def get_user(request: web.Request) -> web.Response:
    return await _shown(request, _user_id(request))


async def post_lock(request: web.Request) -> web.Response:
    body = await read_body(request, LockBody)
    if body.until is not None and body.until <= datetime.now(UTC):
        raise ValidationFailedError([FieldError("until", "this has passed already")])
    return await _changed(request, changes.lock(body.until), body.reason)


async def post_unlock(request: web.Request) -> web.Response:
    return await _changed(request, changes.UNLOCK, await _reason(request))


async def post_disable(request: web.Request) -> web.Response:
    return await _changed(request, changes.DISABLE, await _reason(request))


async def post_enable(request: web.Request) -> web.Response:
    return await _changed(request, changes.ENABLE, await _reason(request))


async def put_roles(request: web.Request) -> web.Response:
    request.app[ADMIN_REQUIRE_FRESH](request[CALLER])
    body = await read_body(request, RolesBody)
    return await _changed(request, changes.set_roles(body.roles), body.reason)


async def post_reset_2fa(request: web.Request) -> web.Response:
    request.app[ADMIN_REQUIRE_FRESH](request[CALLER])
    return await _changed(request, changes.RESET_2FA, await _reason(request))


async def post_revoke_sessions(request: web.Request) -> web.Response:
    done = await _apply(request, _user_id(request), changes.REVOKE, await _reason(request))
    return json_reply({"ended": len(done.ended)})


async def post_revoke_everybody(request: web.Request) -> web.Response:
    request.app[ADMIN_REQUIRE_FRESH](request[CALLER])
    deed = _deed(request, await _reason(request))
    return json_reply({"ended": await request.app[REVOKE_EVERYBODY](deed)})


async def get_user_sessions(request: web.Request) -> web.Response:
    query, policy = read_query(request, PageQuery), request.app[POLICY]
    page, cursor = await request.app[SEARCH_PEOPLE].sessions_of(
        _user_id(request),
        limit=query.limit or PAGE,
        cursor=query.cursor,
        actor_id=request[CALLER].user.id,
        origin=request[VISIT].origin,
    )
    sessions = [past_session_view(record, at, policy) for record, at in page.rows]
    return json_reply({"sessions": sessions, "next_cursor": cursor})


async def delete_any_session(request: web.Request) -> web.Response:
    query, session_id = read_query(request, EndQuery), request.match_info["id"]
    found = await request.app[ADMINISTRATION].session(session_id)
    if found is None:
        raise NotFoundError
    change = changes.revoke_one(session_id)
    await _apply(request, found[0].session.user_id, change, query.reason)
    return web.Response(status=204, headers=NO_STORE)


async def get_timeline(request: web.Request) -> web.Response:
    found = await request.app[READ_TIMELINE](
        request.match_info["id"],
        actor_id=request[CALLER].user.id,
        origin=request[VISIT].origin,
    )
    return json_reply(timeline_view(found, request.app[POLICY]))


async def _reason(request: web.Request) -> str:
    return (await read_body(request, ReasonBody)).reason


async def _changed(request: web.Request, change: AccountChange, reason: str) -> web.Response:
    user_id = _user_id(request)
    await _apply(request, user_id, change, reason)
    return await _shown(request, user_id)


async def _apply(request: web.Request, user_id: str, change: AccountChange, reason: str) -> Changed:
    return await request.app[ADMINISTER](user_id, change, _deed(request, reason))


def _deed(request: web.Request, reason: str) -> Deed:
    return Deed(request[CALLER].user.id, reason, request[VISIT].origin)


async def _shown(request: web.Request, user_id: str, *, status: int = 200) -> web.Response:
    found = await request.app[ADMINISTRATION].find(user_id)
    if found is None:
        raise NotFoundError
    return json_reply(overview_view(found), status=status)


def _user_id(request: web.Request) -> str:
    try:
        return str(UUID(request.match_info["id"]))
    except ValueError:
        raise NotFoundError from None
