"""What handlers find in the application and in a request."""

from aiohttp import web

from service.domain.access_token import AccessTokens
from service.domain.rate_limits import KeyKind, Standing
from service.domain.sessions import Origin, SessionPolicy
from service.operations.authenticate import Authenticate
from service.operations.check_health import CheckHealth
from service.operations.end_sessions import EndOneSession, Logout
from service.operations.limiter import Limiter
from service.operations.list_sessions import ListSessions
from service.operations.login import Login
from service.operations.refresh import Refresh
from service.operations.two_factor import EnableTotp, SetUpTotp
from service.operations.verify_second_factor import VerifySecondFactor
from service.web.metrics import Metrics

AUTHENTICATE = web.AppKey("authenticate", Authenticate)
CHECK_HEALTH = web.AppKey("check_health", CheckHealth)
ENABLE_TOTP = web.AppKey("enable_totp", EnableTotp)
END_ONE_SESSION = web.AppKey("end_one_session", EndOneSession)
LIMITER = web.AppKey("limiter", Limiter)
LIST_SESSIONS = web.AppKey("list_sessions", ListSessions)
LOGIN = web.AppKey("login", Login)
LOGOUT = web.AppKey("logout", Logout)
METRICS = web.AppKey("metrics", Metrics)
METRICS_TOKEN: web.AppKey[str | None] = web.AppKey("metrics_token")
POLICY = web.AppKey("policy", SessionPolicy)
REFRESH = web.AppKey("refresh", Refresh)
SET_UP_TOTP = web.AppKey("set_up_totp", SetUpTotp)
TOKENS = web.AppKey("tokens", AccessTokens)
VERIFY_SECOND_FACTOR = web.AppKey("verify_second_factor", VerifySecondFactor)

ORIGIN = web.RequestKey("origin", Origin)
LIMIT_IDS = web.RequestKey("limit_ids", dict[KeyKind, str])
STANDINGS = web.RequestKey("standings", tuple[Standing, ...])
WHO = web.RequestKey("who", dict[str, str])
"""`user_id` and `session_id` of the request, once they are known, for its line in the log."""

DEGRADED = web.RequestKey("degraded", str)
"""What was away when the request was answered all the same: `Auth-Degraded`."""
