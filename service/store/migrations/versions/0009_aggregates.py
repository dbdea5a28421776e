"""what analysts are shown: aggregates, their freshness, the registry of metrics; indexes of facts"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("agg_zone",
        sa.Column("tz", sa.Text(), nullable=False, comment="IANA name"),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False, comment="when somebody last asked for it"),
        sa.Column("built_at", sa.DateTime(timezone=True), comment="its days are worked out since; null: not yet"),
        sa.PrimaryKeyConstraint("tz", name=op.f("pk_agg_zone")),
        schema="analytics",
        comment="time zones in use: their days are kept ready",
    )
    op.create_table("agg_user_day",
        sa.Column("tz", sa.Text(), nullable=False, comment="IANA name"),
        sa.Column("day", sa.Date(), nullable=False, comment="local"),
        sa.Column("user_key", sa.Uuid(as_uuid=False), nullable=False, comment="a pseudonym: the same person has the same, and without the key it leads to nobody"),
        sa.Column("client_key", sa.Integer(), nullable=False, comment="of dim_client"),
        sa.Column("device_key", sa.Integer(), nullable=False, comment="of dim_device"),
        sa.Column("geo_key", sa.Integer(), nullable=False, comment="of dim_geo"),
        sa.Column("is_test", sa.Boolean(), nullable=False, comment="not counted"),
        sa.PrimaryKeyConstraint("tz", "day", "user_key", "client_key", "device_key", "geo_key", name=op.f("pk_agg_user_day")),
        schema="analytics",
        comment="who was active on which local day, by what",
    )
    op.create_table("agg_active_day",
        sa.Column("tz", sa.Text(), nullable=False, comment="IANA name"),
        sa.Column("day", sa.Date(), nullable=False, comment="local"),
        sa.Column("dau", sa.Integer(), nullable=False, comment="distinct users of the day"),
        sa.Column("wau", sa.Integer(), nullable=False, comment="of 7 days that end with it"),
        sa.Column("mau", sa.Integer(), nullable=False, comment="of 28 days that end with it"),
        sa.PrimaryKeyConstraint("tz", "day", name=op.f("pk_agg_active_day")),
        schema="analytics",
        comment="active users a day, without test accounts and bots",
    )
    op.create_table("agg_flow",
        sa.Column("subject_key", sa.Uuid(as_uuid=False), nullable=False, comment="whose sign-in"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="of its first step"),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False, comment="of its last step"),
        sa.Column("client_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_client; 0: not known"),
        sa.Column("device_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_device; 0: not known"),
        sa.Column("geo_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_geo; 0: not known"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="sign-ins that succeeded or failed"),
        sa.Column("password", sa.Boolean(), nullable=False, comment="a password was right"),
        sa.Column("second_factor", sa.Boolean(), nullable=False, comment="a second factor was right"),
        sa.Column("session", sa.Boolean(), nullable=False, comment="a session began"),
        sa.Column("is_test", sa.Boolean(), nullable=False, comment="not counted"),
        sa.PrimaryKeyConstraint("subject_key", "started_at", name=op.f("pk_agg_flow")),
        schema="analytics",
        comment="sign-in flows: steps of one subject, each within 30 minutes of the one before",
    )
    op.create_index("ix_agg_flow_started_at", "agg_flow", ["started_at"], schema="analytics")
    op.create_table("agg_concurrency_15m",
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False, comment="the quarter of an hour's beginning"),
        sa.Column("open_peak", sa.Integer(), nullable=False, comment="sessions open at once, at most"),
        sa.Column("open_seconds", sa.Double(), nullable=False, comment="added up over open sessions"),
        sa.Column("active_users", sa.Integer(), nullable=False, comment="distinct users who were active"),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_agg_concurrency_15m")),
        schema="analytics",
        comment="sessions open and people active at once, without test accounts and bots",
    )
    op.create_table("meta_metric",
        sa.Column("name", sa.Text(), nullable=False, comment="as the API has it"),
        sa.Column("version", sa.Integer(), nullable=False, comment="rises when numbers change by definition"),
        sa.Column("unit", sa.Text(), nullable=False, comment="users, events, seconds, share"),
        sa.Column("definition", sa.Text(), nullable=False, comment="in words"),
        sa.Column("sql", sa.Text(), nullable=False, comment="what is asked, for :edges of windows"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta_metric")),
        schema="analytics",
        comment="every metric, by the release that last refreshed the aggregates",
    )
    op.create_table("meta_watermark",
        sa.Column("only", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="one row"),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False, comment="all received before is counted"),
        sa.Column("closed_through", sa.DateTime(timezone=True), nullable=False, comment="before it, only late events count"),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_meta_watermark")),
        schema="analytics",
        comment="how fresh the aggregates are",
    )
    op.create_index("ix_fct_auth_events_sign_in", "fct_auth_events", ["occurred_at"], schema="analytics",
        postgresql_where=sa.text("event_name in ('login.succeeded', 'login.failed', 'mfa.challenged', 'mfa.succeeded', 'mfa.failed') and subject_key is not null"))
    op.create_index("ix_fct_auth_events_replay", "fct_auth_events", ["occurred_at"], schema="analytics",
        postgresql_where=sa.text("event_name in ('token.reuse_detected', 'token.replayed')"))
    op.create_index("ix_fct_auth_events_activity", "fct_auth_events", ["occurred_at"], schema="analytics",
        postgresql_where=sa.text("event_name in ('login.succeeded', 'session.used') or event_name in ('token.refreshed', 'token.recovered') and is_foreground is not false"))
    op.create_index("ix_fct_auth_events_subject", "fct_auth_events", ["subject_key", "occurred_at"], schema="analytics",
        postgresql_where=sa.text("event_name in ('login.succeeded', 'login.failed', 'mfa.challenged', 'mfa.succeeded', 'mfa.failed') and subject_key is not null"))


def downgrade() -> None:
    op.drop_index("ix_fct_auth_events_sign_in", "fct_auth_events", schema="analytics")
    op.drop_index("ix_fct_auth_events_replay", "fct_auth_events", schema="analytics")
    op.drop_index("ix_fct_auth_events_activity", "fct_auth_events", schema="analytics")
    op.drop_index("ix_fct_auth_events_subject", "fct_auth_events", schema="analytics")
    op.drop_table("meta_watermark", schema="analytics")
    op.drop_table("meta_metric", schema="analytics")
    op.drop_table("agg_concurrency_15m", schema="analytics")
    op.drop_table("agg_flow", schema="analytics")
    op.drop_table("agg_active_day", schema="analytics")
    op.drop_table("agg_user_day", schema="analytics")
    op.drop_table("agg_zone", schema="analytics")
