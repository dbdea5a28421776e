"""credentials: a sign-in that began before they changed ends nowhere"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("credentials", sa.BigInteger, nullable=False, server_default="1", comment="counts changes of what signs them in; what was proven before one opens nothing after"))


def downgrade() -> None:
    op.drop_column("users", "credentials")
