"""How long the questions of analysts take, of a million sessions and ten million events."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import event, make_url

from bench.traffic import Size, make_traffic
from service.metrics.metric import Metric
from service.metrics.registry import METRICS
from service.metrics.windows import Grain
from service.operations.query_analytics import QueryAnalytics, Question
from service.store.aggregates import Aggregates
from service.store.analytics import Analytics
from service.store.database import Database, open_engine

DAYS = 90
END = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOST_15M = 30
"""Days: an answer has 3,000 windows at most."""
CONNECTIONS = 2
PATIENCE_SECONDS = 900.0
NEW_ZONE = "Asia/Kathmandu"
FIRST_VIEW: Sequence[tuple[str, Grain, str | None]] = (
    ("dau,wau,mau,stickiness", Grain.DAY, None),
    ("open_sessions,active_concurrent", Grain.DAY, None),
    (
        "login_attempt_success,login_flow_success,login_funnel,reuse_detections,replays",
        Grain.DAY,
        None,
    ),
    (
        (
            "sessions_started,sessions_ended,active_span,lifetime,refreshes_per_session,"
            "refreshes_per_hour,mfa_use"
        ),
        Grain.DAY,
        None,
    ),
    ("mfa_adoption", Grain.DAY, None),
    ("failure_reasons", Grain.TOTAL, "reason"),
    ("sessions_ended", Grain.TOTAL, "end_reason"),
    ("active_users", Grain.TOTAL, "device_class"),
    ("active_users", Grain.TOTAL, "country"),
)
"""What the dashboard asks when it is opened."""
TILES = 2
"""Of them, those that make its first useful paint."""
SCANS = 20
QUICK_SECONDS = 0.3
"""What takes less is asked once."""
IMPORTANT = (
    "dau each day",
    "dau by country each day",
    "active_users by country each total",
    "sessions_started by country each day",
    "lifetime each day",
    "login_funnel each day",
)
ARRAYS = re.compile(r"\{[^{}\n]{80,}\}")
PAGE = """# Plans of the analytics' questions

Written by `python -m bench analytics`: how PostgreSQL answers the important questions and the
slowest ones, over 90 days, with a million sessions and ten million events. Long lists are cut.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How long a question took at best, also in terms of the scan that was timed just before it,
    and how often it asked PostgreSQL.
    """

    question: str
    seconds: float
    scans: float
    statements: int
    rows: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them; refreshes: the first ever, and one of two minutes' events."""

    events: int
    refreshes: Sequence[float]
    first_view: float
    tiles: float
    scan: float
    answers: Sequence[Answer]
    plans: str

    def as_json(self) -> dict[str, Any]:
        """Every figure."""
        return {name: value for name, value in asdict(self).items() if name != "plans"}

    def text(self) -> str:
        """The worst first."""
        worst = sorted(self.answers, key=lambda each: -each.seconds)
        slow = sum(each.seconds > 2 for each in worst)
        first, *later = self.refreshes
        return "\n".join(
            [
                f"{self.events} events; refresh: {first:.0f} s the first, {min(later):.1f} s later",
                f"dashboard, at once: {TILES} questions of its tiles {self.tiles:.2f} s",
                f"dashboard, at once: all {len(FIRST_VIEW)} questions {self.first_view:.2f} s",
                f"a scan of all sessions: {self.scan:.2f} s at best",
                f"{len(worst)} questions, {slow} of them over 2 s; the worst:",
                *(
                    f"{each.seconds:8.2f} s {each.scans:6.1f} scans  {each.statements:2} statements  {each.rows:6} rows  "
                    f"{each.question}"
                    for each in worst[:25]
                ),
            ]
        )


@dataclass(slots=True)
class Analyst:
    """Asks, and knows which statements that took."""

    query: QueryAnalytics
    end: date
    asked: list[tuple[str, tuple[Any, ...]]]

    async def ask(
        self,
        metrics: str,
        grain: Grain,
        by: str | None,
        *,
        tz: str = "UTC",
        include_test: bool = False,
    ) -> int:
        """How many rows the answer has."""
        days = MOST_15M if grain is Grain.QUARTER else DAYS
        question = Question(
            metrics=metrics.split(","),
            since=self.end - timedelta(days=days),
            until=self.end,
            tz=tz,
            grain=grain,
            by=by,
            filters={},
            include_test=include_test,
        )
        return len((await self.query(question))["rows"])


async def measure_analytics(
    url: str, size: Size, *, rounds: int, say: Callable[[str], None], explain: bool
) -> Figures:
    """Fill an empty database, bring the aggregates up to date, and ask everything there is."""
    sql = await asyncpg.connect(make_url(url).render_as_string(hide_password=False))
    try:
        events = await sql.fetchval("select count(*) from analytics.fct_auth_events")
        if not events:
            events = await make_traffic(sql, size, lambda day: say(f"traffic of {day}"))
        refreshes = await _refresh(url, sql, size.end, say)
        engine = open_engine(
            url,
            connections=CONNECTIONS,
            seconds=PATIENCE_SECONDS,
            wait_seconds=PATIENCE_SECONDS,
        )
        asked: list[tuple[str, tuple[Any, ...]]] = []

        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def _note(_: Any, __: Any, statement: str, given: Any, *___: Any) -> None:
            if "analytics." in statement and "agg_zone" not in statement:
                asked.append((statement, given))

        query = QueryAnalytics(Analytics(Database(engine)), 5, lambda: size.end)
        analyst = Analyst(query, size.end.date() + timedelta(days=1), asked)
        try:
            tiles = min([await _at_once(analyst, FIRST_VIEW[:TILES]) for _ in range(rounds)])
            view = min([await _at_once(analyst, FIRST_VIEW) for _ in range(rounds)])
            scan = min([await _scan(sql) for _ in range(SCANS)])
            answers = [await _measure(analyst, sql, each, rounds, say) for each in _questions()]
            plans = await _explain(analyst, sql, answers) if explain else ""
        finally:
            await engine.dispose()
    finally:
        await sql.close()
    return Figures(events, refreshes, view, tiles, scan, answers, plans)


