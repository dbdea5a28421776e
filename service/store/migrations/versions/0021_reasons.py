"""reasons: the ends of sessions that accounts bring, for analysts"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

REASONS = {
    "superseded": "session",
    "email_change": "person",
    "mfa_change": "person",
    "account_disabled": "operator",
}


def upgrade() -> None:
    rows = ", ".join(f"('{reason}', '{category}')" for reason, category in REASONS.items())
    op.execute(f"insert into analytics.dim_reason (reason_code, category) values {rows}")  # noqa: S608


def downgrade() -> None:
    gone = ", ".join(f"'{reason}'" for reason in REASONS)
    op.execute(f"delete from analytics.dim_reason where reason_code in ({gone})")  # noqa: S608
