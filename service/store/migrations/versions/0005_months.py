"""the audit by the month, stubs of what retention dropped, people under a legal hold

A table with rows is not copied: it becomes the table of this month and of all before it, and is
dropped as a whole when this month is. That costs two index builds and three scans of it, in one
transaction, during which nobody reads or writes the audit: measured, 7 s a million rows. Meanwhile
events wait in Redis, and nobody who signs in notices.

Going back copies every row into one table again. What retention dropped stays dropped, and with
the stubs goes what told so: `audit verify` of the former release will miss these rows.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AHEAD = 3
COLUMNS = (
    "partition, seq, stream_id, type, occurred_at, recorded_at, user_id, session_id, generation,"
    " ip, user_agent, request_id, actor_id, reason, data, personal, prev_hash, hash"
)
UNIQUE = "uq_audit_log_partition_stream_id_recorded_at"
BY_USER = "(user_id, occurred_at)"
BY_SESSION = "(session_id, occurred_at)"


def upgrade() -> None:
    op.execute("lock table audit_log in access exclusive mode")
    op.alter_column("audit_log", "recorded_at", comment="when it was stored; never goes back within a partition")
    op.add_column("audit_heads", sa.Column("recorded_at", sa.DateTime(timezone=True), comment="of the newest row; the next one is no older"))
    op.execute(
        "update audit_heads h set recorded_at = a.newest"
        " from (select partition, max(recorded_at) newest from audit_log group by 1) a"
        " where a.partition = h.partition"
    )
    split()
    create_held()
    create_stubs()
    create_holds()


def split() -> None:
    """Make audit_log the parent of months."""
    bind = op.get_bind()
    now, oldest, newest = bind.execute(sa.text(
        "select now() at time zone 'UTC', min(recorded_at) at time zone 'UTC',"
        " max(recorded_at) at time zone 'UTC' from audit_log"
    )).one()
    this = max(now, newest or now)
    whole = f"audit_log_{this:%Y_%m}"
    op.rename_table("audit_log", whole)
    for name in ("ix_audit_log_user_id", "ix_audit_log_session_id"):
        op.execute(f"alter index {name} rename to {whole}_{name[13:]}")
    op.execute(f"alter table {whole} drop constraint pk_audit_log, drop constraint uq_audit_log_partition_stream_id")
    op.execute(f"create table audit_log (like {whole} including defaults including comments) partition by range (recorded_at)")
    op.create_table_comment("audit_log", "everything security-relevant that happened, exactly once; a table a month")
    op.execute("alter table audit_log add constraint pk_audit_log primary key (partition, seq, recorded_at)")
    op.execute(f"alter table audit_log add constraint {UNIQUE} unique (partition, stream_id, recorded_at)")
    op.execute(f"create index ix_audit_log_user_id on audit_log {BY_USER}")
    op.execute(f"create index ix_audit_log_session_id on audit_log {BY_SESSION}")
    if oldest is None:
        op.drop_table(whole)
        attach(now, now)
    else:
        op.execute(f"alter table {whole} add primary key (partition, seq, recorded_at), add unique (partition, stream_id, recorded_at)")
        attach(oldest, this)
    for month in range(1, AHEAD + 1):
        attach(*2 * [bind.scalar(sa.text(
            "select date_trunc('month', cast(:this as timestamp)) + :n * interval '1 month'"
        ), {"this": this, "n": month})])


def attach(first: datetime, last: datetime) -> None:
    """The table of the months from one instant's to the other's, made unless it is there."""
    table = f"audit_log_{last:%Y_%m}"
    op.execute(f"create table if not exists {table} (like audit_log including all)")
    bounds = op.get_bind().execute(sa.text(
        "select to_char(date_trunc('month', cast(:first as timestamp)), 'YYYY-MM-DD'),"
        " to_char(date_trunc('month', cast(:last as timestamp)) + interval '1 month', 'YYYY-MM-DD')"
    ), {"first": first, "last": last}).one()
    begins, ends = (f"'{day} 00:00:00+00'" for day in bounds)
    op.execute(f"alter table audit_log attach partition {table} for values from ({begins}) to ({ends})")


def create_held() -> None:
    op.execute("create table audit_held (like audit_log including defaults including comments)")
    op.add_column("audit_held", sa.Column("stub", sa.BigInteger(), nullable=False, comment="of audit_stubs: what proves this row"))
    op.create_primary_key("pk_audit_held", "audit_held", ["partition", "seq", "recorded_at"])
    op.execute(f"create index ix_audit_held_user_id on audit_held {BY_USER}")
    op.create_table_comment("audit_held", "rows that retention would have dropped, of people under a legal hold")


def create_stubs() -> None:
    op.create_table(
        "audit_stubs",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False, comment="no gaps"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="when the month was dropped"),
        sa.Column("kid", sa.String(16), nullable=False, comment="of the key in checkpoint_keys"),
        sa.Column("body", sa.Text(), nullable=False, comment="what is signed: the month, where each chain goes on, what is held"),
        sa.Column("signature", sa.LargeBinary(), nullable=False, comment="Ed25519, of body in UTF-8"),
        sa.Column("delivered_at", sa.DateTime(timezone=True), comment="null: AUDIT_CHECKPOINT_SINK does not have it yet"),
        sa.Column("told_at", sa.DateTime(timezone=True), comment="null: audit.month_dropped was not written yet"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_stubs")),
        comment="what is left of months that retention dropped; each names the one before it",
    )
    op.create_table_comment("checkpoint_keys", "what checkpoints and stubs are signed with; the newest signs")


def create_holds() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="what `hold list` calls it"),
        sa.Column("user_id", sa.Text(), nullable=False, comment="whose; the row stays when they are erased"),
        sa.Column("reason", sa.Text(), nullable=False, comment="as given; empty once they are erased"),
        sa.Column("placed_by", sa.Text(), nullable=False, comment="who answers for it, as given"),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False, comment="from here on nothing of theirs is lost"),
        sa.Column("released_by", sa.Text(), comment="null: it stands"),
        sa.Column("released_at", sa.DateTime(timezone=True), comment="null: it stands"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
        comment="people of whom nothing may be destroyed, neither by retention nor by their wish",
    )
    op.create_index("ix_legal_holds_standing", "legal_holds", ["user_id"], postgresql_where=sa.text("released_at IS NULL"))


def downgrade() -> None:
    op.drop_table("legal_holds")
    op.drop_table("audit_stubs")
    op.rename_table("audit_log", "audit_months")
    for name in ("pk_audit_log", UNIQUE, "ix_audit_log_user_id", "ix_audit_log_session_id"):
        op.execute(f"alter index {name} rename to {name}_months")
    op.execute("create table audit_log (like audit_months including defaults including comments)")
    for table in ("audit_months", "audit_held"):
        op.execute(f"insert into audit_log ({COLUMNS}) select {COLUMNS} from {table}")  # noqa: S608
        op.drop_table(table)
    op.create_primary_key("pk_audit_log", "audit_log", ["partition", "seq"])
    op.create_unique_constraint("uq_audit_log_partition_stream_id", "audit_log", ["partition", "stream_id"])
    op.execute(f"create index ix_audit_log_user_id on audit_log {BY_USER}")
    op.execute(f"create index ix_audit_log_session_id on audit_log {BY_SESSION}")
    op.create_table_comment("audit_log", "everything security-relevant that happened, exactly once")
    op.alter_column("audit_log", "recorded_at", comment="the worker's clock")
    op.drop_column("audit_heads", "recorded_at")
