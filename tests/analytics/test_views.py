"""The views of BI tools: as promised, all described, and for a role that can do nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from secrets import token_hex
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url, text

from service.contracts.analytics_views import REASONS, VIEWS
from service.domain.sessions import EndReason, Origin
from service.operations.grant_views import GrantViews
from service.store.event_log import EventLog
from service.store.script_client import ScriptClient
from service.store.view_grants import CONNECTIONS, RoleRefusedError, ViewGrants
from tests.analytics.conftest import Facts
from tests.support.processes import python

COLUMNS = """
    select relname, obj_description(c.oid), attname, format_type(atttypid, atttypmod),
           col_description(c.oid, attnum)
    from pg_class c join pg_attribute on attrelid = c.oid
    where relnamespace = 'analytics'::regnamespace and relkind = 'v' order by relname, attnum
"""
FORBIDDEN = [
    "select * from public.audit_log",
    "select * from public.users",
    "select * from analytics.pseudonym_key",
    "select * from analytics.fct_sessions",
    "select * from analytics.export_piece",
    "select * from analytics.dim_user",
    "insert into analytics.v1_reasons values ('x', 'y')",
    "delete from analytics.v1_dates",
    "drop view analytics.v1_dates",
    "create table analytics.mine (a int)",
    "create table public.mine (a int)",
    "set role {owner}",
]


async def test_they_are_as_promised(facts: Facts) -> None:
    """Names, types and comments, in the order that `select *` gives."""
    expected = [
        (view.name, view.comment, column.name, column.type, column.comment)
        for view in sorted(VIEWS, key=lambda each: each.name)
        for column in view.columns
    ]
    assert [tuple(row) for row in await facts.sql(COLUMNS)] == expected


async def test_no_row_is_lost_or_doubled_by_its_dimensions(facts: Facts) -> None:
    """A session with dimensions that nobody knows, and one with all of them; nulls for unknown."""
    await facts.session("ada", "2026-11-01T08:00Z")
    await facts.session("bob", "2026-11-01T09:00Z", client_key=1, device_key=1, geo_key=1)
    rows = await facts.sql(
        "select client, device_class, browser, os, country, is_bot from analytics.v1_sessions "
        "order by started_at"
    )
    assert [tuple(row) for row in rows] == [
        (None, "other", None, None, None, False),
        ("inphora", "mobile", "Firefox", "Android", "KE", False),
    ]


async def test_every_reason_has_a_category(facts: Facts) -> None:
    """The table says what the list says, and the list knows every end of a session."""
    rows = await facts.sql("select reason_code, category from analytics.v1_reasons")
    assert {row[0]: row[1] for row in rows} == REASONS
    assert set(EndReason) <= set(REASONS)


async def test_the_calendar(facts: Facts) -> None:
    """Weeks by ISO 8601, also where they belong to another year."""
    rows = await facts.sql(
        "select cast(day as text), iso_year, iso_week, weekday, quarter from analytics.v1_dates "
        "where day in ('2026-12-31', '2027-01-01', '2027-01-04') order by day"
    )
    assert [tuple(row) for row in rows] == [
        ("2026-12-31", 2026, 53, 4, 4),
        ("2027-01-01", 2026, 53, 5, 1),
        ("2027-01-04", 2027, 1, 1, 1),
    ]


@pytest.fixture
async def role(facts: Facts) -> AsyncIterator[str]:
    """A role that can do nothing yet but sign in."""
    name = f"bi {token_hex(4)}"
    await facts.sql(f"""create role "{name}" login password 'reads'""")
    yield name
    await facts.sql(f'drop owned by "{name}"')
    await facts.sql(f'drop role "{name}"')


@pytest.fixture
def connect(facts_url: str, role: str) -> Callable[[], Awaitable[Any]]:
    url = make_url(facts_url)
    return lambda: asyncpg.connect(
        host=url.host or url.query.get("host"),
        port=url.port,
        user=role,
        password="reads",
        database=url.database,
    )


@pytest.fixture
def grant(facts: Facts, scripts: ScriptClient) -> GrantViews:
    return GrantViews(ViewGrants(facts.database), EventLog(scripts))


async def test_a_role_reads_views_and_nothing_else(
    facts: Facts, grant: GrantViews, role: str, connect: Callable[[], Awaitable[Any]]
) -> None:
    """Not the audit, not people, not the key of pseudonyms; it writes nothing, and not for long."""
    await facts.session("ada", "2026-11-01T08:00Z")
    granted = await grant(role, Origin())
    assert (granted.views, granted.left) == (len(VIEWS), ())
    owner = (await facts.sql("select quote_ident(current_user)"))[0][0]
    forbidden = [statement.format(owner=owner) for statement in FORBIDDEN]
    reader = await connect()
    try:
        for view in VIEWS:
            await reader.fetch("table " + view.place)
        assert len(await reader.fetch("select * from v1_sessions")) == 1, "without its schema"
        for statement in forbidden:
            with pytest.raises(
                (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
            ):
                await reader.execute(statement)
        await reader.execute("set default_transaction_read_only = off")
        for statement in forbidden:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.execute(statement)
        assert await reader.fetchval("show statement_timeout") == "1min"
    finally:
        await reader.close()
    limit = await facts.sql("select rolconnlimit from pg_roles where rolname = :r", r=role)
    assert limit == [(CONNECTIONS,)]


async def test_no_function_of_theirs_sees_hidden_rows(facts: Facts) -> None:
    """A view is a barrier: PostgreSQL runs nobody's cheap function before its joins."""
    rows = await facts.sql(
        "select relname from pg_class where relkind = 'v' "
        "and relnamespace = 'analytics'::regnamespace "
        "and not coalesce('security_barrier=true' = any (reloptions), false)"
    )
    assert rows == []


