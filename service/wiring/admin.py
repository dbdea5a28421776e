"""Administration of people and their sessions."""

from collections.abc import AsyncIterator
from secrets import token_bytes
from uuid import uuid4

from aiohttp import web

from service.clocks import now_ms
from service.domain.secrets import derive_key
from service.domain.session_cursor import SessionCursors
from service.operations.administer_account import AdministerAccount
from service.operations.create_user import CreateUser
from service.operations.read_timeline import ReadTimeline
from service.operations.revoke_everybody import RevokeEverybody
from service.operations.search_people import SearchPeople
from service.store.admin_changes import AdminChanges
from service.store.administration import Administration
from service.store.audit_search import AuditSearch
from service.store.database import Database, open_engine
from service.store.person_keys import PersonKeys
from service.web import admin_keys
from service.wiring.parts import PARTS
from service.wiring.policies import password_policy

CONNECTIONS, SECONDS = 2, 5.0
"""Of their own: searching keeps nobody from signing in. Seconds are a statement's."""


async def wire_admin(app: web.Application) -> AsyncIterator[None]:
    """Let administrators work; what they read comes by connections of its own."""
    parts = app[PARTS]
    settings, events = parts.settings, parts.events
    url = settings.database_url.get_secret_value()
    engine = open_engine(url, connections=CONNECTIONS, seconds=SECONDS)
    reading = Database(engine)
    administration = app[admin_keys.ADMINISTRATION] = Administration(reading, parts.policy)
    cursors = [derive_key(secret, "people cursors") for secret in settings.secrets]
    app[admin_keys.SEARCH_PEOPLE] = SearchPeople(administration, SessionCursors(cursors), events)
    app[admin_keys.READ_TIMELINE] = ReadTimeline(
        administration, AuditSearch(reading, PersonKeys(reading, parts.seal, token_bytes)), events
    )
    app[admin_keys.ADMINISTER] = AdministerAccount(
        AdminChanges(parts.database), parts.live, parts.revocations, events
    )
    app[admin_keys.REVOKE_EVERYBODY] = RevokeEverybody(
        parts.records, parts.live, parts.revocations, events, now_ms
    )
    app[admin_keys.ADMIN_CREATE_USER] = CreateUser(
        parts.users,
        parts.hasher,
        password_policy(settings),
        parts.seal,
        events,
        lambda: str(uuid4()),
    )
    app[admin_keys.ADMIN_REQUIRE_FRESH] = parts.require_fresh
    yield
    await engine.dispose()
