"""A database with an audit in it, that a test may damage."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from random import Random
from secrets import token_bytes, token_hex
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from service.contracts.events import Event, EventType
from service.domain.secrets import at_rest
from service.operations.verify_audit import Verdict, VerifyAudit
from service.store.audit import AuditRecords, StreamedEvent
from service.store.audit_months import read_months
from service.store.checkpoints import Checkpoints
from service.store.database import Database, open_engine
from service.store.dead_letters import DeadLetters
from service.store.person_keys import PersonKeys
from tests.audit.auditors import AT_MS, Auditor, record
from tests.audit.auditors import ROWS as MANY
from tests.conftest import SECRET_KEY, MakeSettings, add_person, now_ms
from tests.support.hosting import Hosting, hosting
from tests.support.people import Browser
from tests.support.waiting import PATIENCE

ROWS = 60
"""In each partition of an audit that was written here."""
PARTITIONS = (3, 7)


@dataclass(frozen=True)
class Books:
    """An audit and all that writes, signs and checks it."""

    database: Database
    person_keys: PersonKeys
    audit: AuditRecords
    letters: DeadLetters
    checkpoints: Checkpoints

    async def verify(self, **given: Any) -> Verdict:
        verify = VerifyAudit(self.database, self.checkpoints)
        return await verify(begin=lambda _: None, progress=lambda _: None, **given)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """What somebody with a database client can do."""
        async with self.database.transaction() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []


def books_on(database: Database) -> Books:
    """All of it on a database."""
    sealer = at_rest([SECRET_KEY], token_bytes)
    keys = PersonKeys(database, sealer, token_bytes)
    return Books(
        database,
        keys,
        AuditRecords(database, keys, now_ms),
        DeadLetters(database, keys),
        Checkpoints(database, sealer, now_ms),
    )


KINDS = (
    EventType.LOGIN_SUCCEEDED,
    EventType.LOGIN_FAILED,
    EventType.TOKEN_REFRESHED,
    EventType.SESSION_EXPIRED,
    EventType.MFA_ENABLED,
)
PEOPLE = ("ada", "", "bob", "çelik")


def some_events(first: int, count: int, chance: Random) -> list[StreamedEvent]:
    """Events of a few people, each with everything that an event may have."""
    return [
        StreamedEvent(
            f"{AT_MS + n}-{n % 3}",
            Event(
                type=KINDS[n % len(KINDS)],
                at_ms=AT_MS + n,
                user_id=PEOPLE[n // len(KINDS) % len(PEOPLE)],
                session_id=token_hex(8),
                generation=chance.choice([None, 1, 2**62]),
                ip="203.0.113.7",
                user_agent='Ünïcode "quoted" \u2028 agent',
                request_id=token_hex(8),
                reason=chance.choice(["", "totp", "a\\b\n"]),
                data={"amr": ["pwd", "otp"], "limit": 3, "enforced": True, "device": "Ada's phone"},
            ),
        )
        for n in range(first, first + count)
    ]


@pytest.fixture
async def empty_books(empty_database: str) -> AsyncIterator[Books]:
    """What will write there, once there is a schema."""
    engine = open_engine(empty_database, connections=4, seconds=PATIENCE)
    yield books_on(Database(engine))
    await engine.dispose()


@pytest.fixture
async def books(fresh_database: str) -> AsyncIterator[Books]:
    """An empty audit."""
    engine = open_engine(fresh_database, connections=4, seconds=PATIENCE)
    opened = books_on(Database(engine))
    tables = (
        "audit_heads, audit_held, audit_checkpoints, audit_stubs, checkpoint_keys, person_keys, "
        "dead_letters, legal_holds"
    )
    await opened.sql(f"truncate {tables}")
    async with opened.database.transaction() as connection:
        for month in await read_months(connection):
            await connection.exec_driver_sql(f"drop table {month.table}")
    yield opened
    await engine.dispose()


@pytest.fixture
async def written(books: Books) -> Books:
    """An audit of two partitions, in six batches each, with a checkpoint after every second."""
    chance = Random(11)  # noqa: S311 - rows, not secrets
    for batch in range(6):
        for partition in PARTITIONS:
            events = some_events(batch * ROWS // 6, ROWS // 6, chance)
            assert await books.audit.record(partition, events) == ROWS // 6
        if batch % 2:
            assert await books.checkpoints.make()
    return books


@pytest.fixture(scope="module")
def books_host(fresh_database: str) -> Iterator[Hosting]:
    """Serves the books' database, as long as it is there."""
    with hosting() as started:
        yield started


@pytest.fixture
def browser(
    books_host: Hosting,
    http: aiohttp.ClientSession,
    make_settings: MakeSettings,
    fresh_database: str,
) -> Browser:
    """A client of the service on the books' database."""
    return Browser(http, books_host(make_settings(database_url=fresh_database)).base)


@pytest.fixture
async def auditor(browser: Browser, books: Books) -> Auditor:
    person = await add_person(books.database, roles=["auditor"])
    return Auditor(browser, person.id, (await browser.login(person))["access_token"])


@pytest.fixture
async def filled(books: Books) -> Books:
    """Rows of all kinds: `auditors.happened`."""
    await record(books.audit, range(MANY), Random(5))  # noqa: S311 - rows, not secrets
    return books
