"""The routes that off-the-shelf clients of OAuth know."""

from typing import Any

from aiohttp import web

from service.domain.errors import (
    FieldError,
    InvalidScopeError,
    UnsupportedGrantTypeError,
    ValidationFailedError,
)
from service.web.forms import read_form
from service.web.handlers.operations import CACHED
from service.web.keys import REFRESH, TOKENS, VISIT
from service.web.limits import Admitting, admit
from service.web.oauth_bodies import TokenForm, TokenHintForm
from service.web.oauth_errors import NO_STORE
from service.web.oauth_keys import CLIENTS, INTROSPECT, METADATA, REVOKE_TOKEN
from service.web.replies import cached_reply, json_reply


async def post_token(request: web.Request) -> web.Response:
    form = await read_form(request, TokenForm)
    if form.grant_type != "refresh_token":
        raise UnsupportedGrantTypeError
    if form.refresh_token is None:
        raise ValidationFailedError([FieldError("refresh_token", "is missing")])
    if form.scope is not None:
        raise InvalidScopeError
    pair = await request.app[REFRESH](
        form.refresh_token,
        tab_state="",
        origin=request[VISIT].origin,
        admit=lambda session_id: Admitting(request, session=session_id),
    )
    return _kept_by_nobody(
        {
            "access_token": pair.access_token,
            "token_type": "Bearer",
            "expires_in": pair.expires_in,
            "refresh_token": pair.refresh_token,
        }
    )


async def post_revoke(request: web.Request) -> web.Response:
    form = await read_form(request, TokenHintForm)
    visit = request[VISIT]
    ended = await request.app[REVOKE_TOKEN](form.token, visit.origin)
    if ended is not None:
        visit.user_id, visit.session_id = ended.user_id, ended.session_id
    return web.Response(headers=NO_STORE)


async def post_introspect(request: web.Request) -> web.Response:
    await admit(request)
    request.app[CLIENTS].authenticate(request)
    form = await read_form(request, TokenHintForm)
    found = await request.app[INTROSPECT](form.token, request[VISIT].origin)
    if found is None:
        return _kept_by_nobody({"active": False})
    request[VISIT].degraded = found.degraded
    tokens = request.app[TOKENS]
    said: dict[str, Any] = {
        "active": True,
        "token_type": "Bearer" if found.access else "N_A",
        "iss": tokens.issuer,
        "sub": found.user_id,
        "client_id": tokens.audience,
        "exp": found.expires,
        "auth_time": found.auth_time,
        "sid": found.session_id,
    }
    if found.access:
        said |= {"aud": tokens.audience, "amr": list(found.amr), "roles": list(found.roles)}
    return _kept_by_nobody(said)


async def get_metadata(request: web.Request) -> web.Response:
    return cached_reply(request.app[METADATA], caching=CACHED)


def _kept_by_nobody(value: object) -> web.Response:
    reply = json_reply(value)
    reply.headers["Pragma"] = NO_STORE["Pragma"]
    return reply