@pytest.mark.parametrize(
    ("right", "line"),
    [
        ("grant select on users to", "public.users"),
        ("grant select (email) on users to", "public.users"),
        ("grant select on analytics.fct_sessions to", "analytics.fct_sessions"),
        ("grant update on analytics.v1_dates to", "analytics.v1_dates"),
        ("grant pg_read_all_data to", "analytics."),
        ("grant pg_execute_server_program to", "far more"),
        ("grant {owner} to", "far more"),
        (None, "there is no role"),
    ],
    ids=str,
)
async def test_a_role_that_may_do_more_is_refused(
    facts: Facts,
    grant: GrantViews,
    role: str,
    connect: Callable[[], Awaitable[Any]],
    right: str | None,
    line: str,
) -> None:
    """And is given nothing."""
    if right:
        owner = (await facts.sql("select quote_ident(current_user)"))[0][0]
        await facts.sql(f'{right.format(owner=owner)} "{role}"')
    with pytest.raises(RoleRefusedError, match=line):
        await grant(role if right else "nobody", Origin())
    given = await facts.sql(
        "select 1 from information_schema.role_table_grants "
        "where grantee = :r and privilege_type = 'SELECT' and table_name like 'v1%'",
        r=role,
    )
    assert given == []


async def test_the_command(
    facts: Facts, facts_url: str, environment: dict[str, str], role: str
) -> None:
    """0 and a line, or 1 and what to do."""
    env = {**environment, "DATABASE_URL": facts_url}
    done = python("service", "analytics", "grant", role, env=env)
    assert (done.returncode, done.stdout) == (
        0,
        f"{role} may read {len(VIEWS)} views of the schema analytics\n",
    )
    refused = python("service", "analytics", "grant", "nobody", env=env)
    assert refused.returncode == 1
    assert "create role nobody" in refused.stderr


async def test_reading_a_day_uses_the_index(facts: Facts) -> None:
    """The barrier does not keep a range of instants from the facts."""
    query = (
        "explain select * from analytics.v1_events "
        "where occurred_at >= '2026-11-01' and occurred_at < '2026-11-02'"
    )
    async with facts.database.transaction() as connection:
        await connection.execute(text("set local enable_seqscan = off"))
        plan = "\n".join(row[0] for row in await connection.execute(text(query)))
    assert "fct_auth_events_occurred_at" in plan
