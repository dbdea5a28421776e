"""What handlers find in the application and in a request."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from service.domain.access_token import AccessTokens
from service.domain.rate_limits import KeyKind, Standing
from service.domain.sessions import Origin, SessionPolicy
from service.operations.authenticate import Authenticate
from service.operations.check_health import CheckHealth
from service.operations.end_sessions import EndOneSession, Logout
from service.operations.erase_user import EraseOneself
from service.operations.export_audit import ExportAudit
from service.operations.export_person import ExportPerson
from service.operations.fetch_export import FetchFile, FindExport
from service.operations.limiter import Limiter
from service.operations.list_sessions import ListSessions
from service.operations.login import Login
from service.operations.query_analytics import QueryAnalytics
from service.operations.refresh import Refresh
from service.operations.request_export import RequestExport
from service.operations.search_audit import SearchAudit
from service.operations.search_sessions import SearchSessions
from service.operations.two_factor import EnableTotp, SetUpTotp
from service.operations.verify_second_factor import VerifySecondFactor
from service.store.live_numbers import LiveNumbers
from service.web.cookies import RefreshCookie
from service.web.metrics import Metrics
from service.web.sharing import Sharing

AUDIT_EXPORTS = web.AppKey("audit_exports", asyncio.Semaphore)
AUTHENTICATE = web.AppKey("authenticate", Authenticate)
CHECK_HEALTH = web.AppKey("check_health", CheckHealth)
ENABLE_TOTP = web.AppKey("enable_totp", EnableTotp)
END_ONE_SESSION = web.AppKey("end_one_session", EndOneSession)
ERASE_ONESELF = web.AppKey("erase_oneself", EraseOneself)
EXPORT_AUDIT = web.AppKey("export_audit", ExportAudit)
EXPORT_PERSON = web.AppKey("export_person", ExportPerson)
FETCH_FILE = web.AppKey("fetch_file", FetchFile)
FIND_EXPORT = web.AppKey("find_export", FindExport)
LIMITER = web.AppKey("limiter", Limiter)
LIST_SESSIONS = web.AppKey("list_sessions", ListSessions)
COOKIE = web.AppKey("cookie", RefreshCookie)
LOGIN = web.AppKey("login", Login)
LOGOUT = web.AppKey("logout", Logout)
METRICS = web.AppKey("metrics", Metrics)
METRICS_TOKEN: web.AppKey[str | None] = web.AppKey("metrics_token")
POLICY = web.AppKey("policy", SessionPolicy)
LIVE_NUMBERS = web.AppKey("live_numbers", LiveNumbers)
QUERY_ANALYTICS = web.AppKey("query_analytics", QueryAnalytics)
REQUEST_EXPORT = web.AppKey("request_export", RequestExport)
REFRESH = web.AppKey("refresh", Refresh)
SEARCH_AUDIT = web.AppKey("search_audit", SearchAudit)
SEARCH_SESSIONS = web.AppKey("search_sessions", SearchSessions)
SET_UP_TOTP = web.AppKey("set_up_totp", SetUpTotp)
TOKENS = web.AppKey("tokens", AccessTokens)
VERIFY_SECOND_FACTOR = web.AppKey("verify_second_factor", VerifySecondFactor)


@dataclass(slots=True)
class Visit:
    """What is known of a request so far: whose it is, where it stands with its limits.

    `sharing`: with which origins' pages. `degraded`: it was answered without Redis. `set_cookie`:
    what the browser is to keep or drop; `device_cookies`: what it is to keep of the device besides.
    """

    origin: Origin
    sharing: Sharing | None = None
    user_id: str = ""
    session_id: str = ""
    degraded: bool = False
    set_cookie: str = ""
    device_cookies: tuple[str, ...] = ()
    limit_ids: Mapping[KeyKind, str] = field(default_factory=dict)
    standings: tuple[Standing, ...] = ()


VISIT = web.RequestKey("visit", Visit)
