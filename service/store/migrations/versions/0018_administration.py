"""administration: locks, and what administrators search by"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEXES = ("ix_users_email_prefix", "ix_users_name_prefix", "ix_users_created_at", "ix_users_with_roles", "ix_users_locked")


def upgrade() -> None:
    op.add_column("users", sa.Column("locked_at", sa.DateTime(timezone=True), comment="by an administrator; null: may sign in"))
    op.add_column("users", sa.Column("locked_until", sa.DateTime(timezone=True), comment="when a worker lifts the lock; null: nobody does"))
    op.create_index("ix_users_email_prefix", "users", [sa.text("email_key text_pattern_ops")])
    op.create_index("ix_users_name_prefix", "users", [sa.text("lower(name) text_pattern_ops")])
    op.create_index("ix_users_created_at", "users", ["created_at", "id"])
    op.create_index("ix_users_with_roles", "users", ["id"], postgresql_where=sa.text("cardinality(roles) > 0"))
    op.create_index("ix_users_locked", "users", ["locked_until"], postgresql_where=sa.text("locked_at IS NOT NULL"))
    op.create_index("ix_audit_held_session_id", "audit_held", ["session_id", "occurred_at"])


def downgrade() -> None:
    op.drop_index("ix_audit_held_session_id", "audit_held")
    for index in INDEXES:
        op.drop_index(index, "users")
    op.drop_column("users", "locked_until")
    op.drop_column("users", "locked_at")
