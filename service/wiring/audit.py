"""Reading the audit."""

import asyncio
from collections.abc import AsyncIterator
from secrets import token_bytes

from aiohttp import web

from service.domain.audit_cursor import CursorCodec
from service.domain.secrets import derive_key
from service.operations.export_audit import ExportAudit
from service.operations.search_audit import SearchAudit
from service.store.audit_search import AuditSearch
from service.store.database import Database, open_engine
from service.store.person_keys import PersonKeys
from service.web import keys
from service.wiring.parts import PARTS

AUDIT_CONNECTIONS, AUDIT_EXPORTS, AUDIT_SECONDS = 2, 2, 5.0
"""Of their own: reading the audit keeps nobody from signing in. Seconds are a statement's."""


async def wire_audit(app: web.Application) -> AsyncIterator[None]:
    """Let the audit be read, on connections of its own."""
    settings, events, seal = app[PARTS].settings, app[PARTS].events, app[PARTS].seal
    url = settings.database_url.get_secret_value()
    engine = open_engine(url, connections=AUDIT_CONNECTIONS, seconds=AUDIT_SECONDS)
    database = Database(engine)
    search = AuditSearch(database, PersonKeys(database, seal, token_bytes))
    cursors = CursorCodec([derive_key(secret, "audit cursors") for secret in settings.secrets])
    app[keys.SEARCH_AUDIT] = SearchAudit(search, events, cursors)
    app[keys.EXPORT_AUDIT] = ExportAudit(search, events)
    app[keys.AUDIT_EXPORTS] = asyncio.Semaphore(AUDIT_EXPORTS)
    yield
    await engine.dispose()
