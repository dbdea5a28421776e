"""passkeys"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False, comment="random"),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False, comment="whose; goes with the account"),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False, comment="how the authenticator calls it; random"),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="COSE; what its answers verify by"),
        sa.Column("sign_count", sa.BigInteger(), nullable=False, comment="the newest its authenticator said; never goes back; 0: it does not count"),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), nullable=False, comment="how its authenticator is reached: internal, hybrid, usb, …"),
        sa.Column("aaguid", sa.Uuid(as_uuid=False), nullable=False, comment="its authenticator's model"),
        sa.Column("backup_eligible", sa.Boolean(), nullable=False, comment="may be on several devices; never changes"),
        sa.Column("backed_up", sa.Boolean(), nullable=False, comment="is on several devices, as last said"),
        sa.Column("name", sa.String(64), nullable=False, comment="what its owner calls it"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False, comment="when it was added"),
        sa.Column("last_used_at", sa.DateTime(timezone=True), comment="null: not yet"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        comment="keys that people sign in with instead of a password",
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])


def downgrade() -> None:
    op.drop_table("passkeys")
