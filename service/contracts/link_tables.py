"""What waits until a link from a mail is followed. Of each link only the SHA-256 is kept."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String, Table, Text, Uuid, func

from service.contracts.tables import INSTANT, metadata

registrations = Table(
    "registrations",
    metadata,
    Column(
        "email_key",
        String(254),
        primary_key=True,
        comment="NFKC, case-folded: whose address it is; a later one replaces an earlier one",
    ),
    Column(
        "user_id",
        Uuid(as_uuid=False),
        nullable=False,
        comment="what the account is going to be called",
    ),
    Column("email", String(254), nullable=False, comment="as the person wrote it"),
    Column("name", String(200), nullable=False, comment="as shown to people"),
    Column("password_hash", Text, nullable=False, comment="argon2id, PHC string"),
    Column(
        "token_hash",
        LargeBinary,
        nullable=False,
        unique=True,
        comment="SHA-256 of 256 random bits; for an address that has an account nobody has them",
    ),
    Column(
        "requested_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="when somebody signed up",
    ),
    Column("expires_at", INSTANT, nullable=False, comment="worth nothing from here on"),
    Index("ix_registrations_expires_at", "expires_at"),
    comment="who signed up and has not proven the address yet; a row goes when they do, or expires",
)

password_resets = Table(
    "password_resets",
    metadata,
    Column(
        "email_key",
        String(254),
        primary_key=True,
        comment="the address that was typed, NFKC, case-folded; also when nobody has it",
    ),
    Column(
        "user_id",
        Uuid(as_uuid=False),
        comment="whose; null: nobody's, and nobody has the link; kept alike, so that time tells nothing",
    ),
    Column(
        "token_hash",
        LargeBinary,
        nullable=False,
        unique=True,
        comment="SHA-256 of 256 random bits",
    ),
    Column(
        "requested_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="when somebody asked",
    ),
    Column("expires_at", INSTANT, nullable=False, comment="worth nothing from here on"),
    Index("ix_password_resets_user_id", "user_id"),
    Index("ix_password_resets_expires_at", "expires_at"),
    comment="who asked for a new password; a row goes when its link is used, or expires",
)

email_changes = Table(
    "email_changes",
    metadata,
    Column(
        "user_id",
        ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=True,
        comment="whose; goes with the account",
    ),
    Column("email", String(254), nullable=False, comment="the address they want"),
    Column("session_id", String(23), nullable=False, comment="who asked; it goes on after it"),
    Column(
        "token_hash",
        LargeBinary,
        nullable=False,
        unique=True,
        comment="SHA-256 of 256 random bits",
    ),
    Column(
        "requested_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="when they asked",
    ),
    Column("expires_at", INSTANT, nullable=False, comment="worth nothing from here on"),
    Index("ix_email_changes_expires_at", "expires_at"),
    comment="new addresses that are not proven yet; a row goes when its link is used, or expires",
)
