"""Accounts of one's own: signing up, passwords, addresses, names."""

from aiohttp import web

from service.domain.users import email_key
from service.web import password_bodies as bodies
from service.web import password_keys as keys
from service.web.bodies import read_body
from service.web.callers import authenticated
from service.web.keys import VISIT
from service.web.limits import admit
from service.web.ready import NO_STORE
from service.web.replies import json_reply


async def post_register(request: web.Request) -> web.Response:
    body = await read_body(request, bodies.RegisterBody)
    await admit(request, account=email_key(body.email))
    user = await request.app[keys.REGISTER](
        email=body.email, password=body.password, name=body.name, origin=request[VISIT].origin
    )
    return json_reply(user.to_dict(), status=201)


async def post_register_verify(request: web.Request) -> web.Response:
    body = await read_body(request, bodies.LinkBody)
    user = await request.app[keys.VERIFY_REGISTRATION](body.token, request[VISIT].origin)
    return json_reply({"user": user.to_dict()})


async def post_password_forgot(request: web.Request) -> web.Response:
    body = await read_body(request, bodies.ForgotBody)
    await admit(request, account=email_key(body.email))
    await request.app[keys.FORGET_PASSWORD](body.email, request[VISIT].origin)
    return json_reply({}, status=202)


async def post_password_reset(request: web.Request) -> web.Response:
    body = await read_body(request, bodies.ResetBody)
    await request.app[keys.RESET_PASSWORD](body.token, body.new_password, request[VISIT].origin)
    return _done()


async def post_password_change(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, bodies.ChangePasswordBody)
    await request.app[keys.CHANGE_PASSWORD](
        caller, body.current_password, body.new_password, request[VISIT].origin
    )
    return _done()


async def post_email_change(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, bodies.ChangeEmailBody)
    await request.app[keys.CHANGE_EMAIL](caller, body.email, body.password, request[VISIT].origin)
    return json_reply({}, status=202)


async def post_email_verify(request: web.Request) -> web.Response:
    body = await read_body(request, bodies.LinkBody)
    await request.app[keys.VERIFY_EMAIL](body.token, request[VISIT].origin)
    return _done()


async def patch_me(request: web.Request) -> web.Response:
    caller = await authenticated(request)
    body = await read_body(request, bodies.ChangeMeBody)
    user = caller.user
    if body.name is not None:
        user = await request.app[keys.RENAME](user, body.name, request[VISIT].origin)
    return json_reply(user.to_dict())


def _done() -> web.Response:
    return web.Response(status=204, headers=NO_STORE)
