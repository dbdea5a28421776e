"""signing keys change without a gap; what SECRET_KEY has been"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.alter_column(
        "signing_keys",
        "private_key",
        nullable=True,
        comment="PKCS #8 DER, sealed; null: destroyed, as it signs no more",
        existing_comment="PKCS #8 DER, sealed",
    )
    op.alter_column(
        "signing_keys",
        "retired_at",
        comment="signs no more from then on; null: no other key is to replace it",
        existing_comment="signs no more; published until its tokens ended",
    )
    op.add_column(
        "signing_keys",
        sa.Column(
            "public_key",
            sa.LargeBinary(),
            comment="SubjectPublicKeyInfo DER, kept for good; null: of an earlier release",
        ),
    )
    op.add_column(
        "signing_keys",
        sa.Column(
            "signs_from",
            INSTANT,
            nullable=False,
            server_default=sa.func.now(),
            comment="it signs from then on; published since created_at",
        ),
    )
    op.add_column(
        "signing_keys",
        sa.Column(
            "published_until",
            INSTANT,
            comment="its last token has ended by then; null: it may sign for ever",
        ),
    )
    op.add_column(
        "signing_keys",
        sa.Column("used_at", INSTANT, comment="it signed a token in the minute before; null: never"),
    )
    op.execute(
        "update signing_keys set signs_from = created_at,"
        " published_until = case when retired_at is not null then greatest(retired_at, now()) end"
    )
    # Of several that an operator may have made by hand the newest signs, as it did before.
    op.execute(
        "update signing_keys old set retired_at = now(), published_until = now() + interval '25 hours'"
        " where retired_at is null and exists (select from signing_keys newer where"
        " newer.retired_at is null and newer.algorithm = old.algorithm"
        " and (newer.created_at, newer.kid) > (old.created_at, old.kid))"
    )
    op.create_index(
        "ix_signing_keys_one_unreplaced",
        "signing_keys",
        ["algorithm"],
        unique=True,
        postgresql_where=sa.text("retired_at is null"),
    )
    op.create_table_comment("signing_keys", "what access tokens are signed with: docs/keys.md")
    op.create_table(
        "secret_keys",
        sa.Column(
            "id",
            sa.LargeBinary(),
            nullable=False,
            comment="what every value under it begins with; says nothing of the key",
        ),
        sa.Column(
            "first_used_at",
            INSTANT,
            server_default=sa.func.now(),
            nullable=False,
            comment="when a worker first ran with it as SECRET_KEY",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_keys")),
        comment="what SECRET_KEY has been, so that doctor can say when the one before may go",
    )


def downgrade() -> None:
    op.drop_table("secret_keys")
    op.create_table_comment("signing_keys", "what access tokens are signed with")
    op.drop_index("ix_signing_keys_one_unreplaced", table_name="signing_keys")
    op.execute("delete from signing_keys where private_key is null")
    for column in ("used_at", "published_until", "signs_from", "public_key"):
        op.drop_column("signing_keys", column)
    op.alter_column(
        "signing_keys",
        "retired_at",
        comment="signs no more; published until its tokens ended",
        existing_comment="signs no more from then on; null: no other key is to replace it",
    )
    op.alter_column(
        "signing_keys",
        "private_key",
        nullable=False,
        comment="PKCS #8 DER, sealed",
        existing_comment="PKCS #8 DER, sealed; null: destroyed, as it signs no more",
    )
