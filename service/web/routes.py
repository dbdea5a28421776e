"""Every route of the API, once."""

from service.domain import errors as e
from service.domain.users import Role
from service.web import bodies, queries, shapes
from service.web.account_settings import ACCOUNT_SETTINGS_ROUTES
from service.web.admin_routes import ADMIN_ROUTES
from service.web.analytics_routes import ANALYTICS_ROUTES
from service.web.factor_routes import FACTOR_ROUTES
from service.web.handlers import (
    audit,
    authentication,
    operations,
    persons,
    sessions,
)
from service.web.limits import Limited
from service.web.oauth_routes import OAUTH_ROUTES
from service.web.passkeys_routes import PASSKEY_ROUTES
from service.web.password_routes import PASSWORD_ROUTES
from service.web.route import AWAY, REFRESH_ERRORS, Route

ROUTES = (
    Route(
        method="POST",
        path="/api/auth/login",
        handler=authentication.post_login,
        summary="Sign in by e-mail and password",
        body=bodies.LoginBody,
        replies={200: [shapes.TokensShape, shapes.ChallengeShape]},
        errors=(
            e.InvalidCredentialsError,
            e.AccountLockedError,
            e.SessionLimitError,
            *AWAY,
        ),
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
            e.AccountLockedError,
            e.MfaCodeInvalidError,
            e.MfaTokenInvalidError,
            e.SessionLimitError,
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
        errors=(
            e.InvalidCredentialsError,
            e.AccountLockedError,
            e.StepUpRequiredError,
            e.LastAdminError,
            *AWAY,
        ),
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
    *FACTOR_ROUTES,
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
    *PASSWORD_ROUTES,
    *ACCOUNT_SETTINGS_ROUTES,
    *PASSKEY_ROUTES,
    *ADMIN_ROUTES,
    *ANALYTICS_ROUTES,
    *OAUTH_ROUTES,
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
        replies={200: [shapes.JwksShape], 304: []},
    ),
)
