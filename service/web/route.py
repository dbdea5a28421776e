"""What is said of one route of the API: what serves it, what it takes, what it answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import BaseModel

from service.domain import errors as e
from service.domain.rate_limits import KEY_KINDS, KeyKind
from service.domain.users import Role
from service.web import bodies, queries
from service.web.forms import Form
from service.web.limits import Limited
from service.web.oauth_errors import speaks_oauth

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_ERRORS = (
    e.MalformedJsonError,
    e.RequestTimeoutError,
    e.PayloadTooLargeError,
    e.UnsupportedMediaTypeError,
    e.ValidationFailedError,
)
FORM_ERRORS = (
    e.RequestTimeoutError,
    e.PayloadTooLargeError,
    e.UnsupportedMediaTypeError,
    e.ValidationFailedError,
)
"""Of a form that is no form a parameter is said to be at fault."""
BEARER_ERRORS = (
    e.TokenMissingError,
    e.TokenInvalidError,
    e.TokenExpiredError,
    e.TokenRevokedError,
)
REFRESH_ERRORS = (
    e.RefreshTokenInvalidError,
    e.RefreshTokenReusedError,
    e.SessionExpiredError,
    e.SessionRevokedError,
)
AWAY = (e.ServiceUnavailableError,)
UNROUTED_ERRORS: Mapping[type[e.AuthError], str] = {
    e.BadRequestError: "any connection that does not speak HTTP",
    e.MethodNotAllowedError: "every path",
    e.NotFoundError: "every path that does not exist",
}
"""Errors that come from the server or the router, not from a route; and where."""
SHARED_ERRORS: Mapping[type[e.AuthError], str] = {
    **dict.fromkeys(BODY_ERRORS, "every route that takes a body"),
    **dict.fromkeys(BEARER_ERRORS, "every route that takes an access token"),
    e.ForbiddenError: "every route that wants a role",
    e.ValidationFailedError: "every route that takes a body or a query",
}
"""Errors that routes answer for what they take, whatever they do; and which routes."""
LIMITED = ("/api/", "/oauth/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path; a reply of None has no body.

    `roles`: whoever has one of these may ask; none: whoever has an access token, if `bearer` says
    so; `basic`: clients of INTROSPECTION_CLIENTS. `streams`: media types that a 200 may also have.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    replies: Mapping[int, Sequence[type[BaseModel]]]
    body: type[bodies.Body] | None = None
    body_optional: bool = False
    form: type[Form] | None = None
    query: type[queries.Query] | None = None
    streams: Sequence[str] = ()
    bearer: bool = False
    basic: bool = False
    roles: Sequence[Role] = ()
    errors: Sequence[type[e.AuthError]] = field(default=())
    limited: Limited = Limited.BEFORE
    limit_keys: Sequence[KeyKind] = ("ip",)

    @property
    def name(self) -> str:
        """What limits call it."""
        return f"{self.method} {self.path}"

    @property
    def oauth(self) -> bool:
        """Whether its refusals have OAuth's form."""
        return speaks_oauth(self.path)

    @property
    def knows(self) -> frozenset[KeyKind]:
        """What its requests can be counted by."""
        return frozenset(KEY_KINDS) if self.bearer else frozenset(self.limit_keys)

    def refusals(self) -> list[type[e.AuthError]]:
        """Every error this route may answer."""
        return [
            *(BODY_ERRORS if self.body else ()),
            *(FORM_ERRORS if self.form else ()),
            *((e.ValidationFailedError,) if self.query else ()),
            *((e.NotAcceptableError,) if self.streams else ()),
            *(BEARER_ERRORS if self.bearer else ()),
            *((e.ForbiddenError,) if self.roles else ()),
            *((e.RateLimitedError,) if self.path.startswith(LIMITED) else ()),
            *self.errors,
        ]
