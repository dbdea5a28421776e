"""The tables of the schema `analytics`: facts by event and session, and what they are grouped by.
Times are UTC; people are `user_key`, a keyed pseudonym.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
)

from service.contracts import tables

INSTANT, metadata = tables.INSTANT, tables.metadata

SCHEMA = "analytics"
UNKNOWN = 0
"""The key of a dimension's row that says: not known."""

PERSON = "a pseudonym: the same person has the same, and without the key it leads to nobody"


ACTIVITY = (
    "event_name in ('login.succeeded', 'session.used') or "
    "event_name in ('token.refreshed', 'token.recovered') and is_foreground is not false"
)
"""A row of an active user, as service.store.event_facts.is_activity has it."""
SIGN_IN = (
    "event_name in ('login.succeeded', 'login.failed', 'mfa.challenged', 'mfa.succeeded', "
    "'mfa.failed') and subject_key is not null"
)
"""A step of a sign-in flow, as it is indexed."""
NO_STEP_UP = "reason_code is distinct from 'step_up'"
"""Who proves again who they are was signed in already."""
NOWHERE = "device_key = 0 and geo_key = 0 and session_id is not null"
"""An event that waits for its session's sign-in, which will say where it was."""
REPLAY = "event_name in ('token.reuse_detected', 'token.replayed')"
FAILURE = "event_name in ('login.failed', 'mfa.failed') and subject_key is not null"
EDGE = (
    "event_name in ('login.succeeded', 'session.ended', 'session.expired', "
    "'token.reuse_detected') and session_id is not null"
)
"""Where a session begins or ends."""


def key(dimension: str) -> Column[int]:
    """A column that leads to a dimension."""
    return Column(
        f"{dimension}_key",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment=f"of dim_{dimension}; 0: not known",
    )


pseudonym_key = Table(
    "pseudonym_key",
    metadata,
    Column("only", Boolean, primary_key=True, server_default=text("true"), comment="one row"),
    Column("sealed_key", LargeBinary, nullable=False, comment="HMAC-SHA-256, 32 bytes, sealed"),
    schema=SCHEMA,
    comment="what makes a user_key of a user's id; outlives a change of SECRET_KEY",
)

dim_device = Table(
    "dim_device",
    metadata,
    Column("device_key", Integer, Identity(), primary_key=True, comment="0: not known"),
    Column("browser", Text, nullable=False, comment="family, such as Firefox"),
    Column("os", Text, nullable=False, comment="family, such as Android"),
    Column("class", Text, nullable=False, comment="desktop, mobile, tablet, bot or other"),
    Column("is_bot", Boolean, nullable=False, comment="a crawler, a script or a monitor"),
    UniqueConstraint("browser", "os", "class"),
    schema=SCHEMA,
    comment="what a user agent says of itself",
)

dim_client = Table(
    "dim_client",
    metadata,
    Column("client_key", Integer, Identity(), primary_key=True, comment="0: not known"),
    Column("client", Text, nullable=False, unique=True, comment="whom access tokens are for"),
    schema=SCHEMA,
    comment="the products that people sign in to",
)

dim_geo = Table(
    "dim_geo",
    metadata,
    Column("geo_key", Integer, Identity(), primary_key=True, comment="0: not known"),
    Column("country", Text, nullable=False, unique=True, comment="ISO 3166-1 alpha-2"),
    schema=SCHEMA,
    comment="countries, by the operator's own GEOIP_FILE",
)

dim_reason = Table(
    "dim_reason",
    metadata,
    Column("reason_code", Text, primary_key=True, comment="as events say it"),
    Column(
        "category",
        Text,
        nullable=False,
        comment="credentials, second_factor, replay, session, person or operator",
    ),
    schema=SCHEMA,
    comment="why something failed or ended",
)

dim_date = Table(
    "dim_date",
    metadata,
    Column("day", Date, primary_key=True, comment="2000-01-01 to 2100-12-31"),
    Column("year", SmallInteger, nullable=False, comment="of the calendar"),
    Column("quarter", SmallInteger, nullable=False, comment="1 to 4"),
    Column("month", SmallInteger, nullable=False, comment="1 to 12"),
    Column("iso_year", SmallInteger, nullable=False, comment="of the ISO 8601 week"),
    Column("iso_week", SmallInteger, nullable=False, comment="1 to 53"),
    Column("weekday", SmallInteger, nullable=False, comment="1 Monday to 7 Sunday"),
    schema=SCHEMA,
    comment="the calendar",
)

