"""events that wait for their session's sign-in to say where they were; open sessions, to be counted"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_fct_auth_events_nowhere",
        "fct_auth_events",
        ["session_id"],
        schema="analytics",
        postgresql_where=sa.text("device_key = 0 and geo_key = 0 and session_id is not null"),
    )
    op.create_table(
        "agg_moved",
        sa.Column("event_id", sa.Text(), nullable=False, comment="of fct_auth_events"),
        sa.Column(
            "occurred_at", sa.DateTime(timezone=True), nullable=False, comment="of the event"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_agg_moved")),
        schema="analytics",
        comment="events that were told their device and country late; the next refresh counts them "
        "anew",
    )
    op.create_index(
        "ix_fct_sessions_open",
        "fct_sessions",
        ["user_key", "device_key", "is_test", "started_at", "expires_at"],
        schema="analytics",
        postgresql_where=sa.text("ended_at is null"),
    )
    op.execute("""
        update analytics.fct_auth_events as t
        set client_key = s.client_key, device_key = s.device_key, geo_key = s.geo_key
        from analytics.fct_sessions as s
        where t.session_id = s.session_id and t.device_key = 0 and t.geo_key = 0
          and (s.device_key > 0 or s.geo_key > 0)
    """)
    # Days are worked out again by the next refresh.
    op.execute("delete from analytics.meta_watermark")
    op.execute("update analytics.agg_zone set built_at = null")


def downgrade() -> None:
    op.drop_table("agg_moved", schema="analytics")
    op.drop_index("ix_fct_sessions_open", "fct_sessions", schema="analytics")
    op.drop_index("ix_fct_auth_events_nowhere", "fct_auth_events", schema="analytics")
