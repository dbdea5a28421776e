"""webhooks: where products want to be told of events, and the outbox of what they are told"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(20), nullable=False, comment="what `webhooks` calls it: ep_ and 12 digits"),
        sa.Column("url", sa.Text(), nullable=False, comment="where to; may itself be a secret of the receiver"),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False, comment="session.ended, user.*, or * for all"),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="signs; sealed"),
        sa.Column("previous_secret", sa.LargeBinary(), comment="signs too while it is replaced; sealed"),
        sa.Column("previous_until", sa.DateTime(timezone=True), comment="when the previous one signs no more"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), comment="null: it is delivered to; what happens meanwhile waits"),
        sa.Column("disabled_reason", sa.String(20), comment="operator, failing or gone"),
        sa.Column("failing_since", sa.DateTime(timezone=True), comment="no try has succeeded since; null: the last one did"),
        sa.Column("paused_until", sa.DateTime(timezone=True), comment="it asked for this by Retry-After"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        comment="where products want to be told of events",
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="what `webhooks replay` takes"),
        sa.Column("endpoint_id", sa.String(20), nullable=False, comment="to whom; goes with it"),
        sa.Column("event_id", sa.String(64), nullable=False, comment="webhook-id; the same at every try"),
        sa.Column("type", sa.String(40), nullable=False, comment="of the event"),
        sa.Column("body", sa.Text(), nullable=False, comment="as it is sent and signed: user and session by id, never an address or a name"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="when the audit row was stored"),
        sa.Column("due_at", sa.DateTime(timezone=True), comment="when to try; while a worker tries, when others may; null: nothing is left to do"),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False, comment="that were begun"),
        sa.Column("delivered_at", sa.DateTime(timezone=True), comment="when it answered 2xx; null: not yet"),
        sa.Column("failed_at", sa.DateTime(timezone=True), comment="when it was given up; `webhooks replay` tries anew"),
        sa.Column("last_try_at", sa.DateTime(timezone=True), comment="when the last try ended"),
        sa.Column("last_status", sa.SmallInteger(), comment="the HTTP status it got; null: no answer"),
        sa.Column("last_error", sa.String(40), comment="why it failed, in a word: timeout, dns, refused, …"),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_deliveries_endpoint_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("endpoint_id", "event_id", name=op.f("uq_webhook_deliveries_endpoint_id_event_id")),
        comment="one row an event and endpoint, written with the event's audit row: the outbox",
    )
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["endpoint_id", "due_at", "id"], postgresql_where=sa.text("due_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
