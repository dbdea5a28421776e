"""Failures in a row, and devices that skip the second step."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    func,
)

from service.contracts.tables import INSTANT, metadata

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column(
        "subject",
        LargeBinary,
        primary_key=True,
        comment="HMAC of the address, or of it and a device that signed in before",
    ),
    Column(
        "user_id",
        Uuid(as_uuid=False),
        ForeignKey("users.id", ondelete="CASCADE"),
        comment="whose; null: nobody has that address",
    ),
    Column(
        "failures",
        Integer,
        nullable=False,
        comment="tries in a row that were not right, or are under way",
    ),
    Column(
        "under_way",
        Integer,
        nullable=False,
        server_default="0",
        comment="how many of them nobody has looked at yet",
    ),
    Column("tried_at", INSTANT, nullable=False, comment="the last try"),
    Column("locked_until", INSTANT, comment="no try is taken before; null: no delay"),
    Index("ix_sign_in_failures_user_id", "user_id"),
    Index("ix_sign_in_failures_tried_at", "tried_at"),
    comment="tries that failed in a row, by address and known device; goes with a sign-in",
)

trusted_devices = Table(
    "trusted_devices",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True, comment="random; names it in a list"),
    Column(
        "user_id",
        Uuid(as_uuid=False),
        ForeignKey("users.id", ondelete="CASCADE"),
        nullable=False,
        comment="whose",
    ),
    Column(
        "token_hash", LargeBinary, nullable=False, unique=True, comment="SHA-256 of 256 random bits"
    ),
    Column("device", String(64), nullable=False, comment="a name a person recognises"),
    Column("ip", String(45), nullable=False, comment="where it was trusted"),
    Column(
        "created_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="when it passed the second step",
    ),
    Column(
        "last_used_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="when it last skipped it",
    ),
    Column("expires_at", INSTANT, nullable=False, comment="skips nothing from here on"),
    Index("ix_trusted_devices_user_id", "user_id"),
    Index("ix_trusted_devices_expires_at", "expires_at"),
    comment="devices that sign in without the second step; a row goes when its trust does",
)
