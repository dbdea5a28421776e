"""The routes of administrators: people, their sessions, and what happened to one."""

from collections.abc import Sequence
from typing import Any

from service.domain import errors as e
from service.domain.users import Role
from service.web import admin_bodies as bodies
from service.web import admin_shapes as shapes
from service.web.handlers import admin
from service.web.route import AWAY, Handler, Route

USERS, SESSIONS = "/api/admin/users", "/api/admin/sessions"
FRESH = (e.StepUpRequiredError,)
ONE = (e.NotFoundError, *AWAY)
LAST = (e.LastAdminError, *ONE)


def _route(
    method: str,
    path: str,
    handler: Handler,
    summary: str,
    reply: Any,
    *,
    errors: Sequence[type[e.AuthError]],
    status: int = 200,
    **more: Any,
) -> Route:
    return Route(
        method=method,
        path=path,
        handler=handler,
        summary=summary,
        replies={status: [reply] if reply else []},
        errors=tuple(errors),
        bearer=True,
        roles=(Role.ADMIN,),
        **more,
    )


def _deed(
    path: str,
    handler: Handler,
    summary: str,
    *,
    body: Any = bodies.ReasonBody,
    reply: Any = shapes.AdminUserShape,
    errors: Sequence[type[e.AuthError]] = ONE,
    method: str = "POST",
) -> Route:
    return _route(method, path, handler, summary, reply, errors=errors, body=body)


ADMIN_ROUTES = (
    _route(
        "GET",
        USERS,
        admin.get_users,
        "People, the newest first",
        shapes.AdminUsersShape,
        query=bodies.UsersQuery,
        errors=AWAY,
    ),
    _route(
        "POST",
        USERS,
        admin.post_users,
        "Add a person; fresh when they get a role",
        shapes.AdminUserShape,
        status=201,
        body=bodies.NewUserBody,
        errors=(e.ConflictError, *FRESH, *AWAY),
    ),
    _route(
        "GET",
        f"{USERS}/{{id}}",
        admin.get_user,
        "One person",
        shapes.AdminUserShape,
        errors=ONE,
    ),
    _deed(
        f"{USERS}/{{id}}/lock",
        admin.post_lock,
        "Shut somebody out, for a time or until unlocked; their sessions end",
        body=bodies.LockBody,
        errors=LAST,
    ),
    _deed(f"{USERS}/{{id}}/unlock", admin.post_unlock, "Let somebody in again"),
    _deed(
        f"{USERS}/{{id}}/disable",
        admin.post_disable,
        "Close an account; its sessions end",
        errors=LAST,
    ),
    _deed(
        f"{USERS}/{{id}}/enable",
        admin.post_enable,
        "Open an account again, unless it is to be erased",
        errors=(e.ConflictError, *ONE),
    ),
    _deed(
        f"{USERS}/{{id}}/roles",
        admin.put_roles,
        "Say what somebody may do; counts from their next request on",
        method="PUT",
        body=bodies.RolesBody,
        errors=(*FRESH, *LAST),
    ),
    _deed(
        f"{USERS}/{{id}}/reset-2fa",
        admin.post_reset_2fa,
        "Take somebody's second factor off; their sessions end",
        errors=(*FRESH, *ONE),
    ),
    _deed(
        f"{USERS}/{{id}}/revoke-sessions",
        admin.post_revoke_sessions,
        "End all sessions of somebody",
        reply=shapes.EndedShape,
    ),
    _deed(
        "/api/admin/revoke-sessions",
        admin.post_revoke_everybody,
        "End everybody's sessions, the caller's too",
        reply=shapes.EndedShape,
        errors=(*FRESH, *AWAY),
    ),
    _route(
        "GET",
        f"{USERS}/{{id}}/sessions",
        admin.get_user_sessions,
        "Somebody's sessions, ended ones too, the newest first",
        shapes.AdminSessionsShape,
        query=bodies.PageQuery,
        errors=ONE,
    ),
    _route(
        "DELETE",
        f"{SESSIONS}/{{id}}",
        admin.delete_any_session,
        "End one session of anybody",
        None,
        status=204,
        query=bodies.EndQuery,
        errors=ONE,
    ),
    _route(
        "GET",
        f"{SESSIONS}/{{id}}/timeline",
        admin.get_timeline,
        "Everything that happened to a session, and why it ended",
        shapes.TimelineShape,
        errors=ONE,
    ),
)
