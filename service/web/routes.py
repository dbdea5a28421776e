"""Every route of the API, once: what serves it, what it takes, what it answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import BaseModel

from service.domain import errors as e
from service.domain.rate_limits import KEY_KINDS, KeyKind
from service.domain.users import Role
from service.web import bodies, queries, shapes
from service.web.export_bodies import ExportBody
from service.web.handlers import (
    analytics,
    audit,
    authentication,
    exports,
    operations,
    persons,
    sessions,
    two_factor,
)
from service.web.limits import Limited

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_ERRORS = (
    e.MalformedJsonError,
    e.RequestTimeoutError,
    e.PayloadTooLargeError,
    e.UnsupportedMediaTypeError,
    e.ValidationFailedError,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path; a reply of None has no body.

    `roles`: whoever has one of these may ask; none: whoever has an access token, if `bearer` says
    so. `streams`: media types that a 200 may also have.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    replies: Mapping[int, Sequence[type[BaseModel]]]
    body: type[bodies.Body] | None = None
    body_optional: bool = False
    query: type[queries.Query] | None = None
    streams: Sequence[str] = ()
    bearer: bool = False
    roles: Sequence[Role] = ()
    errors: Sequence[type[e.AuthError]] = field(default=())
    limited: Limited = Limited.BEFORE
    limit_keys: Sequence[KeyKind] = ("ip",)

    @property
    def name(self) -> str:
        """What limits call it."""
        return f"{self.method} {self.path}"

    @property
    def knows(self) -> frozenset[KeyKind]:
        """What its requests can be counted by."""
        return frozenset(KEY_KINDS) if self.bearer else frozenset(self.limit_keys)

    def refusals(self) -> list[type[e.AuthError]]:
        """Every error this route may answer."""
        return [
            *(BODY_ERRORS if self.body else ()),
            *((e.ValidationFailedError,) if self.query else ()),
            *((e.NotAcceptableError,) if self.streams else ()),
            *(BEARER_ERRORS if self.bearer else ()),
            *((e.ForbiddenError,) if self.roles else ()),
            *((e.RateLimitedError,) if self.path.startswith("/api/") else ()),
            *self.errors,
        ]


ROUTES = (
    Route(
        method="POST",
        path="/api/auth/login",
        handler=authentication.post_login,
        summary="Sign in by e-mail and password",
        body=bodies.LoginBody,
        replies={200: [shapes.TokensShape, shapes.ChallengeShape]},
        errors=(e.InvalidCredentialsError, *AWAY),
        limited=Limited.WITHIN,
        limit_keys=("ip", "account"),
    ),
    Route(
        method="POST",
        path="/api/auth/verify-2fa",
        handler=authentication.post_verify_2fa,
        summary="Finish a sign-in by a TOTP or recovery code",
        body=bodies.VerifyBody,
        replies={200: [shapes.TokensShape]},
        errors=(
            e.InvalidCredentialsError,
            e.MfaCodeInvalidError,
            e.MfaTokenInvalidError,
            *AWAY,
        ),
        limited=Limited.WITHIN,
        limit_keys=("ip", "account"),
    ),
    Route(
        method="POST",
        path="/api/auth/refresh",
        handler=authentication.post_refresh,
        summary="Trade a refresh token for a new pair",
        body=bodies.RefreshBody,
        replies={200: [shapes.TokensShape]},
        body_optional=True,
        errors=(*REFRESH_ERRORS, e.CsrfFailedError, *AWAY),
        limited=Limited.WITHIN,
        limit_keys=("ip", "session"),
    ),
    Route(
        method="POST",
        path="/api/auth/logout",
        handler=authentication.post_logout,
        summary="Sign out here, elsewhere or everywhere",
        body=bodies.LogoutBody,
        body_optional=True,
        bearer=True,
        replies={204: [], 202: []},
        errors=(e.RefreshTokenInvalidError, e.CsrfFailedError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/auth/me",
        handler=authentication.get_me,
        summary="Who I am, and this session",
        bearer=True,
        replies={200: [shapes.MeShape]},
        errors=AWAY,
        limited=Limited.ALONGSIDE,
    ),
    Route(
        method="GET",
        path="/api/auth/me/export",
        handler=persons.get_export,
        summary="All that is held on me: asked for at first, given when it is made",
        bearer=True,
        replies={200: [shapes.ArchiveShape], 202: [shapes.ExportJobShape]},
        errors=AWAY,
    ),
    Route(
        method="DELETE",
        path="/api/auth/me",
        handler=persons.delete_me,
        summary="Be forgotten: account, sessions and all that was held on me",
        body=bodies.EraseBody,
        bearer=True,
        replies={202: [shapes.ErasureShape]},
        errors=(e.InvalidCredentialsError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/auth/sessions",
        handler=sessions.get_sessions,
        summary="My sessions, the latest used first",
        bearer=True,
        replies={200: [shapes.SessionsShape]},
        errors=AWAY,
    ),
    Route(
        method="DELETE",
        path="/api/auth/sessions/{id}",
        handler=sessions.delete_session,
        summary="End one of my sessions",
        bearer=True,
        replies={204: [], 202: []},
        errors=(e.NotFoundError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/2fa/setup",
        handler=two_factor.post_2fa_setup,
        summary="Make a secret for an authenticator; nothing is on yet",
        bearer=True,
        replies={200: [shapes.SetupShape]},
        errors=(e.ConflictError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/2fa/enable",
        handler=two_factor.post_2fa_enable,
        summary="Turn the second factor on by a first code",
        body=bodies.CodeBody,
        bearer=True,
        replies={200: [shapes.RecoveryCodesShape]},
        errors=(e.MfaCodeInvalidError, e.ConflictError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/audit",
        handler=audit.get_audit,
        summary="What happened: a page, the newest first; or all of it as a file, the oldest first",
        query=queries.AuditQuery,
        bearer=True,
        roles=(Role.AUDITOR, Role.ADMIN),
        replies={200: [shapes.AuditPageShape]},
        streams=(audit.CSV, audit.NDJSON),
        errors=AWAY,
    ),
    Route(
        method="GET",
        path="/api/analytics/metrics",
        handler=analytics.get_metrics,
        summary="Every metric: what it means, and its SQL",
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.MetricsShape], 304: []},
        errors=AWAY,
    ),
    Route(
        method="GET",
        path="/api/analytics/live",
        handler=analytics.get_live_numbers,
        summary="Who is signed in right now, and the last 30 minutes; approximate",
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.LiveNumbersShape]},
        errors=AWAY,
    ),
    Route(
        method="GET",
        path="/api/analytics/query",
        handler=analytics.get_query,
        summary="Metrics by window of local time, and by a breakdown",
        query=queries.AnalyticsQuery,
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.AnswerShape], 304: []},
        streams=(analytics.CSV, analytics.PARQUET),
        errors=(e.ParquetMissingError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/analytics/sessions",
        handler=exports.get_analytics_sessions,
        summary="Sessions row by row, the newest first, people by pseudonyms",
        query=queries.SessionQuery,
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.SessionRowsShape]},
        errors=AWAY,
    ),
    Route(
        method="POST",
        path="/api/analytics/exports",
        handler=exports.post_analytics_export,
        summary="Ask for a table, or for an answer, as files",
        body=ExportBody,
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={202: [shapes.AnalyticsExportShape]},
        errors=(e.ConflictError, e.ParquetMissingError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/analytics/exports/{id}",
        handler=exports.get_analytics_export,
        summary="How far an export is, and links to its files",
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.AnalyticsExportShape]},
        errors=(e.NotFoundError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/analytics/files",
        handler=exports.get_analytics_file,
        summary="A file of an export, to whoever has its link",
        query=queries.FileQuery,
        replies={200: []},
        streams=(exports.FILE,),
        errors=(e.NotFoundError, e.BadRequestError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/health",
        handler=operations.get_health,
        summary="How the service and its stores are",
        replies={200: [shapes.HealthShape], 503: [shapes.HealthShape]},
    ),
    Route(
        method="GET",
        path="/api/health/live",
        handler=operations.get_live,
        summary="The process answers",
        replies={200: [shapes.StatusShape]},
    ),
    Route(
        method="GET",
        path="/api/health/ready",
        handler=operations.get_ready,
        summary="Both stores answer",
        replies={200: [shapes.StatusShape]},
        errors=AWAY,
    ),
    Route(
        method="GET",
        path="/.well-known/jwks.json",
        handler=operations.get_jwks,
        summary="The public keys of access tokens",
        replies={200: [shapes.JwksShape]},
    ),
)
