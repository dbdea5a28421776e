"""Analysts' numbers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from aiohttp import web

from service.clocks import now_ms
from service.domain.export_link import Tickets
from service.domain.secrets import derive_key
from service.domain.session_cursor import SessionCursors
from service.operations.fetch_export import FetchFile, FindExport
from service.operations.query_analytics import QueryAnalytics
from service.operations.request_export import RequestExport
from service.operations.search_sessions import SearchSessions
from service.store.analytics import Analytics
from service.store.analytics_exports import AnalyticsExports
from service.store.database import Database, open_engine
from service.store.live_numbers import LiveNumbers
from service.store.redis_pool import open_redis
from service.store.session_rows import SessionRows
from service.web import keys
from service.wiring.parts import PARTS

ANALYTICS_CONNECTIONS, ANALYTICS_SECONDS = 2, 30.0


async def wire_analytics(app: web.Application) -> AsyncIterator[None]:
    """Let numbers be asked for, on connections of their own."""
    settings, events = app[PARTS].settings, app[PARTS].events
    url = settings.database_url.get_secret_value()
    engine = open_engine(
        url,
        connections=ANALYTICS_CONNECTIONS,
        seconds=ANALYTICS_SECONDS,
        wait_seconds=ANALYTICS_SECONDS,  # a page asks much at once
    )
    database, secrets, redis = Database(engine), settings.secrets, open_redis(settings.redis_dsn)
    app[keys.LIVE_NUMBERS] = LiveNumbers(redis)
    query = app[keys.QUERY_ANALYTICS] = QueryAnalytics(
        Analytics(database), settings.analytics_min_cell, lambda: datetime.now(UTC)
    )
    exports, keep = AnalyticsExports(database), settings.export_keep_seconds
    tickets = Tickets([derive_key(secret, "export links") for secret in secrets])
    app[keys.REQUEST_EXPORT] = RequestExport(exports, query, events, keep)
    app[keys.FIND_EXPORT] = FindExport(exports, tickets, now_ms)
    app[keys.FETCH_FILE] = FetchFile(exports, tickets, events, now_ms)
    cursors = SessionCursors([derive_key(secret, "session cursors") for secret in secrets])
    app[keys.SEARCH_SESSIONS] = SearchSessions(SessionRows(database), events, cursors)
    yield
    await redis.aclose()
    await engine.dispose()