dim_user = Table(
    "dim_user",
    metadata,
    Column("user_key", Uuid(as_uuid=False), primary_key=True, comment=PERSON),
    Column("first_seen_at", INSTANT, comment="of the first activity ever; null: none yet"),
    Column("mfa_enrolled_at", INSTANT, comment="a second factor is on since"),
    Column("is_test", Boolean, nullable=False, server_default=false(), comment="not counted"),
    schema=SCHEMA,
    comment="people, by pseudonym",
)

fct_auth_events = Table(
    "fct_auth_events",
    metadata,
    Column("event_id", Text, primary_key=True, comment="partition and id in its stream"),
    Column("event_name", Text, nullable=False, comment="type: docs/events.md"),
    Column("occurred_at", INSTANT, nullable=False, comment="the clock of Redis"),
    Column("received_at", INSTANT, nullable=False, comment="when a worker stored it"),
    Column("user_key", Uuid(as_uuid=False), comment=f"{PERSON}; null: nobody knows who"),
    Column(
        "subject_key",
        Uuid(as_uuid=False),
        comment="whose sign-in: user_key, else a pseudonym of address and user agent",
    ),
    Column("session_id", Text, comment="null before there is one"),
    key("client"),
    key("device"),
    key("geo"),
    Column("outcome", Text, nullable=False, comment="success, failure or neutral"),
    Column("reason_code", Text, comment="why it failed or ended; of dim_reason"),
    Column(
        "auth_method",
        Text,
        comment="pwd, pwd otp mfa, or pwd mfa by a recovery code: what the sign-in was by",
    ),
    Column("is_foreground", Boolean, comment="of a refresh: a tab that somebody looks at"),
    Column("is_test", Boolean, nullable=False, server_default=false(), comment="not counted"),
    Column("schema_version", SmallInteger, nullable=False, comment="1"),
    Index("ix_fct_auth_events_occurred_at", "occurred_at", "event_name"),
    Index("ix_fct_auth_events_received_at", "received_at", postgresql_using="brin"),
    Index("ix_fct_auth_events_activity", "occurred_at", postgresql_where=text(ACTIVITY)),
    Index("ix_fct_auth_events_sign_in", "occurred_at", postgresql_where=text(SIGN_IN)),
    Index(
        "ix_fct_auth_events_subject", "subject_key", "occurred_at", postgresql_where=text(SIGN_IN)
    ),
    Index("ix_fct_auth_events_replay", "occurred_at", postgresql_where=text(REPLAY)),
    Index("ix_fct_auth_events_failure", "occurred_at", postgresql_where=text(FAILURE)),
    Index("ix_fct_auth_events_edge", "session_id", postgresql_where=text(EDGE)),
    Index("ix_fct_auth_events_nowhere", "session_id", postgresql_where=text(NOWHERE)),
    schema=SCHEMA,
    comment="one event a row, exactly once",
)

fct_sessions = Table(
    "fct_sessions",
    metadata,
    Column("session_id", Text, primary_key=True, comment="as in the audit"),
    Column("user_key", Uuid(as_uuid=False), comment=PERSON),
    key("client"),
    key("device"),
    key("geo"),
    Column("started_at", INSTANT, comment="the sign-in; null until its event came"),
    Column("last_active_at", INSTANT, comment="of the last activity that counts"),
    Column("ended_at", INSTANT, comment="null: open"),
    Column("end_reason", Text, comment="of the first end that was told"),
    Column("expires_at", INSTANT, comment="when it ends at the latest"),
    Column("auth_method", Text, comment="pwd, pwd otp mfa, or pwd mfa by a recovery code"),
    Column("mfa_used", Boolean, nullable=False, server_default=false(), comment="a second factor"),
    Column("refresh_count", Integer, nullable=False, server_default=text("0"), comment="all"),
    Column(
        "refresh_background_count",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="of them by tabs that nobody looked at",
    ),
    Column(
        "reuse_detected",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="an old refresh token came back",
    ),
    Column("is_test", Boolean, nullable=False, server_default=false(), comment="not counted"),
    Index("ix_fct_sessions_started_at", "started_at"),
    Index("ix_fct_sessions_ended_at", "ended_at"),
    Index(
        "ix_fct_sessions_open",
        "user_key",
        "device_key",
        "is_test",
        "started_at",
        "expires_at",
        postgresql_where=text("ended_at is null"),
    ),
    schema=SCHEMA,
    comment="one session a row; facts come in any order and give the same row",
)
