"""audit order: an index by instant, for those who read the newest first"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("audit_log", "audit_held"):
        op.create_index(f"ix_{table}_occurred_at", table, ["occurred_at", "partition", "seq"])


def downgrade() -> None:
    for table in ("audit_log", "audit_held"):
        op.drop_index(f"ix_{table}_occurred_at", table_name=table)
