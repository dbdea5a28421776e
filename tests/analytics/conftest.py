"""An empty database of one's own, and the writers of the audit that also tell analysts."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from secrets import token_bytes

import pytest

from service.domain.secrets import at_rest
from service.embedded import EmbeddedServer
from service.store.audit import AuditRecords
from service.store.database import Database, open_engine
from service.store.facts import Facts
from service.store.migrations.run import migrate
from service.store.person_keys import PersonKeys
from tests.audit.conftest import own_database
from tests.conftest import SECRET_KEY, now_ms

MAX_TTL = timedelta(days=30)


@pytest.fixture
def analytics_url(postgres: EmbeddedServer) -> Iterator[str]:
    with own_database(postgres) as url:
        migrate(url)
        yield url


@pytest.fixture
async def analytics(analytics_url: str) -> AsyncIterator[Database]:
    engine = open_engine(analytics_url, connections=4)
    yield Database(engine)
    await engine.dispose()


@pytest.fixture
def new_writer(analytics: Database) -> Callable[..., AuditRecords]:
    """Another worker's view of the tables."""

    def make(**changes: object) -> AuditRecords:
        sealer = at_rest([SECRET_KEY], token_bytes)
        facts = Facts(analytics, sealer, token_bytes, "inphora", MAX_TTL, **changes)
        return AuditRecords(analytics, PersonKeys(analytics, sealer, token_bytes), now_ms, facts)

    return make
