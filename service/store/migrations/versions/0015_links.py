"""what waits for a link from a mail: registrations, new passwords, new addresses"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def _ends(what: str, when: str) -> list[sa.Column[object]]:
    return [
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment=what),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment=when),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="worth nothing from here on"),
    ]


def upgrade() -> None:
    op.create_table(
        "registrations",
        sa.Column("email_key", sa.String(254), nullable=False, comment="NFKC, case-folded: whose address it is; a later one replaces an earlier one"),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False, comment="what the account is going to be called"),
        sa.Column("email", sa.String(254), nullable=False, comment="as the person wrote it"),
        sa.Column("name", sa.String(200), nullable=False, comment="as shown to people"),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id, PHC string"),
        *_ends("SHA-256 of 256 random bits; for an address that has an account nobody has them", "when somebody signed up"),
        sa.PrimaryKeyConstraint("email_key", name=op.f("pk_registrations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_registrations_token_hash")),
        comment="who signed up and has not proven the address yet; a row goes when they do, or expires",
    )
    op.create_table(
        "password_resets",
        sa.Column("email_key", sa.String(254), nullable=False, comment="the address that was typed, NFKC, case-folded; also when nobody has it"),
        sa.Column("user_id", sa.Uuid(as_uuid=False), comment="whose; null: nobody's, and nobody has the link; kept alike, so that time tells nothing"),
        *_ends("SHA-256 of 256 random bits", "when somebody asked"),
        sa.PrimaryKeyConstraint("email_key", name=op.f("pk_password_resets")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_resets_token_hash")),
        comment="who asked for a new password; a row goes when its link is used, or expires",
    )
    op.create_table(
        "email_changes",
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False, comment="whose; goes with the account"),
        sa.Column("email", sa.String(254), nullable=False, comment="the address they want"),
        sa.Column("session_id", sa.String(23), nullable=False, comment="who asked; it goes on after it"),
        *_ends("SHA-256 of 256 random bits", "when they asked"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_email_changes_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_email_changes")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_email_changes_token_hash")),
        comment="new addresses that are not proven yet; a row goes when its link is used, or expires",
    )
    op.create_index("ix_password_resets_user_id", "password_resets", ["user_id"])
    for table in ("registrations", "password_resets", "email_changes"):
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])


def downgrade() -> None:
    for table in ("email_changes", "password_resets", "registrations"):
        op.drop_table(table)
