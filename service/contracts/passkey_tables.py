"""Passkeys, in SQL."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)

from service.contracts.tables import INSTANT, metadata

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True, comment="random"),
    Column(
        "user_id",
        ForeignKey("users.id", ondelete="CASCADE"),
        nullable=False,
        comment="whose; goes with the account",
    ),
    Column(
        "credential_id",
        LargeBinary,
        nullable=False,
        comment="how the authenticator calls it; random",
    ),
    Column("public_key", LargeBinary, nullable=False, comment="COSE; what its answers verify by"),
    Column(
        "sign_count",
        BigInteger,
        nullable=False,
        comment="the newest its authenticator said; never goes back; 0: it does not count",
    ),
    Column(
        "transports",
        ARRAY(Text),
        nullable=False,
        comment="how its authenticator is reached: internal, hybrid, usb, …",
    ),
    Column("aaguid", Uuid(as_uuid=False), nullable=False, comment="its authenticator's model"),
    Column(
        "backup_eligible",
        Boolean,
        nullable=False,
        comment="may be on several devices; never changes",
    ),
    Column("backed_up", Boolean, nullable=False, comment="is on several devices, as last said"),
    Column("name", String(64), nullable=False, comment="what its owner calls it"),
    Column(
        "created_at",
        INSTANT,
        nullable=False,
        server_default=func.clock_timestamp(),
        comment="when it was added",
    ),
    Column("last_used_at", INSTANT, comment="null: not yet"),
    UniqueConstraint("credential_id"),
    comment="keys that people sign in with instead of a password",
)
Index("ix_passkeys_user_id", passkeys.c.user_id)
