"""What tests of exports share: many rows of every awkward kind, and reading them back."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.contracts.analytics_views import View
from service.store.analytics_exports import AnalyticsExports
from service.store.copies import Copies
from service.store.database import Database
from tests.analytics.conftest import Facts
from workers.exports import MakeTables

KEEP = timedelta(days=1)
EVENTS = r"""
    insert into analytics.fct_auth_events
        (event_id, event_name, occurred_at, received_at, user_key, subject_key, session_id,
         client_key, device_key, geo_key, outcome, reason_code, auth_method, is_foreground, is_test,
         schema_version)
    select 'e' || n, (array['token.refreshed', 'login.failed', 'limit.exceeded'])[1 + n % 3],
           timestamptz '2026-11-01' + n * interval '3 days' / :rows + interval '1 microsecond' * (n % 7),
           timestamptz '2026-11-05', case when n % 5 > 0 then gen_random_uuid() end,
           gen_random_uuid(), case when n % 2 = 0 then 's' || n end, n % 2, n % 4, n % 5, 'neutral',
           (array[null, '', '\N', '=1+1', 'a,"b' || chr(10) || 'ü', 'wrong_code', '-2', '\.'])[1 + n % 8],
           'pwd', case when n % 3 = 0 then n % 2 = 0 end, n % 11 = 0, 1
    from generate_series(0, :rows - 1) as n
"""
"""Three days, from November 1st on."""


def duck() -> Any:
    """A DuckDB in memory; its import takes long, and only these tests need it."""
    import duckdb

    return duckdb.connect()


async def add_events(facts: Facts, rows: int) -> None:
    await facts.sql(EVENTS, rows=rows)


def worker(database: Database, **changes: Any) -> MakeTables:
    """The job that makes exports."""
    given = {"exports": AnalyticsExports(database), "copies": Copies(database), "keep": KEEP}
    return MakeTables(**{**given, **changes})


async def sql_rows(facts: Facts, view: View, where: str = "true") -> list[tuple[Any, ...]]:
    """A view as PostgreSQL has it: instants in microseconds, UUIDs as texts."""
    columns = ", ".join(_in_postgres(each.name, each.type) for each in view.columns)
    order = ", ".join(view.order)
    query = f"select {columns} from {view.place} where {where} order by {order}"  # noqa: S608
    async with facts.database.transaction() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


def parquet_rows(view: View, files: Path) -> list[tuple[Any, ...]]:
    """The same from files, read by DuckDB as an analyst would: the whole folder at once."""
    columns = ", ".join(
        f"epoch_us({each.name})" if each.type.startswith("timestamp") else each.name
        for each in view.columns
    )
    with duck() as reader:
        rows = reader.read_parquet(f"{files}/*/*.parquet").order(", ".join(view.order))
        found: list[tuple[Any, ...]] = rows.project(columns).fetchall()
    return found


def _in_postgres(name: str, kind: str) -> str:
    if kind.startswith("timestamp"):
        return f"cast(extract(epoch from {name}) * 1000000 as bigint)"
    return f"cast({name} as text)" if kind == "uuid" else name


async def fetch(facts: Facts, files: Iterable[dict[str, Any]], folder: Path) -> None:
    """Fetch files by their links, without an access token, and hold them against their checksums."""
    for file in files:
        async with facts.browser.http.get(facts.browser.base + file["url"]) as reply:
            assert reply.status == 200, await reply.text()
            assert reply.headers["Cache-Control"] == "no-store"
            body = await reply.read()
        assert len(body) == file["bytes"]
        assert hashlib.sha256(body).hexdigest() == file["sha256"]
        path = folder / file["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


EVENTS_DAYS = {"from": "2026-11-01", "to": "2026-11-04"}
