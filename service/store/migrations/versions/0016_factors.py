"""failures in a row, and trusted devices"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "sign_in_failures",
        sa.Column(
            "subject",
            sa.LargeBinary(),
            nullable=False,
            comment="HMAC of the address, or of it and a device that signed in before",
        ),
        sa.Column(
            "user_id",
            sa.Uuid(as_uuid=False),
            sa.ForeignKey(
                "users.id", name=op.f("fk_sign_in_failures_user_id"), ondelete="CASCADE"
            ),
            comment="whose; null: nobody has that address",
        ),
        sa.Column(
            "failures",
            sa.Integer(),
            nullable=False,
            comment="tries in a row that were not right, or are under way",
        ),
        sa.Column(
            "under_way",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="how many of them nobody has looked at yet",
        ),
        sa.Column("tried_at", instant, nullable=False, comment="the last try"),
        sa.Column("locked_until", instant, comment="no try is taken before; null: no delay"),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_failures")),
        comment="tries that failed in a row, by address and known device; goes with a sign-in",
    )
    op.create_index("ix_sign_in_failures_user_id", "sign_in_failures", ["user_id"])
    op.create_index("ix_sign_in_failures_tried_at", "sign_in_failures", ["tried_at"])
    op.create_table(
        "trusted_devices",
        sa.Column(
            "id", sa.Uuid(as_uuid=False), nullable=False, comment="random; names it in a list"
        ),
        sa.Column(
            "user_id",
            sa.Uuid(as_uuid=False),
            sa.ForeignKey("users.id", name=op.f("fk_trusted_devices_user_id"), ondelete="CASCADE"),
            nullable=False,
            comment="whose",
        ),
        sa.Column(
            "token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of 256 random bits"
        ),
        sa.Column("device", sa.String(64), nullable=False, comment="a name a person recognises"),
        sa.Column("ip", sa.String(45), nullable=False, comment="where it was trusted"),
        sa.Column(
            "created_at",
            instant,
            server_default=sa.func.now(),
            nullable=False,
            comment="when it passed the second step",
        ),
        sa.Column(
            "last_used_at",
            instant,
            server_default=sa.func.now(),
            nullable=False,
            comment="when it last skipped it",
        ),
        sa.Column("expires_at", instant, nullable=False, comment="skips nothing from here on"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_devices")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_trusted_devices_token_hash")),
        comment="devices that sign in without the second step; a row goes when its trust does",
    )
    op.create_index("ix_trusted_devices_user_id", "trusted_devices", ["user_id"])
    op.create_index("ix_trusted_devices_expires_at", "trusted_devices", ["expires_at"])


def downgrade() -> None:
    op.drop_table("trusted_devices")
    op.drop_table("sign_in_failures")