async def _refresh(url: str, sql: Any, now: datetime, say: Callable[[str], None]) -> list[float]:
    """Seconds of the first one, and of three that each find two minutes' events, one a day late."""
    engine = open_engine(url, connections=1, seconds=PATIENCE_SECONDS)
    aggregates = Aggregates(Database(engine))
    took = []
    await sql.execute("delete from analytics.agg_zone where tz = $1", NEW_ZONE)  # of another run
    try:
        for number in range(4):
            at = now + number * timedelta(minutes=2)
            if number:
                await sql.execute(_NEW_EVENTS, at, f"new-{number}-{time.time_ns()}")
            say(f"refresh {number + 1} of 4")
            begun = time.perf_counter()
            await aggregates.refresh(at)
            took.append(time.perf_counter() - begun)
    finally:
        await engine.dispose()
    await sql.execute("vacuum (analyze)")
    return took


_NEW_EVENTS = """
    insert into analytics.fct_auth_events
        (event_id, event_name, occurred_at, received_at, user_key, subject_key, session_id,
         client_key, device_key, geo_key, outcome, reason_code, auth_method, is_foreground,
         is_test, schema_version)
    select $2 || '-' || row_number() over (), event_name,
           $1::timestamptz - case when random() < 0.004 then interval '1 day' else '1 minute' end,
           $1, user_key, subject_key, session_id, client_key, device_key, geo_key, outcome,
           reason_code, auth_method, is_foreground, is_test, schema_version
    from analytics.fct_auth_events
    where occurred_at >= $1::timestamptz - interval '7 days 2 minutes'
      and occurred_at < $1::timestamptz - interval '7 days'
"""


def _questions() -> Iterator[tuple[str, Callable[[Analyst], Awaitable[int]]]]:
    """Everything that the registry offers; by a filter that nothing is ready for; a new zone."""
    for metric in METRICS:
        for grain in sorted(metric.grains):
            for by in (None, *sorted(metric.cells)):
                yield _question(metric, grain, by)
        grain = Grain.WEEK if Grain.WEEK in metric.grains else Grain.DAY
        by = "country" if "country" in metric.cells else None
        if metric.source.cells:
            yield _question(metric, grain, by, include_test=True)
        if metric.name in {"dau", "mau", "active_users"}:
            yield _question(metric, grain, None, tz=NEW_ZONE)


def _question(
    metric: Metric, grain: Grain, by: str | None, **more: Any
) -> tuple[str, Callable[[Analyst], Awaitable[int]]]:
    words = [metric.name, f"by {by}" if by else "", f"each {grain}", *map(str, more.values())]
    name = " ".join(filter(None, words)).replace("True", "with test accounts")
    return name, lambda analyst: analyst.ask(metric.name, grain, by, **more)


async def _measure(
    analyst: Analyst,
    sql: Any,
    question: tuple[str, Callable[[Analyst], Awaitable[int]]],
    rounds: int,
    say: Callable[[str], None],
) -> Answer:
    name, ask = question
    best, scans, rows = PATIENCE_SECONDS, PATIENCE_SECONDS, 0
    for _ in range(rounds):
        scan = await _scan(sql)
        analyst.asked.clear()
        begun = time.perf_counter()
        rows = await ask(analyst)
        took = time.perf_counter() - begun
        best, scans = min(best, took), min(scans, took / scan)
        if best < QUICK_SECONDS:
            break
    say(f"{best:7.3f} s {scans:6.1f} scans  {name}")
    return Answer(name, best, scans, len(analyst.asked), rows)


async def _scan(sql: Any) -> float:
    """How long the machine now takes to look at every session."""
    begun = time.perf_counter()
    await sql.fetchval("select count(*) from analytics.fct_sessions where refresh_count >= 0")
    return time.perf_counter() - begun


async def _at_once(analyst: Analyst, questions: Sequence[tuple[str, Grain, str | None]]) -> float:
    begun = time.perf_counter()
    await asyncio.gather(*(analyst.ask(*question) for question in questions))
    return time.perf_counter() - begun


async def _explain(analyst: Analyst, sql: Any, answers: Sequence[Answer]) -> str:
    """Plans of the slowest questions, and of the dashboard's, as a page."""
    questions = dict(_questions())
    slowest = [each.question for each in sorted(answers, key=lambda each: -each.seconds)[:6]]
    page = [PAGE]
    await sql.execute("set jit = off")
    await sql.execute("set work_mem = '64MB'")
    for name in dict.fromkeys([*IMPORTANT, *slowest]):
        page.append(f"## {name}\n")
        analyst.asked.clear()
        await questions[name](analyst)
        for statement, given in list(analyst.asked):
            if "meta_watermark" in statement:
                continue
            rows = await sql.fetch(f"explain (analyze, costs off, buffers off) {statement}", *given)
            plan = "\n".join(row[0] for row in rows)
            page.append(f"```\n{ARRAYS.sub('{…}', plan)}\n```\n")
    return "\n".join(page)
