"""Signing in, staying in, signing out."""

from aiohttp import web

from service.domain.errors import (
    FieldError,
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    SessionExpiredError,
    SessionRevokedError,
    ValidationFailedError,
)
from service.domain.users import email_key
from service.operations.end_sessions import Scope
from service.operations.login import SecondFactorNeeded
from service.operations.tokens import TokenPair
from service.web.bodies import LoginBody, LogoutBody, RefreshBody, VerifyBody, read_body
from service.web.callers import authenticated, find_bearer
from service.web.factor_keys import MARK_DEVICE, TRUST_COOKIE, TRUSTED_DAYS
from service.web.keys import (
    COOKIE,
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
ENDED = (
    RefreshTokenInvalidError,
    RefreshTokenReusedError,
    SessionExpiredError,
    SessionRevokedError,
)
"""What no further refresh will change."""

TAB_STATES = frozenset({"foreground", "background"})


async def post_login(request: web.Request) -> web.Response:
    body = await read_body(request, LoginBody)
    await admit(request, account=email_key(body.email))
    outcome = await request.app[LOGIN](
        email=body.email,
        password=body.password,
        device_name=body.device_name,
        cookie=body.cookie,
        origin=request[VISIT].origin,
        device_token=body.device_token or request.app[TRUST_COOKIE].read(request),
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
    return signed_in(request, outcome, cookie=body.cookie)


async def post_verify_2fa(request: web.Request) -> web.Response:
    body = await read_body(request, VerifyBody)
    await admit(request)
    done = await request.app[VERIFY_SECOND_FACTOR](
        token=body.mfa_token,
        code=body.code,
        origin=request[VISIT].origin,
        admit=lambda user_id: admit(request, account=user_id, user_id=user_id),
        trust=body.trust_device,
    )
    if done.device_token and done.cookie:
        seconds = request.app[TRUSTED_DAYS] * 86_400
        kept = request.app[TRUST_COOKIE].write(done.device_token, seconds=seconds)
        request[VISIT].device_cookies = (kept,)
    return signed_in(request, done.pair, cookie=done.cookie, device_token=done.device_token)


async def post_refresh(request: web.Request) -> web.Response:
    body = await read_body(request, RefreshBody, optional=request.app[COOKIE].is_asked_for(request))
    visit, kept = request[VISIT], body.refresh_token is None
    refresh_token = body.refresh_token or _kept_token(request)
    tab_state = request.headers.get("X-Tab-State", "")
    try:
        pair = await request.app[REFRESH](
            refresh_token,
            tab_state=tab_state if tab_state in TAB_STATES else "",
            origin=visit.origin,
            admit=lambda session_id: Admitting(request, route=REFRESH_ROUTE, session=session_id),
        )
    except ENDED:
        if kept:
            visit.set_cookie = request.app[COOKIE].drop()
        raise
    return _tokens(request, pair, cookie=kept)


def _kept_token(request: web.Request) -> str:
    """The refresh token that the browser keeps. Without one: RefreshTokenInvalidError to a script in
    cookie mode, to anybody else ValidationFailedError."""
    cookie = request.app[COOKIE]
    refresh_token = cookie.read(request)
    if refresh_token is None and not cookie.is_asked_for(request):
        raise ValidationFailedError([FieldError("refresh_token", "Field required")])
    return refresh_token or ""


async def post_logout(request: web.Request) -> web.Response:
    body = await read_body(request, LogoutBody, optional=True)
    logout, bearer, visit = request.app[LOGOUT], find_bearer(request), request[VISIT]
    cookie, refresh_token, kept = request.app[COOKIE], body.refresh_token, False
    if refresh_token is None and (not bearer or cookie.is_asked_for(request)):
        refresh_token = cookie.read(request)
        kept = refresh_token is not None
    gone = await logout(bearer or None, refresh_token, body.scope, visit.origin, kept=kept)
    visit.user_id, visit.session_id = gone.user_id, gone.session_id
    if kept and body.scope is not Scope.OTHERS:
        visit.set_cookie = cookie.drop()
    return ended_reply(applied=gone.applied)


async def get_me(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    return ReadyReply(body=me_body(caller.user, caller.session, request.app[POLICY]))


def signed_in(
    request: web.Request, pair: TokenPair, *, cookie: bool, device_token: str = ""
) -> web.Response:
    """The answer to somebody who proved who they are; their browser remembers that they did."""
    visit = request[VISIT]
    visit.user_id, visit.session_id = pair.user.id, pair.session_id
    mark = request.app[MARK_DEVICE](pair.user.email, visit.origin)
    visit.device_cookies = (*visit.device_cookies, mark)
    return _tokens(request, pair, cookie=cookie, device_token=device_token)


def _tokens(
    request: web.Request, pair: TokenPair, *, cookie: bool, device_token: str = ""
) -> web.Response:
    if cookie:
        request[VISIT].set_cookie = request.app[COOKIE].write(
            pair.refresh_token, seconds=pair.refresh_expires_in
        )
    return token_reply(pair, cookie=cookie, device_token=device_token)
