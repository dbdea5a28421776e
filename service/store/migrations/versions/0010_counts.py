"""counts and active users by every dimension, ready for questions of many days; the activity by
quarters of an hour, which nothing read, is gone: the events have it
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FAILURE = "event_name in ('login.failed', 'mfa.failed') and subject_key is not null"
EDGE = (
    "event_name in ('login.succeeded', 'session.ended', 'session.expired', "
    "'token.reuse_detected') and session_id is not null"
)
PARTED = "the dimension of the cell; empty: all that there is"
CELL = "its value, or unknown; other of all that there is"
BUCKET = "the quarter of an hour's beginning"


def upgrade() -> None:
    op.create_table("agg_counts_15m",
        sa.Column("cube", sa.Text(), nullable=False, comment="what is counted: service/metrics/sources.py"),
        sa.Column("part_by", sa.Text(), nullable=False, comment=PARTED),
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False, comment=BUCKET),
        sa.Column("cell", sa.Text(), nullable=False, comment=CELL),
        sa.Column("is_test", sa.Boolean(), nullable=False, comment="of test accounts"),
        sa.Column("is_bot", sa.Boolean(), nullable=False, comment="of crawlers, scripts and monitors"),
        sa.Column("users", sa.Integer(), nullable=False, comment="distinct ones"),
        sa.Column("sums", sa.ARRAY(sa.BigInteger()), nullable=False, comment="in the order of the cube's sums"),
        sa.PrimaryKeyConstraint("cube", "part_by", "bucket", "cell", "is_test", "is_bot", name=op.f("pk_agg_counts_15m")),
        schema="analytics",
        comment="counts by one dimension at a time; small cells are not merged",
    )
    _make_active_day(
        sa.Column("part_by", sa.Text(), nullable=False, comment=PARTED),
        sa.Column("cell", sa.Text(), nullable=False, comment=CELL),
        more=[
            sa.Column("mfa_enrolled", sa.Integer(), nullable=False, comment="of mau, with a second factor"),
            sa.Column("new_users", sa.Integer(), nullable=False, comment="of dau, never active before"),
        ],
        comment="active users a day, without test accounts and bots; small cells are not merged",
    )
    op.create_index("ix_fct_auth_events_failure", "fct_auth_events", ["occurred_at"], schema="analytics",
        postgresql_where=sa.text(FAILURE))
    op.create_index("ix_fct_auth_events_edge", "fct_auth_events", ["session_id"], schema="analytics",
        postgresql_where=sa.text(EDGE))
    op.drop_table("fct_user_activity_15m", schema="analytics")
    _work_out_again()


def downgrade() -> None:
    """What was active when cannot be told from here: a rebuild of an older release does not fill it."""
    op.create_table("fct_user_activity_15m",
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False, comment=BUCKET),
        sa.Column("user_key", sa.Uuid(as_uuid=False), nullable=False, comment="a pseudonym: the same person has the same, and without the key it leads to nobody"),
        sa.PrimaryKeyConstraint("bucket", "user_key", name=op.f("pk_fct_user_activity_15m")),
        schema="analytics",
        comment="who was active when: exact daily actives in every time zone in use",
    )
    op.drop_index("ix_fct_auth_events_edge", "fct_auth_events", schema="analytics")
    op.drop_index("ix_fct_auth_events_failure", "fct_auth_events", schema="analytics")
    op.drop_table("agg_counts_15m", schema="analytics")
    _make_active_day(more=[], comment="active users a day, without test accounts and bots")
    _work_out_again()


def _make_active_day(*parts: "sa.Column[Any]", more: "list[sa.Column[Any]]", comment: str) -> None:
    op.drop_table("agg_active_day", schema="analytics")
    keys = ["tz", "day", *(part.name for part in parts)]
    op.create_table("agg_active_day",
        sa.Column("tz", sa.Text(), nullable=False, comment="IANA name"),
        sa.Column("day", sa.Date(), nullable=False, comment="local"),
        *parts,
        sa.Column("dau", sa.Integer(), nullable=False, comment="distinct users of the day"),
        sa.Column("wau", sa.Integer(), nullable=False, comment="of 7 days that end with it"),
        sa.Column("mau", sa.Integer(), nullable=False, comment="of 28 days that end with it"),
        *more,
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_agg_active_day")),
        schema="analytics",
        comment=comment,
    )


def _work_out_again() -> None:
    """The next refresh begins from nothing."""
    op.execute("delete from analytics.meta_watermark")
    op.execute("update analytics.agg_zone set built_at = null")
