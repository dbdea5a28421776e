"""The outbox of mails."""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    func,
)

from service.contracts.tables import INSTANT, metadata

mails = Table(
    "mails",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True, comment="in the order of writing"),
    Column("template", String(32), nullable=False, comment="why somebody is written to"),
    Column(
        "user_id",
        Text,
        nullable=False,
        comment="whose account it is about; empty where there is none yet",
    ),
    Column("sealed", LargeBinary, nullable=False, comment="sealed; to whom, and what it says"),
    Column(
        "created_at",
        INSTANT,
        nullable=False,
        server_default=func.clock_timestamp(),
        comment="when it was written",
    ),
    Column(
        "due_at",
        INSTANT,
        nullable=False,
        server_default=func.clock_timestamp(),
        comment="when to try; while a worker tries, when others may",
    ),
    Column("tries", SmallInteger, nullable=False, server_default="0", comment="that were begun"),
    Column("last_error", String(80), comment="why the last try failed, without the address"),
    comment="mails on their way; a row goes when its mail was sent or given up",
)
Index("ix_mails_due_at", mails.c.due_at)
Index("ix_mails_user_id", mails.c.user_id)
