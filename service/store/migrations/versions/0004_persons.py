"""persons: sessions outlive their account, who asked to be forgotten, archives people asked for"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COMMENTS = (
    ("users", "id", "random; says nothing by itself"),
    ("users", "roles", "what they may do beyond their own account"),
    ("users", "created_at", "when the account was made"),
    ("recovery_codes", "user_id", "whose; goes with the account"),
    ("sessions", "user_id", "of users; the row stays when that is erased, and then leads to nobody"),
    ("sessions", "created_at", "the sign-in"),
    ("sessions", "generation", "of the refresh token; like last_used_at"),
    ("sessions", "ip", "at sign-in; empty once erased"),
    ("sessions", "user_agent", "at sign-in; empty once erased"),
    ("sessions", "device", "a name a person recognises; empty once erased"),
    ("dead_letters", "id", "what `events dead` calls it"),
    ("dead_letters", "partition", "whose stream it was on; 0 to 15"),
    ("dead_letters", "stream_id", "the entry's id in its stream"),
    ("dead_letters", "received_at", "the worker's clock"),
    ("person_keys", "created_at", "when something was first sealed with it"),
)


def upgrade() -> None:
    for table, column, comment in COMMENTS:
        op.alter_column(table, column, comment=comment)
    op.drop_constraint("fk_sessions_user_id", "sessions", type_="foreignkey")
    op.create_index("ix_sessions_of_user", "sessions", ["user_id"])
    op.create_table(
        "erasures",
        sa.Column("user_id", sa.Text(), nullable=False, comment="whose; once the account is gone it leads to nobody"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, comment="from here on they could not sign in"),
        sa.Column("requested_by", sa.String(12), nullable=False, comment="self or operator"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, comment="ERASURE_GRACE_SECONDS after the request"),
        sa.Column("erased_at", sa.DateTime(timezone=True), comment="null: still to come"),
        sa.Column("applied", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="user.erased is in the audit, so Redis forgot them too"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_erasures")),
        comment="who asked to be forgotten, by an id only; to be done again after restoring a backup",
    )
    op.create_table(
        "person_exports",
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False, comment="whose; goes with the account"),
        sa.Column("id", sa.String(36), nullable=False, comment="of the job"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, comment="by the person themselves"),
        sa.Column("claimed_at", sa.DateTime(timezone=True), comment="when a worker last began to make it"),
        sa.Column("made_at", sa.DateTime(timezone=True), comment="null: not yet"),
        sa.Column("expires_at", sa.DateTime(timezone=True), comment="when a sweep drops it: EXPORT_KEEP_SECONDS after made_at"),
        sa.Column("archive", sa.LargeBinary(), comment="gzipped JSON of all that is held, sealed under the person's key"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_person_exports_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_person_exports")),
        comment="archives that people asked for",
    )
    op.create_index("ix_erasures_open", "erasures", ["due_at"], postgresql_where=sa.text("NOT applied"))


def downgrade() -> None:
    op.drop_table("person_exports")
    op.drop_table("erasures")
    op.drop_index("ix_sessions_of_user", table_name="sessions")
    op.execute("delete from sessions where user_id not in (select id from users)")
    op.create_foreign_key("fk_sessions_user_id", "sessions", "users", ["user_id"], ["id"], ondelete="CASCADE")
