"""Signing in, staying in, signing out."""

from aiohttp import web

from service.domain.errors import TokenMissingError
from service.domain.users import email_key
from service.operations.login import SecondFactorNeeded
from service.operations.tokens import TokenPair
from service.web.bodies import LoginBody, LogoutBody, RefreshBody, VerifyBody, read_body
from service.web.callers import authenticated, find_bearer
from service.web.keys import (
    LOGIN,
    LOGOUT,
    POLICY,
    REFRESH,
    VERIFY_SECOND_FACTOR,
    VISIT,
)
from service.web.limits import Admitting, admit
from service.web.ready import ReadyReply
from service.web.replies import ended_reply, json_reply, me_body, token_reply

REFRESH_ROUTE = "POST /api/auth/refresh"
TAB_STATES = frozenset({"foreground", "background"})


async def post_login(request: web.Request) -> web.Response:
    body = await read_body(request, LoginBody)
    await admit(request, account=email_key(body.email))
    outcome = await request.app[LOGIN](
        email=body.email,
        password=body.password,
        device_name=body.device_name,
        origin=request[VISIT].origin,
    )
    if isinstance(outcome, SecondFactorNeeded):
        return json_reply(
            {
                "mfa_required": True,
                "mfa_token": outcome.token,
                "methods": outcome.methods,
                "expires_in": outcome.expires_in,
            }
        )
    return _signed_in(request, outcome)


async def post_verify_2fa(request: web.Request) -> web.Response:
    body = await read_body(request, VerifyBody)
    await admit(request)
    pair = await request.app[VERIFY_SECOND_FACTOR](
        token=body.mfa_token,
        code=body.code,
        origin=request[VISIT].origin,
        admit=lambda user_id: admit(request, account=user_id, user_id=user_id),
    )
    return _signed_in(request, pair)


async def post_refresh(request: web.Request) -> web.Response:
    body = await read_body(request, RefreshBody)
    tab_state = request.headers.get("X-Tab-State", "")
    return token_reply(
        await request.app[REFRESH](
            body.refresh_token,
            tab_state=tab_state if tab_state in TAB_STATES else "",
            origin=request[VISIT].origin,
            admit=lambda session_id: Admitting(request, route=REFRESH_ROUTE, session=session_id),
        )
    )


async def post_logout(request: web.Request) -> web.Response:
    body = await read_body(request, LogoutBody, optional=True)
    logout, bearer, visit = request.app[LOGOUT], find_bearer(request), request[VISIT]
    if body.refresh_token is not None:
        gone = await logout.by_refresh_token(body.refresh_token, body.scope, visit.origin)
    elif bearer:
        gone = await logout.by_access_token(bearer, body.scope, visit.origin)
    else:
        raise TokenMissingError
    visit.user_id, visit.session_id = gone.user_id, gone.session_id
    return ended_reply(applied=gone.applied)


async def get_me(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    return ReadyReply(body=me_body(caller.user, caller.session, request.app[POLICY]))


def _signed_in(request: web.Request, pair: TokenPair) -> web.Response:
    visit = request[VISIT]
    visit.user_id, visit.session_id = pair.user.id, pair.session_id
    return token_reply(pair)
