"""A simulation that was ingested by the real contract of events, at the pace of its own clock."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from secrets import token_bytes
from typing import Any

from sqlalchemy import text

from service.domain.instants import to_datetime
from service.domain.secrets import at_rest
from service.metrics.windows import Grain
from service.operations.query_analytics import QueryAnalytics, Question
from service.simulation import Plan, simulate
from service.simulation.places import country_of
from service.simulation.stage import Arrival
from service.simulation.truth import Truth
from service.store import facts as store
from service.store.aggregates import Aggregates
from service.store.analytics import Analytics
from service.store.audit import AuditRecords, StreamedEvent
from service.store.database import Database, open_engine
from service.store.person_keys import PersonKeys
from tests.conftest import SECRET_KEY
from tests.support.waiting import PATIENCE

TEST_DOMAIN = "tests.example"
ZONES = ("UTC", "Africa/Nairobi", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe")
"""Kept ready; Asia/Kathmandu is asked of tables that do not know it."""
AUTUMN = Plan(
    end=datetime(2026, 11, 8, 6, tzinfo=UTC),
    days=40,
    people=60,
    thefts=0.03,
    replays=0.1,
    test_accounts=0.1,
    stuffing=0.5,
    spells=timedelta(hours=2),
)
"""Clocks go forward in Lord Howe on 4 October, back in Berlin on the 25th and New York on the 1st."""
SPRING = replace(AUTUMN, end=datetime(2026, 4, 10, 6, tzinfo=UTC))
"""Forward in New York on 8 March and Berlin on the 29th, back in Lord Howe on 5 April."""
SEASONS = {"autumn": AUTUMN, "spring": SPRING}
BATCH_MS = 24 * 3_600_000
SEED = 11


def truth_of(plan: Plan) -> Truth:
    """What a simulation knows of itself once it has been told to its end."""
    simulation = simulate(plan, SEED)
    for _ in simulation:
        pass
    return simulation.truth


@dataclass
class Play:
    """A database that was told a simulation, and its truth."""

    url: str
    plan: Plan
    truth: Truth = field(default_factory=Truth)

    async def fill(self, *, seed: int = SEED, every_ms: int = BATCH_MS) -> None:
        """Ingest everything in its order; the aggregates catch up now and then."""
        simulation = simulate(self.plan, seed)
        arrivals, self.truth = list(simulation), simulation.truth
        async with self.database() as database:
            await self._open_accounts(database)
            await self._ingest(database, batches(arrivals, every_ms), refresh_every=10)

    async def fill_badly(self, *, seed: int = SEED, chance: int = 3) -> None:
        """The same, each event twice, in no order, late by whatever, in a few refreshes."""
        simulation = simulate(self.plan, seed)
        arrivals = list(enumerate(simulation))
        self.truth = simulation.truth
        doubled = arrivals + arrivals
        Random(chance).shuffle(doubled)  # noqa: S311 - an order
        size = len(doubled) // 12 + 1
        pieces = [doubled[n : n + size] for n in range(0, len(doubled), size)]
        async with self.database() as database:
            await self._open_accounts(database)
            end = self.plan.end_ms
            late = [(end + n * BATCH_MS, piece) for n, piece in enumerate(pieces)]
            await self._ingest(database, late, refresh_every=3)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        engine = open_engine(self.url, connections=4, seconds=PATIENCE)
        try:
            yield Database(engine)
        finally:
            await engine.dispose()

    @property
    def range(self) -> tuple[date, date]:
        """Five weeks: up to the last day that is over everywhere."""
        until = self.plan.end.date() - timedelta(days=1)
        return until - timedelta(days=35), until

    @asynccontextmanager
    async def asking(self, *, least: int = 1) -> AsyncIterator["Asking"]:
        async with self.database() as database:
            now = self.plan.end
            yield Asking(QueryAnalytics(Analytics(database), least, lambda: now))

    async def _open_accounts(self, database: Database) -> None:
        people = [person.id for person in self.truth.people if person.is_test]
        emails = [f"{person}@{TEST_DOMAIN}" for person in people]
        async with database.transaction() as connection:
            await connection.execute(
                text(
                    "insert into users (id, email, email_key) select id, email, email "
                    "from unnest(cast(:ids as uuid[]), cast(:emails as text[])) as t (id, email)"
                ),
                {"ids": people, "emails": emails},
            )

    async def _ingest(
        self,
        database: Database,
        batches: Iterable[tuple[int, Sequence[tuple[int, Arrival]]]],
        *,
        refresh_every: int,
    ) -> None:
        clock = [0]
        sealer = at_rest([SECRET_KEY], token_bytes)
        facts = store.Facts(
            database,
            sealer,
            token_bytes,
            "inphora",
            self.plan.policy.max_ttl,
            country_of=country_of,
            test_domains=[TEST_DOMAIN],
        )
        audit = AuditRecords(
            database, PersonKeys(database, sealer, token_bytes), lambda: clock[0], facts
        )
        aggregates = Aggregates(database, ZONES)
        for count, (at_ms, batch) in enumerate(batches, 1):
            clock[0] = at_ms
            parts: dict[int, list[StreamedEvent]] = {}
            for number, (arrived_ms, partition, event) in dict(batch).items():
                streamed = StreamedEvent(f"{arrived_ms}-{number}", event)
                parts.setdefault(partition, []).append(streamed)
            for partition, part in parts.items():
                await audit.record(partition, part)
            if count % refresh_every == 0:
                assert await aggregates.refresh(to_datetime(at_ms))
        assert await aggregates.refresh(max(self.plan.end, to_datetime(clock[0])))


def batches(
    arrivals: Sequence[Arrival], every_ms: int
) -> list[tuple[int, list[tuple[int, Arrival]]]]:
    """What arrived in some hours is stored when these are over."""
    found: dict[int, list[tuple[int, Arrival]]] = {}
    for number, arrival in enumerate(arrivals):
        found.setdefault((arrival.at_ms // every_ms + 1) * every_ms, []).append((number, arrival))
    return sorted(found.items())


@dataclass(frozen=True)
class Asking:
    """Asks as the route does."""

    query: QueryAnalytics

    async def __call__(
        self, metrics: str, since: str | date, until: str | date, **more: Any
    ) -> dict[str, Any]:
        more["grain"] = Grain(more.get("grain", "day"))
        more.setdefault("filters", {})
        first, last = (
            each if isinstance(each, date) else date.fromisoformat(each) for each in (since, until)
        )
        return await self.query(
            Question(metrics=metrics.split(","), since=first, until=last, **more)
        )
