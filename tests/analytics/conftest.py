"""A database with only the facts that a test puts there, and somebody who may ask about them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import insert, text

from service.contracts.analytics_tables import (
    dim_client,
    dim_device,
    dim_geo,
    dim_user,
    fct_auth_events,
    fct_sessions,
)
from service.domain.secrets import at_rest
from service.store import facts as store
from service.store.aggregates import Aggregates
from service.store.audit import AuditRecords
from service.store.database import Database, open_engine
from service.store.person_keys import PersonKeys
from tests.analytics.played import SEASONS, Play, truth_of
from tests.conftest import SECRET_KEY, MakeSettings, Share, add_person, now_ms
from tests.support.databases import Databases
from tests.support.people import Browser, Reply
from tests.support.waiting import PATIENCE

SPACE = UUID("6b1f3c5e-6f0c-4f35-8f5e-1f1f2c6f7a01")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def person(name: str) -> str:
    """The pseudonym of somebody."""
    return str(uuid5(SPACE, name))


@dataclass
class Facts:
    """Puts facts in, brings the aggregates up to date, and asks over HTTP."""

    database: Database
    browser: Browser
    token: str
    _numbers: Any = field(default_factory=lambda: count(1))
    _first: dict[str, datetime] = field(default_factory=dict)

    async def event(self, name: str, at: str | datetime, who: str | None, **more: Any) -> None:
        """One event; it was received when it happened, unless told otherwise."""
        when = instant(at)
        row = {
            "event_id": f"00-{next(self._numbers)}",
            "event_name": name,
            "occurred_at": when,
            "received_at": when,
            "user_key": who and person(who),
            "subject_key": who and person(who),
            "outcome": "success",
            "schema_version": 1,
            **more,
        }
        async with self.database.transaction() as connection:
            await connection.execute(insert(fct_auth_events).values(row))

    async def active(self, who: str, *at: str | datetime, **more: Any) -> None:
        """Somebody was active at these instants; the first ever is the earliest of them."""
        for each in at:
            await self.event("session.used", each, who, **more)
        first = min(map(instant, at))
        async with self.database.transaction() as connection:
            await connection.execute(
                text(
                    "insert into analytics.dim_user as was (user_key, first_seen_at) "
                    "values (:who, :at) on conflict (user_key) do update set "
                    "first_seen_at = least(was.first_seen_at, excluded.first_seen_at)"
                ),
                {"who": person(who), "at": first},
            )

    async def session(
        self, who: str, begin: str | datetime, end: str | datetime | None = None, **more: Any
    ) -> None:
        """One session."""
        row = {
            "session_id": f"s-{next(self._numbers)}",
            "user_key": person(who),
            "started_at": instant(begin),
            "last_active_at": instant(begin),
            "expires_at": instant(begin) + timedelta(days=30),
            "ended_at": instant(end) if end else None,
            "end_reason": "logout" if end else None,
            **more,
        }
        async with self.database.transaction() as connection:
            await connection.execute(insert(fct_sessions).values(row))

    async def enrol(self, who: str, at: str) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(
                dim_user.update()
                .where(dim_user.c.user_key == person(who))
                .values(mfa_enrolled_at=instant(at))
            )

    async def refresh(self, *zones: str, now: datetime = NOW) -> None:
        """Bring the aggregates up to date."""
        assert await Aggregates(self.database, zones or ("UTC",)).refresh(now)

    async def get(self, headers: dict[str, str] | None = None, **params: str) -> Reply:
        """Ask over HTTP."""
        params = {
            "from" if k == "since" else "to" if k == "until" else k: v for k, v in params.items()
        }
        return await self.browser.send(
            "GET",
            "/api/analytics/query",
            token=self.token,
            params=params,
            headers=headers or {},
        )

    async def ask(self, metrics: str, since: str, until: str, **params: str) -> list[list[Any]]:
        """The rows of an answer."""
        reply = await self.get(metrics=metrics, since=since, until=until, headers=None, **params)
        assert reply.status == 200, reply
        rows: list[list[Any]] = reply.body["rows"]
        return rows

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []


def instant(at: str | datetime) -> datetime:
    """`2026-11-20T08:00Z`, or what is one already."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


@pytest.fixture(scope="session")
def facts_url(postgres: Databases) -> Iterator[str]:
    """A database that tests of facts empty."""
    with postgres.clone() as url:
        yield url


@pytest.fixture
async def facts(
    facts_url: str,
    share: Share,
    make_settings: MakeSettings,
) -> AsyncIterator[Facts]:
    """No facts yet; three countries, two devices."""
    engine = open_engine(facts_url, connections=3, seconds=PATIENCE)
    database = Database(engine)
    async with database.transaction() as connection:
        await connection.execute(EMPTY)
        for table, rows in DIMENSIONS.items():
            key = next(iter(table.primary_key.columns))
            await connection.execute(table.delete().where(key > 0))
            await connection.execute(table.insert(), rows)
    browser = share(make_settings(database_url=facts_url))
    somebody = await add_person(database, roles=["analyst"])
    token = (await browser.login(somebody))["access_token"]
    yield Facts(database, browser, token)
    await engine.dispose()


EMPTY = text("""
    do $$ declare name text; begin
        for name in
            select tablename from pg_tables where schemaname = 'analytics' and tablename not in
                ('pseudonym_key', 'dim_device', 'dim_client', 'dim_geo', 'dim_reason', 'dim_date')
        loop execute format('delete from analytics.%I', name); end loop;
    end $$
""")
"""Deletes: a truncation makes new files for each table and index, which takes longer than most tests."""
DIMENSIONS: dict[Any, list[dict[str, Any]]] = {
    dim_geo: [
        {"geo_key": 1, "country": "KE"},
        {"geo_key": 2, "country": "UG"},
        {"geo_key": 3, "country": "TZ"},
        {"geo_key": 4, "country": "RW"},
    ],
    dim_device: [
        {
            "device_key": 1,
            "browser": "Firefox",
            "os": "Android",
            "class": "mobile",
            "is_bot": False,
        },
        {"device_key": 2, "browser": "curl", "os": "", "class": "bot", "is_bot": True},
        {
            "device_key": 3,
            "browser": "Chrome",
            "os": "Windows",
            "class": "desktop",
            "is_bot": False,
        },
    ],
    dim_client: [{"client_key": 1, "client": "inphora"}],
}


MAX_TTL = timedelta(days=30)


@pytest.fixture
def analytics_url(postgres: Databases) -> Iterator[str]:
    with postgres.clone() as url:
        yield url


@pytest.fixture
async def analytics(analytics_url: str) -> AsyncIterator[Database]:
    engine = open_engine(analytics_url, connections=4, seconds=PATIENCE)
    yield Database(engine)
    await engine.dispose()


@pytest.fixture
def new_writer(analytics: Database) -> Callable[..., AuditRecords]:
    """Another worker's view of the tables."""

    def make(**changes: Any) -> AuditRecords:
        sealer = at_rest([SECRET_KEY], token_bytes)
        facts = store.Facts(analytics, sealer, token_bytes, "inphora", MAX_TTL, **changes)
        return AuditRecords(analytics, PersonKeys(analytics, sealer, token_bytes), now_ms, facts)

    return make


@pytest.fixture(scope="session", params=SEASONS)
def play(request: pytest.FixtureRequest, postgres: Databases) -> Play:
    """Made-up traffic of a season, in a database that all processes of the run only read."""
    plan = SEASONS[request.param]
    url = postgres.prepare(
        f"play_{request.param}", lambda half: asyncio.run(Play(half, plan).fill())
    )
    return Play(url, plan, truth_of(plan))
