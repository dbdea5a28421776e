"""mails on their way"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="in the order of writing"),
        sa.Column("template", sa.String(32), nullable=False, comment="why somebody is written to"),
        sa.Column("user_id", sa.Text(), nullable=False, comment="whose account it is about; empty where there is none yet"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="sealed; to whom, and what it says"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False, comment="when it was written"),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False, comment="when to try; while a worker tries, when others may"),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False, comment="that were begun"),
        sa.Column("last_error", sa.String(80), comment="why the last try failed, without the address"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        comment="mails on their way; a row goes when its mail was sent or given up",
    )
    op.create_index("ix_mails_due_at", "mails", ["due_at"])
    op.create_index("ix_mails_user_id", "mails", ["user_id"])


def downgrade() -> None:
    op.drop_table("mails")
