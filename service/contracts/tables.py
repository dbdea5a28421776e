"""Every SQL table. Column comments are the data dictionary: write them for an auditor."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

INSTANT = DateTime(timezone=True)

users = Table(
    "users",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True, comment="random; says nothing by itself"),
    Column("email", String(254), nullable=False, comment="as the person wrote it"),
    Column("email_key", String(254), nullable=False, comment="NFKC, case-folded: who it is"),
    Column("name", String(200), nullable=False, server_default="", comment="as shown to people"),
    Column(
        "roles",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="what they may do beyond their own account",
    ),
    Column("password_hash", Text, comment="argon2id, PHC string; null: no password"),
    Column("totp_secret", LargeBinary, comment="sealed; null: no second factor"),
    Column("totp_pending", LargeBinary, comment="sealed; set up, not yet proven by a code"),
    Column(
        "totp_last_step",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="the newest 30 s step a code was accepted for; none is accepted twice",
    ),
    Column("disabled_at", INSTANT, comment="null: may sign in"),
    Column("locked_at", INSTANT, comment="by an administrator; null: may sign in"),
    Column("locked_until", INSTANT, comment="when a worker lifts the lock; null: nobody does"),
    Column(
        "version",
        BigInteger,
        nullable=False,
        server_default="1",
        comment="counts changes; an older copy never replaces a newer one in a cache",
    ),
    Column(
        "credentials",
        BigInteger,
        nullable=False,
        server_default="1",
        comment="counts changes of what signs them in; what was proven before one opens nothing after",
    ),
    Column(
        "created_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="when the account was made",
    ),
    UniqueConstraint("email_key"),
    comment="people who can sign in",
)
Index(
    "ix_users_email_prefix",
    users.c.email_key,
    postgresql_ops={"email_key": "text_pattern_ops"},
)
Index(
    "ix_users_name_prefix",
    func.lower(users.c.name).label("lower_name"),
    postgresql_ops={"lower_name": "text_pattern_ops"},
)
Index("ix_users_created_at", users.c.created_at, users.c.id)
Index("ix_users_with_roles", users.c.id, postgresql_where=func.cardinality(users.c.roles) > 0)
Index("ix_users_locked", users.c.locked_until, postgresql_where=users.c.locked_at.is_not(None))

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column(
        "user_id",
        ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=True,
        comment="whose; goes with the account",
    ),
    Column("code_hash", LargeBinary, primary_key=True, comment="SHA-256 of 120 random bits"),
    Column("used_at", INSTANT, comment="null: still good"),
    comment="one-time stand-ins for a lost second factor",
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(23), primary_key=True, comment="partition byte and 128 random bits"),
    Column(
        "user_id",
        Uuid(as_uuid=False),
        nullable=False,
        comment="of users; the row stays when that is erased, and then leads to nobody",
    ),
    Column("created_at", INSTANT, nullable=False, comment="the sign-in"),
    Column(
        "last_used_at",
        INSTANT,
        nullable=False,
        comment="written by the workers; lags Redis by at most one refresh",
    ),
    Column(
        "generation", BigInteger, nullable=False, comment="of the refresh token; like last_used_at"
    ),
    Column("ip", String(45), nullable=False, comment="at sign-in; empty once erased"),
    Column("user_agent", Text, nullable=False, comment="at sign-in; empty once erased"),
    Column(
        "device",
        String(64),
        nullable=False,
        comment="a name a person recognises; empty once erased",
    ),
    Column("amr", ARRAY(Text), nullable=False, comment="RFC 8176 methods: pwd, otp, …"),
    Column("ended_at", INSTANT, comment="null: alive, unless a limit has passed"),
    Column("end_reason", String(20), comment="logout, idle_timeout, token_reuse, …"),
    Column(
        "end_applied",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="the end's event is in the audit, so Redis knew of it",
    ),
    comment="one sign-in and all its refreshes; an ended row never comes back to life",
)
Index("ix_sessions_of_user", sessions.c.user_id)
Index(
    "ix_sessions_live_of_user",
    sessions.c.user_id,
    postgresql_where=sessions.c.ended_at.is_(None),
)
Index(
    "ix_sessions_live_by_use",
    sessions.c.last_used_at,
    postgresql_where=sessions.c.ended_at.is_(None),
)
Index(
    "ix_sessions_live_by_start",
    sessions.c.created_at,
    postgresql_where=sessions.c.ended_at.is_(None),
)
Index(
    "ix_sessions_ended_at",
    sessions.c.ended_at,
    postgresql_where=sessions.c.ended_at.is_not(None),
)
Index(
    "ix_sessions_unapplied",
    sessions.c.ended_at,
    postgresql_where=sessions.c.ended_at.is_not(None) & ~sessions.c.end_applied,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(43), primary_key=True, comment="RFC 7638 thumbprint"),
    Column("algorithm", String(10), nullable=False),
    Column(
        "private_key",
        LargeBinary,
        comment="PKCS #8 DER, sealed; null: destroyed, as it signs no more",
    ),
    Column("created_at", INSTANT, nullable=False, server_default=func.now()),
    Column(
        "retired_at",
        INSTANT,
        comment="signs no more from then on; null: no other key is to replace it",
    ),
    Column(
        "public_key",
        LargeBinary,
        comment="SubjectPublicKeyInfo DER, kept for good; null: of an earlier release",
    ),
    Column(
        "signs_from",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="it signs from then on; published since created_at",
    ),
    Column(
        "published_until",
        INSTANT,
        comment="its last token has ended by then; null: it may sign for ever",
    ),
    Column("used_at", INSTANT, comment="it signed a token in the minute before; null: never"),
    comment="what access tokens are signed with: docs/keys.md",
)
Index(
    "ix_signing_keys_one_unreplaced",
    signing_keys.c.algorithm,
    unique=True,
    postgresql_where=signing_keys.c.retired_at.is_(None),
)

secret_keys = Table(
    "secret_keys",
    metadata,
    Column(
        "id",
        LargeBinary,
        primary_key=True,
        comment="what every value under it begins with; says nothing of the key",
    ),
    Column(
        "first_used_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="when a worker first ran with it as SECRET_KEY",
    ),
    comment="what SECRET_KEY has been, so that doctor can say when the one before may go",
)


def _audit_columns() -> list[Column[Any]]:
    """Of a row of the audit, wherever it stands."""
    return [
        Column("partition", SmallInteger, primary_key=True, comment="of the person; 0 to 15"),
        Column(
            "seq",
            BigInteger,
            primary_key=True,
            comment="counts within the partition, no gaps",
        ),
        Column("stream_id", String(41), nullable=False, comment="the event's id in its stream"),
        Column("type", String(40), nullable=False, comment="what happened: docs/events.md"),
        Column("occurred_at", INSTANT, nullable=False, comment="the store's clock"),
        Column(
            "recorded_at",
            INSTANT,
            primary_key=True,
            server_default=func.now(),
            comment="when it was stored; never goes back within a partition",
        ),
        Column("user_id", Text, comment="whom it happened to; null: somebody unknown"),
        Column("session_id", Text, comment="null: no session was there, or yet"),
        Column("generation", BigInteger, comment="of the refresh token it is about"),
        Column("ip", Text, comment="null since rows are chained: it is in personal"),
        Column("user_agent", Text, comment="null since rows are chained: it is in personal"),
        Column("request_id", Text, comment="leads to the request's line in the log"),
        Column("actor_id", Text, comment="who did it, when not the person it happened to"),
        Column("reason", Text, comment="why it failed or ended, or by what it succeeded"),
        Column(
            "data",
            JSONB,
            nullable=False,
            server_default=text("'{}'"),
            comment="what else belongs to the type and is not about the person",
        ),
        Column(
            "personal",
            LargeBinary,
            comment="sealed under the person's key: address, user agent, the rest of data",
        ),
        Column("prev_hash", LargeBinary, comment="hash of the row before; zeros for the first"),
        Column("hash", LargeBinary, comment="SHA-256 of prev_hash and this row: docs/audit.md"),
    ]


audit_log = Table(
    "audit_log",
    metadata,
    *_audit_columns(),
    UniqueConstraint("partition", "stream_id", "recorded_at"),
    Index("ix_audit_log_user_id", "user_id", "occurred_at"),
    Index("ix_audit_log_session_id", "session_id", "occurred_at"),
    Index("ix_audit_log_occurred_at", "occurred_at", "partition", "seq"),
    comment="everything security-relevant that happened, exactly once; a table a month",
    postgresql_partition_by="RANGE (recorded_at)",
)

audit_held = Table(
    "audit_held",
    metadata,
    *_audit_columns(),
    Column("stub", BigInteger, nullable=False, comment="of audit_stubs: what proves this row"),
    Index("ix_audit_held_user_id", "user_id", "occurred_at"),
    Index("ix_audit_held_session_id", "session_id", "occurred_at"),
    Index("ix_audit_held_occurred_at", "occurred_at", "partition", "seq"),
    comment="rows that retention would have dropped, of people under a legal hold",
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column(
        "seq",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="of the newest row",
    ),
    Column(
        "chained",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="of the newest row with a hash; behind seq after an upgrade, until a worker ran",
    ),
    Column("hash", LargeBinary, comment="of that row; null: none"),
    Column("recorded_at", INSTANT, comment="of the newest row; the next one is no older"),
    comment="one row a partition; its lock is the lease of the partition's one writer",
)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="no gaps"),
    Column("made_at", INSTANT, nullable=False),
    Column("kid", String(16), nullable=False, comment="of the key in checkpoint_keys"),
    Column("body", Text, nullable=False, comment="what is signed: every partition's seq and hash"),
    Column("signature", LargeBinary, nullable=False, comment="Ed25519, of body in UTF-8"),
    Column("delivered_at", INSTANT, comment="null: AUDIT_CHECKPOINT_SINK does not have it yet"),
    Index("ix_audit_checkpoints_made_at", "made_at"),
    comment="signed heads of the audit's chains; each names the one before it",
)
Index(
    "ix_audit_checkpoints_undelivered",
    audit_checkpoints.c.number,
    postgresql_where=audit_checkpoints.c.delivered_at.is_(None),
)

audit_stubs = Table(
    "audit_stubs",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="no gaps"),
    Column("made_at", INSTANT, nullable=False, comment="when the month was dropped"),
    Column("kid", String(16), nullable=False, comment="of the key in checkpoint_keys"),
    Column(
        "body",
        Text,
        nullable=False,
        comment="what is signed: the month, where each chain goes on, what is held",
    ),
    Column("signature", LargeBinary, nullable=False, comment="Ed25519, of body in UTF-8"),
    Column("delivered_at", INSTANT, comment="null: AUDIT_CHECKPOINT_SINK does not have it yet"),
    Column("told_at", INSTANT, comment="null: audit.month_dropped was not written yet"),
    comment="what is left of months that retention dropped; each names the one before it",
)

checkpoint_keys = Table(
    "checkpoint_keys",
    metadata,
    Column("kid", String(16), primary_key=True, comment="of the public key's SHA-256, in hex"),
    Column("public_key", LargeBinary, nullable=False, comment="Ed25519, 32 bytes"),
    Column("private_key", LargeBinary, nullable=False, comment="Ed25519, sealed"),
    Column("created_at", INSTANT, nullable=False, server_default=func.now()),
    comment="what checkpoints and stubs are signed with; the newest signs",
)

person_keys = Table(
    "person_keys",
    metadata,
    Column(
        "owner",
        Text,
        primary_key=True,
        comment="a user's id; day:2026-11-23 for people unknown on that day (UTC)",
    ),
    Column("sealed_key", LargeBinary, comment="AES-256, sealed; null: destroyed"),
    Column(
        "created_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="when something was first sealed with it",
    ),
    Column("destroyed_at", INSTANT, comment="from here on nobody can read what it sealed"),
    comment="a key a person: without it their fields in the audit are noise for good",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True, comment="what `events dead` calls it"),
    Column("partition", SmallInteger, nullable=False, comment="whose stream it was on; 0 to 15"),
    Column("stream_id", String(41), nullable=False, comment="the entry's id in its stream"),
    Column(
        "fields",
        JSONB,
        nullable=False,
        comment="as received, but what may be about a person; bytes that are no text escaped",
    ),
    Column("personal", LargeBinary, comment="all of it as received, sealed like in audit_log"),
    Column("error", Text, nullable=False, comment="why it could not be read or stored"),
    Column(
        "received_at",
        INSTANT,
        nullable=False,
        server_default=func.now(),
        comment="the worker's clock",
    ),
    Column("replayed_at", INSTANT, comment="it has become a row of audit_log; null: not yet"),
    UniqueConstraint("partition", "stream_id"),
    comment="stream entries that could not become audit rows; nothing is thrown away",
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column(
        "id", String(20), primary_key=True, comment="what `webhooks` calls it: ep_ and 12 digits"
    ),
    Column("url", Text, nullable=False, comment="where to; may itself be a secret of the receiver"),
    Column("types", ARRAY(Text), nullable=False, comment="session.ended, user.*, or * for all"),
    Column("secret", LargeBinary, nullable=False, comment="signs; sealed"),
    Column("previous_secret", LargeBinary, comment="signs too while it is replaced; sealed"),
    Column("previous_until", INSTANT, comment="when the previous one signs no more"),
    Column("created_at", INSTANT, nullable=False, server_default=func.now()),
    Column(
        "disabled_at", INSTANT, comment="null: it is delivered to; what happens meanwhile waits"
    ),
    Column("disabled_reason", String(20), comment="operator, failing or gone"),
    Column("failing_since", INSTANT, comment="no try has succeeded since; null: the last one did"),
    Column("paused_until", INSTANT, comment="it asked for this by Retry-After"),
    comment="where products want to be told of events",
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True, comment="what `webhooks replay` takes"),
    Column(
        "endpoint_id",
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE"),
        nullable=False,
        comment="to whom; goes with it",
    ),
    Column("event_id", String(64), nullable=False, comment="webhook-id; the same at every try"),
    Column("type", String(40), nullable=False, comment="of the event"),
    Column(
        "body",
        Text,
        nullable=False,
        comment="as it is sent and signed: user and session by id, never an address or a name",
    ),
    Column("created_at", INSTANT, nullable=False, comment="when the audit row was stored"),
    Column(
        "due_at",
        INSTANT,
        comment="when to try; while a worker tries, when others may; null: nothing is left to do",
    ),
    Column("tries", SmallInteger, nullable=False, server_default="0", comment="that were begun"),
    Column("delivered_at", INSTANT, comment="when it answered 2xx; null: not yet"),
    Column("failed_at", INSTANT, comment="when it was given up; `webhooks replay` tries anew"),
    Column("last_try_at", INSTANT, comment="when the last try ended"),
    Column("last_status", SmallInteger, comment="the HTTP status it got; null: no answer"),
    Column("last_error", String(40), comment="why it failed, in a word: timeout, dns, refused, …"),
    UniqueConstraint("endpoint_id", "event_id"),
    Index("ix_webhook_deliveries_created_at", "created_at"),
    comment="one row an event and endpoint, written with the event's audit row: the outbox",
)
Index(
    "ix_webhook_deliveries_due",
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.due_at,
    webhook_deliveries.c.id,
    postgresql_where=webhook_deliveries.c.due_at.is_not(None),
)

erasures = Table(
    "erasures",
    metadata,
    Column(
        "user_id",
        Text,
        primary_key=True,
        comment="whose; once the account is gone it leads to nobody",
    ),
    Column(
        "requested_at",
        INSTANT,
        nullable=False,
        comment="from here on they could not sign in",
    ),
    Column("requested_by", String(12), nullable=False, comment="self or operator"),
    Column("due_at", INSTANT, nullable=False, comment="ERASURE_GRACE_SECONDS after the request"),
    Column("erased_at", INSTANT, comment="null: still to come"),
    Column(
        "applied",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="user.erased is in the audit, so Redis forgot them too",
    ),
    comment="who asked to be forgotten, by an id only; to be done again after restoring a backup",
)
Index("ix_erasures_open", erasures.c.due_at, postgresql_where=~erasures.c.applied)

legal_holds = Table(
    "legal_holds",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True, comment="what `hold list` calls it"),
    Column("user_id", Text, nullable=False, comment="whose; the row stays when they are erased"),
    Column("reason", Text, nullable=False, comment="as given; empty once they are erased"),
    Column("placed_by", Text, nullable=False, comment="who answers for it, as given"),
    Column("placed_at", INSTANT, nullable=False, comment="from here on nothing of theirs is lost"),
    Column("released_by", Text, comment="null: it stands"),
    Column("released_at", INSTANT, comment="null: it stands"),
    comment="people of whom nothing may be destroyed, neither by retention nor by their wish",
)
Index(
    "ix_legal_holds_standing",
    legal_holds.c.user_id,
    postgresql_where=legal_holds.c.released_at.is_(None),
)

person_exports = Table(
    "person_exports",
    metadata,
    Column(
        "user_id",
        ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=True,
        comment="whose; goes with the account",
    ),
    Column("id", String(36), nullable=False, comment="of the job"),
    Column("requested_at", INSTANT, nullable=False, comment="by the person themselves"),
    Column("claimed_at", INSTANT, comment="when a worker last began to make it"),
    Column("made_at", INSTANT, comment="null: not yet"),
    Column(
        "expires_at", INSTANT, comment="when a sweep drops it: EXPORT_KEEP_SECONDS after made_at"
    ),
    Column(
        "archive",
        LargeBinary,
        comment="gzipped JSON of all that is held, sealed under the person's key",
    ),
    comment="archives that people asked for",
)
