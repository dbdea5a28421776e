"""facts for analysts: the schema analytics, filled from here on by whoever stores events"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema analytics")
    op.create_table("dim_client",
        sa.Column("client_key", sa.Integer(), sa.Identity(always=False), nullable=False, comment="0: not known"),
        sa.Column("client", sa.Text(), nullable=False, comment="whom access tokens are for"),
        sa.PrimaryKeyConstraint("client_key", name=op.f("pk_dim_client")),
        sa.UniqueConstraint("client", name=op.f("uq_dim_client_client")),
        schema="analytics",
        comment="the products that people sign in to",
    )
    op.create_table("dim_device",
        sa.Column("device_key", sa.Integer(), sa.Identity(always=False), nullable=False, comment="0: not known"),
        sa.Column("browser", sa.Text(), nullable=False, comment="family, such as Firefox"),
        sa.Column("os", sa.Text(), nullable=False, comment="family, such as Android"),
        sa.Column("class", sa.Text(), nullable=False, comment="desktop, mobile, tablet, bot or other"),
        sa.Column("is_bot", sa.Boolean(), nullable=False, comment="a crawler, a script or a monitor"),
        sa.PrimaryKeyConstraint("device_key", name=op.f("pk_dim_device")),
        sa.UniqueConstraint("browser", "os", "class", name=op.f("uq_dim_device_browser_os_class")),
        schema="analytics",
        comment="what a user agent says of itself",
    )
    op.create_table("dim_geo",
        sa.Column("geo_key", sa.Integer(), sa.Identity(always=False), nullable=False, comment="0: not known"),
        sa.Column("country", sa.Text(), nullable=False, comment="ISO 3166-1 alpha-2"),
        sa.PrimaryKeyConstraint("geo_key", name=op.f("pk_dim_geo")),
        sa.UniqueConstraint("country", name=op.f("uq_dim_geo_country")),
        schema="analytics",
        comment="countries, by the operator's own GEOIP_FILE",
    )
    op.create_table("dim_reason",
        sa.Column("reason_code", sa.Text(), nullable=False, comment="as events say it"),
        sa.Column("category", sa.Text(), nullable=False, comment="credentials, second_factor, session, limit"),
        sa.PrimaryKeyConstraint("reason_code", name=op.f("pk_dim_reason")),
        schema="analytics",
        comment="why something failed or ended",
    )
    op.create_table("dim_user",
        sa.Column("user_key", sa.Uuid(as_uuid=False), nullable=False, comment="a pseudonym: the same person has the same, and without the key it leads to nobody"),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), comment="of the first activity ever; null: none yet"),
        sa.Column("mfa_enrolled_at", sa.DateTime(timezone=True), comment="a second factor is on since"),
        sa.Column("is_test", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="not counted"),
        sa.PrimaryKeyConstraint("user_key", name=op.f("pk_dim_user")),
        schema="analytics",
        comment="people, by pseudonym",
    )
    op.create_table("fct_auth_events",
        sa.Column("event_id", sa.Text(), nullable=False, comment="partition and id in its stream"),
        sa.Column("event_name", sa.Text(), nullable=False, comment="type: docs/events.md"),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False, comment="the clock of Redis"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, comment="when a worker stored it"),
        sa.Column("user_key", sa.Uuid(as_uuid=False), comment="a pseudonym: the same person has the same, and without the key it leads to nobody; null: nobody knows who"),
        sa.Column("subject_key", sa.Uuid(as_uuid=False), comment="whose sign-in: user_key, else a pseudonym of address and user agent"),
        sa.Column("session_id", sa.Text(), comment="null before there is one"),
        sa.Column("client_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_client; 0: not known"),
        sa.Column("device_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_device; 0: not known"),
        sa.Column("geo_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_geo; 0: not known"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="success, failure or neutral"),
        sa.Column("reason_code", sa.Text(), comment="why it failed or ended; of dim_reason"),
        sa.Column("auth_method", sa.Text(), comment="pwd, pwd otp mfa, or pwd mfa by a recovery code: what the sign-in was by"),
        sa.Column("is_foreground", sa.Boolean(), comment="of a refresh: a tab that somebody looks at"),
        sa.Column("is_test", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="not counted"),
        sa.Column("schema_version", sa.SmallInteger(), nullable=False, comment="1"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_fct_auth_events")),
        schema="analytics",
        comment="one event a row, exactly once",
    )
    op.create_index("ix_fct_auth_events_occurred_at", "fct_auth_events", ["occurred_at", "event_name"], schema="analytics")
    op.create_index("ix_fct_auth_events_received_at", "fct_auth_events", ["received_at"], schema="analytics", postgresql_using="brin")
    op.create_table("fct_sessions",
        sa.Column("session_id", sa.Text(), nullable=False, comment="as in the audit"),
        sa.Column("user_key", sa.Uuid(as_uuid=False), comment="a pseudonym: the same person has the same, and without the key it leads to nobody"),
        sa.Column("client_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_client; 0: not known"),
        sa.Column("device_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_device; 0: not known"),
        sa.Column("geo_key", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of dim_geo; 0: not known"),
        sa.Column("started_at", sa.DateTime(timezone=True), comment="the sign-in; null until its event came"),
        sa.Column("last_active_at", sa.DateTime(timezone=True), comment="of the last activity that counts"),
        sa.Column("ended_at", sa.DateTime(timezone=True), comment="null: open"),
        sa.Column("end_reason", sa.Text(), comment="of the first end that was told"),
        sa.Column("expires_at", sa.DateTime(timezone=True), comment="when it ends at the latest"),
        sa.Column("auth_method", sa.Text(), comment="pwd, pwd otp mfa, or pwd mfa by a recovery code"),
        sa.Column("mfa_used", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="a second factor"),
        sa.Column("refresh_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="all"),
        sa.Column("refresh_background_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="of them by tabs that nobody looked at"),
        sa.Column("reuse_detected", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="an old refresh token came back"),
        sa.Column("is_test", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="not counted"),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_fct_sessions")),
        schema="analytics",
        comment="one session a row; facts come in any order and give the same row",
    )
    op.create_index("ix_fct_sessions_ended_at", "fct_sessions", ["ended_at"], schema="analytics")
    op.create_index("ix_fct_sessions_started_at", "fct_sessions", ["started_at"], schema="analytics")
    op.create_table("fct_user_activity_15m",
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False, comment="the quarter of an hour's beginning"),
        sa.Column("user_key", sa.Uuid(as_uuid=False), nullable=False, comment="a pseudonym: the same person has the same, and without the key it leads to nobody"),
        sa.PrimaryKeyConstraint("bucket", "user_key", name=op.f("pk_fct_user_activity_15m")),
        schema="analytics",
        comment="who was active when: exact daily actives in every time zone in use",
    )
    op.create_table("pseudonym_key",
        sa.Column("only", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="one row"),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False, comment="HMAC-SHA-256, 32 bytes, sealed"),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_pseudonym_key")),
        schema="analytics",
        comment="what makes a user_key of a user's id; outlives a change of SECRET_KEY",
    )
    op.execute("insert into analytics.dim_device (device_key, browser, os, class, is_bot) values (0, '', '', 'other', false)")
    op.execute("insert into analytics.dim_client (client_key, client) values (0, '')")
    op.execute("insert into analytics.dim_geo (geo_key, country) values (0, '')")


def downgrade() -> None:
    op.execute("drop schema analytics cascade")
