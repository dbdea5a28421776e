"""the audit's hash chain, signed checkpoints, and a key a person

Rows from before the chain keep their plain fields until a worker has sealed and chained them: that
needs SECRET_KEY, and a worker of the former release may still be adding some.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_log", sa.Column("personal", sa.LargeBinary(), comment="sealed under the person's key: address, user agent, the rest of data"))
    op.add_column("audit_log", sa.Column("prev_hash", sa.LargeBinary(), comment="hash of the row before; zeros for the first"))
    op.add_column("audit_log", sa.Column("hash", sa.LargeBinary(), comment="SHA-256 of prev_hash and this row: docs/audit.md"))
    op.alter_column("audit_log", "ip", comment="null since rows are chained: it is in personal")
    op.alter_column("audit_log", "user_agent", comment="null since rows are chained: it is in personal")
    op.alter_column("audit_log", "recorded_at", comment="the worker's clock")
    op.alter_column("audit_log", "data", comment="what else belongs to the type and is not about the person")

    op.add_column("audit_heads", sa.Column("chained", sa.BigInteger(), server_default="0", nullable=False, comment="of the newest row with a hash; behind seq after an upgrade, until a worker ran"))
    op.add_column("audit_heads", sa.Column("hash", sa.LargeBinary(), comment="of that row; null: none"))
    op.create_table_comment("audit_heads", "one row a partition; its lock is the lease of the partition's one writer")

    op.add_column("dead_letters", sa.Column("personal", sa.LargeBinary(), comment="all of it as received, sealed like in audit_log"))
    op.add_column("dead_letters", sa.Column("replayed_at", sa.DateTime(timezone=True), comment="it has become a row of audit_log; null: not yet"))
    op.alter_column("dead_letters", "fields", comment="as received, but what may be about a person; bytes that are no text escaped")

    op.create_table(
        "audit_checkpoints",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False, comment="no gaps"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kid", sa.String(16), nullable=False, comment="of the key in checkpoint_keys"),
        sa.Column("body", sa.Text(), nullable=False, comment="what is signed: every partition's seq and hash"),
        sa.Column("signature", sa.LargeBinary(), nullable=False, comment="Ed25519, of body in UTF-8"),
        sa.Column("delivered_at", sa.DateTime(timezone=True), comment="null: AUDIT_CHECKPOINT_SINK does not have it yet"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_checkpoints")),
        comment="signed heads of the audit's chains; each names the one before it",
    )
    op.create_index("ix_audit_checkpoints_made_at", "audit_checkpoints", ["made_at"])
    op.create_index("ix_audit_checkpoints_undelivered", "audit_checkpoints", ["number"], postgresql_where=sa.text("delivered_at IS NULL"))
    op.create_table(
        "checkpoint_keys",
        sa.Column("kid", sa.String(16), nullable=False, comment="of the public key's SHA-256, in hex"),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="Ed25519, 32 bytes"),
        sa.Column("private_key", sa.LargeBinary(), nullable=False, comment="Ed25519, sealed"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_checkpoint_keys")),
        comment="what checkpoints are signed with; the newest signs",
    )
    op.create_table(
        "person_keys",
        sa.Column("owner", sa.Text(), nullable=False, comment="a user's id; day:2026-11-23 for people unknown on that day (UTC)"),
        sa.Column("sealed_key", sa.LargeBinary(), comment="AES-256, sealed; null: destroyed"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), comment="from here on nobody can read what it sealed"),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_person_keys")),
        comment="a key a person: without it their fields in the audit are noise for good",
    )


def downgrade() -> None:
    op.drop_table("person_keys")
    op.drop_table("checkpoint_keys")
    op.drop_table("audit_checkpoints")
    for table, columns in (
        ("dead_letters", ("replayed_at", "personal")),
        ("audit_heads", ("hash", "chained")),
        ("audit_log", ("hash", "prev_hash", "personal")),
    ):
        for column in columns:
            op.drop_column(table, column)
