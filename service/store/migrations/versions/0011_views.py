"""what BI tools bind to: versioned views, the calendar and kinds of reasons; exports as files"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

REASONS = {
    "unknown_user": "credentials",
    "wrong_password": "credentials",
    "disabled": "credentials",
    "erase": "credentials",
    "wrong_code": "second_factor",
    "too_many_tries": "second_factor",
    "totp": "second_factor",
    "recovery_code": "second_factor",
    "concurrent": "replay",
    "lost_response": "replay",
    "logout": "session",
    "idle_timeout": "session",
    "absolute_timeout": "session",
    "token_reuse": "session",
    "evicted": "session",
    "aborted": "session",
    "revoked_user": "person",
    "password_change": "person",
    "erased": "person",
    "self": "person",
    "revoked_admin": "operator",
    "operator": "operator",
}

VIEWS = {
    "v1_sessions": """
        select t.session_id, t.user_key, nullif(product.client, '') as client, device.class as device_class,
               nullif(device.browser, '') as browser, nullif(device.os, '') as os,
               nullif(geo.country, '') as country,
               t.started_at, cast(t.started_at at time zone 'UTC' as date) as started_on,
               t.last_active_at, t.ended_at, t.end_reason, reason.category as end_category,
               t.expires_at, t.auth_method as method, t.mfa_used, t.refresh_count,
               t.refresh_background_count, t.reuse_detected, t.is_test, device.is_bot
        from analytics.fct_sessions as t
        join analytics.dim_device as device using (device_key)
        join analytics.dim_client as product using (client_key)
        join analytics.dim_geo as geo using (geo_key)
        left join analytics.dim_reason as reason on reason.reason_code = t.end_reason
    """,
    "v1_events": """
        select t.event_id, t.event_name, t.occurred_at,
               cast(t.occurred_at at time zone 'UTC' as date) as occurred_on, t.received_at,
               t.user_key, t.subject_key, t.session_id, nullif(product.client, '') as client, device.class as device_class,
               nullif(device.browser, '') as browser, nullif(device.os, '') as os,
               nullif(geo.country, '') as country,
               t.outcome, t.reason_code,
               case when t.event_name = 'limit.exceeded' then 'limit' else reason.category end
                   as reason_category,
               t.auth_method as method, t.is_foreground, t.is_test, device.is_bot,
               t.schema_version
        from analytics.fct_auth_events as t
        join analytics.dim_device as device using (device_key)
        join analytics.dim_client as product using (client_key)
        join analytics.dim_geo as geo using (geo_key)
        left join analytics.dim_reason as reason on reason.reason_code = t.reason_code
    """,
    "v1_user_days": """
        select t.tz, t.day, t.user_key, nullif(product.client, '') as client, device.class as device_class,
               nullif(device.browser, '') as browser, nullif(device.os, '') as os,
               nullif(geo.country, '') as country, t.is_test, device.is_bot
        from analytics.agg_user_day as t
        join analytics.dim_device as device using (device_key)
        join analytics.dim_client as product using (client_key)
        join analytics.dim_geo as geo using (geo_key)
    """,
    "v1_daily_actives": """
        select tz, day, dau, wau, mau from analytics.agg_active_day where part_by = ''
    """,
    "v1_flows": """
        select t.subject_key, t.started_at,
               cast(t.started_at at time zone 'UTC' as date) as started_on, t.last_at, nullif(product.client, '') as client, device.class as device_class,
               nullif(device.browser, '') as browser, nullif(device.os, '') as os,
               nullif(geo.country, '') as country,
               t.attempts, t.password, t.second_factor, t.session, t.is_test, device.is_bot
        from analytics.agg_flow as t
        join analytics.dim_device as device using (device_key)
        join analytics.dim_client as product using (client_key)
        join analytics.dim_geo as geo using (geo_key)
    """,
    "v1_concurrency": """
        select bucket, open_peak, open_seconds, active_users from analytics.agg_concurrency_15m
    """,
    "v1_reasons": """
        select reason_code, category from analytics.dim_reason
    """,
    "v1_dates": """
        select day, year, quarter, month, iso_year, iso_week, weekday from analytics.dim_date
    """,
    "v1_metrics": """
        select name, version, unit, definition, sql from analytics.meta_metric
    """,
    "v1_freshness": """
        select refreshed_at, closed_through from analytics.meta_watermark
    """,
}

COMMENTS = {
    "v1_sessions": ("one session a row, its dimensions beside it", {
        "session_id": "as in the audit",
        "user_key": "a pseudonym: the same person has the same, and without the key it leads to nobody",
        "client": "whom access tokens are for; null: not known",
        "device_class": "desktop, mobile, tablet, bot or other",
        "browser": "family, such as Firefox; null: not known",
        "os": "family, such as Android; null: not known",
        "country": "ISO 3166-1 alpha-2; null: not known",
        "started_at": "the sign-in; null until its event came",
        "started_on": "the day of started_at, UTC",
        "last_active_at": "of the last activity that counts",
        "ended_at": "null: open",
        "end_reason": "of the first end that was told; null: open",
        "end_category": "of v1_reasons; null: open",
        "expires_at": "when it ends at the latest",
        "method": "how they signed in: pwd, pwd otp mfa, or pwd mfa by a recovery code; null: not known",
        "mfa_used": "a second factor",
        "refresh_count": "all refreshes",
        "refresh_background_count": "of them by tabs that nobody looked at",
        "reuse_detected": "an old refresh token came back",
        "is_test": "a test account: left out by default",
        "is_bot": "a crawler, a script or a monitor: left out by default",
    }),
    "v1_events": ("one event a row, its dimensions beside it", {
        "event_id": "partition and id in its stream",
        "event_name": "type: docs/events.md",
        "occurred_at": "the clock of Redis",
        "occurred_on": "the day of occurred_at, UTC",
        "received_at": "when a worker stored it",
        "user_key": "a pseudonym: the same person has the same, and without the key it leads to nobody; null: nobody knows who",
        "subject_key": "whose sign-in: user_key, else of address and user agent",
        "session_id": "null before there is one",
        "client": "whom access tokens are for; null: not known",
        "device_class": "desktop, mobile, tablet, bot or other",
        "browser": "family, such as Firefox; null: not known",
        "os": "family, such as Android; null: not known",
        "country": "ISO 3166-1 alpha-2; null: not known",
        "outcome": "success, failure or neutral",
        "reason_code": "why it failed or ended",
        "reason_category": "of v1_reasons, or limit; null: no reason, or a newer one",
        "method": "how they signed in: pwd, pwd otp mfa, or pwd mfa by a recovery code; null: not known",
        "is_foreground": "of a refresh: a tab that somebody looks at",
        "is_test": "a test account: left out by default",
        "is_bot": "a crawler, a script or a monitor: left out by default",
        "schema_version": "1",
    }),
    "v1_user_days": ("who was active on which local day, by what; a row for each zone in use", {
        "tz": "IANA name",
        "day": "local",
        "user_key": "a pseudonym: the same person has the same, and without the key it leads to nobody",
        "client": "whom access tokens are for; null: not known",
        "device_class": "desktop, mobile, tablet, bot or other",
        "browser": "family, such as Firefox; null: not known",
        "os": "family, such as Android; null: not known",
        "country": "ISO 3166-1 alpha-2; null: not known",
        "is_test": "a test account: left out by default",
        "is_bot": "a crawler, a script or a monitor: left out by default",
    }),
    "v1_daily_actives": ("active users a local day, without test accounts and bots", {
        "tz": "IANA name",
        "day": "local",
        "dau": "distinct users of the day",
        "wau": "of 7 days that end with it",
        "mau": "of 28 days that end with it",
    }),
    "v1_flows": ("sign-in flows: steps of one subject, each within 30 minutes of the one before", {
        "subject_key": "whose sign-in",
        "started_at": "of its first step",
        "started_on": "the day of started_at, UTC",
        "last_at": "of its last step",
        "client": "whom access tokens are for; null: not known",
        "device_class": "desktop, mobile, tablet, bot or other",
        "browser": "family, such as Firefox; null: not known",
        "os": "family, such as Android; null: not known",
        "country": "ISO 3166-1 alpha-2; null: not known",
        "attempts": "sign-ins that succeeded or failed",
        "password": "a password was right",
        "second_factor": "a second factor was right",
        "session": "a session began",
        "is_test": "a test account: left out by default",
        "is_bot": "a crawler, a script or a monitor: left out by default",
    }),
    "v1_concurrency": ("sessions open and people active at once, without test accounts and bots", {
        "bucket": "the quarter of an hour's beginning",
        "open_peak": "sessions open at once, at most",
        "open_seconds": "added up over open sessions",
        "active_users": "distinct users who were active",
    }),
    "v1_reasons": ("what kind of thing a reason is", {
        "reason_code": "as events and sessions say it",
        "category": "credentials, second_factor, replay, session, person or operator",
    }),
    "v1_dates": ("the calendar, for joining", {
        "day": "2000-01-01 to 2100-12-31",
        "year": "of the calendar",
        "quarter": "1 to 4",
        "month": "1 to 12",
        "iso_year": "of the ISO 8601 week",
        "iso_week": "1 to 53",
        "weekday": "1 Monday to 7 Sunday",
    }),
    "v1_metrics": ("every metric, by the release that last refreshed the aggregates", {
        "name": "as the API has it",
        "version": "rises when numbers change by definition",
        "unit": "users, events, seconds, share",
        "definition": "in words",
        "sql": "what is asked, for :edges of windows",
    }),
    "v1_freshness": ("how fresh the aggregates are: one row", {
        "refreshed_at": "all received before is counted",
        "closed_through": "before it, only late events count",
    }),
}


def upgrade() -> None:
    op.create_table("dim_date",
        sa.Column("day", sa.Date(), nullable=False, comment="2000-01-01 to 2100-12-31"),
        sa.Column("year", sa.SmallInteger(), nullable=False, comment="of the calendar"),
        sa.Column("quarter", sa.SmallInteger(), nullable=False, comment="1 to 4"),
        sa.Column("month", sa.SmallInteger(), nullable=False, comment="1 to 12"),
        sa.Column("iso_year", sa.SmallInteger(), nullable=False, comment="of the ISO 8601 week"),
        sa.Column("iso_week", sa.SmallInteger(), nullable=False, comment="1 to 53"),
        sa.Column("weekday", sa.SmallInteger(), nullable=False, comment="1 Monday to 7 Sunday"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_dim_date")),
        schema="analytics",
        comment="the calendar",
    )
    op.execute("""
        insert into analytics.dim_date (day, year, quarter, month, iso_year, iso_week, weekday)
        select day, extract(year from day), extract(quarter from day), extract(month from day),
               extract(isoyear from day), extract(week from day), extract(isodow from day)
        from (select cast(at as date) as day
              from generate_series(timestamp '2000-01-01', timestamp '2100-12-31', interval '1 day') as at)
    """)
    op.alter_column("dim_reason", "category", schema="analytics",
        comment="credentials, second_factor, replay, session, person or operator")
    rows = ", ".join(f"('{reason}', '{category}')" for reason, category in REASONS.items())
    op.execute("insert into analytics.dim_reason (reason_code, category) values " + rows)  # noqa: S608
    run = op.get_bind().exec_driver_sql
    for name, query in VIEWS.items():
        run(f"create view analytics.{name} with (security_barrier) as {query}")
        about, columns = COMMENTS[name]
        run(f"comment on view analytics.{name} is '{about}'")
        for column, comment in columns.items():
            quoted = comment.replace("'", "''")
            run(f"comment on column analytics.{name}.{column} is '{quoted}'")
    op.create_table("export_job",
        sa.Column("id", sa.String(length=36), nullable=False, comment="random"),
        sa.Column("requested_by", sa.Text(), nullable=False, comment="of users; who may fetch it"),
        sa.Column("asked", postgresql.JSONB(), nullable=False, comment="the table, or the query, as it was asked"),
        sa.Column("format", sa.String(length=8), nullable=False, comment="csv, json or parquet"),
        sa.Column("since", sa.Date(), nullable=False, comment="the first day, UTC"),
        sa.Column("until", sa.Date(), nullable=False, comment="the day after the last, UTC"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, comment="from here on a worker may take it"),
        sa.Column("claimed_at", sa.DateTime(timezone=True), comment="when a worker last took it or went on; null: never"),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False, comment="since it went on"),
        sa.Column("days_done", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="that are in files"),
        sa.Column("ended_at", sa.DateTime(timezone=True), comment="when it was whole, or given up; null: not yet"),
        sa.Column("error", sa.Text(), comment="why it was given up; null: it was not"),
        sa.Column("expires_at", sa.DateTime(timezone=True), comment="when a sweep drops it: EXPORT_KEEP_SECONDS later"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_job")),
        schema="analytics",
        comment="exports that analysts asked for",
    )
    op.create_table("export_file",
        sa.Column("export_id", sa.String(length=36), nullable=False, comment="of export_job; goes with it"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="from 1"),
        sa.Column("name", sa.Text(), nullable=False, comment="such as date=2026-11-01/part.parquet"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes so far"),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="so far"),
        sa.Column("sha256", sa.LargeBinary(), comment="of the whole file; null: it still grows"),
        sa.ForeignKeyConstraint(["export_id"], ["analytics.export_job.id"], name=op.f("fk_export_file_export_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_export_file")),
        schema="analytics",
        comment="files of an export",
    )
    op.create_table("export_piece",
        sa.Column("export_id", sa.String(length=36), nullable=False, comment="of export_job; goes with it"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="of export_file"),
        sa.Column("begin", sa.BigInteger(), nullable=False, comment="how many bytes come before it"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="half a megabyte at most"),
        sa.ForeignKeyConstraint(["export_id"], ["analytics.export_job.id"], name=op.f("fk_export_piece_export_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("export_id", "number", "begin", name=op.f("pk_export_piece")),
        schema="analytics",
        comment="files of an export, in pieces",
    )
    op.execute("alter table analytics.export_piece alter column body set storage external")


def downgrade() -> None:
    for table in ("export_piece", "export_file", "export_job"):
        op.drop_table(table, schema="analytics")
    for name in reversed(VIEWS):
        op.execute(f"drop view analytics.{name}")
    op.execute("delete from analytics.dim_reason")
    op.alter_column("dim_reason", "category", schema="analytics",
        comment="credentials, second_factor, session, limit")
    op.drop_table("dim_date", schema="analytics")
