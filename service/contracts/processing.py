"""The register of processing (GDPR, Art. 30): which columns and keys are about a person, and why.

scripts/docs makes docs/privacy.md of it, of the comments in `tables` and of `person_rights`; a
test fails on a column or key that stands in neither list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONTRACT = "Art. 6(1)(b): needed for the contract, which is to let this person sign in"
LAW = "Art. 6(1)(c): a legal obligation"
SECURITY = "Art. 6(1)(f): the legitimate interest in finding, ending and proving misuse of accounts"


AUDIT_COLUMNS = (
    "partition",
    "seq",
    "stream_id",
    "type",
    "occurred_at",
    "recorded_at",
    "user_id",
    "session_id",
    "generation",
    "ip",
    "user_agent",
    "request_id",
    "actor_id",
    "reason",
    "data",
    "personal",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """One activity; `columns` are of PostgreSQL, by table."""

    name: str
    purpose: str
    basis: str
    retention: str
    erasure: str
    columns: Mapping[str, Sequence[str]]


WHOSE_DATA = "people with an account, and people who try to sign in"
RECIPIENTS = (
    "nobody but the operator; other services get a user id and roles in access tokens, and "
    "what they subscribe to by [webhooks](webhooks.md): ids and reasons, never an address or "
    "a name"
)

REGISTER = (
    Processing(
        name="Mails",
        purpose="Tell people what happens to their account, and prove that an address is theirs.",
        basis=CONTRACT,
        retention="until the mail server has taken it; 30 days at most",
        erasure="deleted",
        columns={
            "mails": (
                "id",
                "template",
                "user_id",
                "sealed",
                "created_at",
                "due_at",
                "tries",
                "last_error",
            )
        },
    ),
    Processing(
        name="Accounts",
        purpose="Know who signs in, and what they may do.",
        basis=CONTRACT,
        retention="as long as the account exists",
        erasure="deleted",
        columns={
            "users": (
                "id",
                "email",
                "email_key",
                "name",
                "roles",
                "disabled_at",
                "locked_at",
                "locked_until",
                "version",
                "credentials",
                "created_at",
            ),
        },
    ),
    Processing(
        name="Links by mail",
        purpose="Prove an address before it is anybody's, and let people set a new password.",
        basis=f"{CONTRACT}, or for steps at their request before one",
        retention="until the link is used, replaced or expired (30 minutes to 24 hours), and swept",
        erasure="deleted, by account and by address",
        columns={
            "registrations": (
                "email_key",
                "user_id",
                "email",
                "name",
                "password_hash",
                "token_hash",
                "requested_at",
                "expires_at",
            ),
            "password_resets": (
                "email_key",
                "user_id",
                "token_hash",
                "requested_at",
                "expires_at",
            ),
            "email_changes": (
                "user_id",
                "email",
                "session_id",
                "token_hash",
                "requested_at",
                "expires_at",
            ),
        },
    ),
    Processing(
        name="Proofs of identity",
        purpose="Check that it is them: password, second factor, passkeys.",
        basis=CONTRACT,
        retention="until replaced, at the longest as long as the account exists",
        erasure="deleted",
        columns={
            "users": ("password_hash", "totp_secret", "totp_pending", "totp_last_step"),
            "recovery_codes": ("user_id", "code_hash", "used_at"),
            "passkeys": (
                "id",
                "user_id",
                "credential_id",
                "public_key",
                "sign_count",
                "transports",
                "aaguid",
                "backup_eligible",
                "backed_up",
                "name",
                "created_at",
                "last_used_at",
            ),
        },
    ),
    Processing(
        name="Guarding against guesses",
        purpose="Bound how often anybody guesses a password or a code.",
        basis=SECURITY,
        retention=(
            "until they sign in, reset the password or are unlocked; else 30 days after the last "
            "failure, and for good once there were a hundred in a row"
        ),
        erasure="deleted",
        columns={
            "sign_in_failures": (
                "subject",
                "user_id",
                "failures",
                "under_way",
                "tried_at",
                "locked_until",
            ),
        },
    ),
    Processing(
        name="Trusted devices",
        purpose="Let devices that passed the second step sign in without it, where people want that.",
        basis=CONTRACT,
        retention="TRUSTED_DEVICE_DAYS, or until the owner or a change of password or factor ends it",
        erasure="deleted",
        columns={
            "trusted_devices": (
                "id",
                "user_id",
                "token_hash",
                "device",
                "ip",
                "created_at",
                "last_used_at",
                "expires_at",
            ),
        },
    ),
    Processing(
        name="Sessions",
        purpose="Keep them signed in, show them where, end it; count sessions.",
        basis=f"{CONTRACT}; {SECURITY}",
        retention="until it ends, and SESSION_RETENTION_DAYS after that",
        erasure="address, user agent and device emptied; what stays leads to nobody",
        columns={
            "sessions": (
                "id",
                "user_id",
                "created_at",
                "last_used_at",
                "generation",
                "ip",
                "user_agent",
                "device",
                "amr",
                "ended_at",
                "end_reason",
                "end_applied",
            ),
        },
    ),
    Processing(
        name="Audit",
        purpose="Prove what happened to an account, and who did it.",
        basis=f"{SECURITY}; {LAW}, where the law wants such records of a lender",
        retention=(
            "AUDIT_RETENTION_DAYS and until that month is over, a stub of the month for ever; what is "
            "said of people whom nobody knows can be read for AUDIT_UNKNOWN_DAYS; a letter that was "
            "replayed 30 days more"
        ),
        erasure="the person's key is destroyed: address, user agent and data are noise for good",
        columns={
            "audit_log": AUDIT_COLUMNS,
            "dead_letters": (
                "id",
                "partition",
                "stream_id",
                "fields",
                "personal",
                "error",
                "received_at",
                "replayed_at",
            ),
            "person_keys": ("owner", "sealed_key", "created_at", "destroyed_at"),
        },
    ),
    Processing(
        name="Analytics",
        purpose="Count sessions, sign-ins and misuse, so that products get better; about nobody in "
        "particular: people are pseudonyms under a key that is kept apart.",
        basis="Art. 6(1)(f): the legitimate interest in knowing how the service is used; Art. 89(1)",
        retention="as long as the company counts; no address, name or e-mail address is among it",
        erasure="stays, for statistics: once the account is gone its pseudonym leads to nobody",
        columns={
            "analytics.dim_user": ("user_key", "first_seen_at", "mfa_enrolled_at", "is_test"),
            "analytics.fct_auth_events": (
                "event_id",
                "event_name",
                "occurred_at",
                "received_at",
                "user_key",
                "subject_key",
                "session_id",
                "client_key",
                "device_key",
                "geo_key",
                "outcome",
                "reason_code",
                "auth_method",
                "is_foreground",
                "is_test",
                "schema_version",
            ),
            "analytics.fct_sessions": (
                "session_id",
                "user_key",
                "client_key",
                "device_key",
                "geo_key",
                "started_at",
                "last_active_at",
                "ended_at",
                "end_reason",
                "expires_at",
                "auth_method",
                "mfa_used",
                "refresh_count",
                "refresh_background_count",
                "reuse_detected",
                "is_test",
            ),
        },
    ),
    Processing(
        name="Legal holds",
        purpose="Keep what a proceeding or an authority needs, whoever else wants it gone "
        "(Art. 17(3)(b) and (e), Art. 18(2)).",
        basis=f"{LAW}; Art. 6(1)(f): the establishment, exercise or defence of legal claims",
        retention="until the hold is released; the hold itself AUDIT_RETENTION_DAYS after that",
        erasure="waits until the hold is released; then the reason is emptied and the rest as above",
        columns={
            "legal_holds": (
                "id",
                "user_id",
                "reason",
                "placed_by",
                "placed_at",
                "released_by",
                "released_at",
            ),
            "audit_held": (*AUDIT_COLUMNS, "stub"),
            "audit_stubs": ("body",),
        },
    ),
    Processing(
        name="Session analytics: what is added up",
        purpose="Count active users and sign-in flows.",
        basis=SECURITY,
        retention="as long as the facts; of a time zone that nobody asked for in 30 days nothing",
        erasure="stays under a pseudonym that leads to nobody",
        columns={
            "analytics.agg_user_day": (
                "tz",
                "day",
                "user_key",
                "client_key",
                "device_key",
                "geo_key",
                "is_test",
            ),
            "analytics.agg_flow": (
                "subject_key",
                "started_at",
                "last_at",
                "client_key",
                "device_key",
                "geo_key",
                "attempts",
                "password",
                "second_factor",
                "session",
                "is_test",
            ),
        },
    ),
    Processing(
        name="Session analytics: exports",
        purpose="Give analysts files of what is counted, and know who asked for which.",
        basis=SECURITY,
        retention="EXPORT_KEEP_SECONDS after it was made",
        erasure="dropped as soon: people are in it by pseudonyms, who asked for it by an id",
        columns={
            "analytics.export_job": (
                "id",
                "requested_by",
                "asked",
                "format",
                "since",
                "until",
                "requested_at",
                "claimed_at",
                "tries",
                "days_done",
                "ended_at",
                "error",
                "expires_at",
            ),
            "analytics.export_file": ("export_id", "number", "name", "size", "rows", "sha256"),
            "analytics.export_piece": ("export_id", "number", "begin", "body"),
        },
    ),
    Processing(
        name="Webhooks",
        purpose="Tell products of the company what happened to an account they rely on.",
        basis=f"{CONTRACT}; {SECURITY}",
        retention="WEBHOOK_KEEP_DAYS after it happened; nothing when no endpoint is set up",
        erasure="stays as long: an id that leads to nobody, which products need to erase theirs",
        columns={
            "webhook_deliveries": (
                "id",
                "endpoint_id",
                "event_id",
                "type",
                "body",
                "created_at",
                "due_at",
                "tries",
                "delivered_at",
                "failed_at",
                "last_try_at",
                "last_status",
                "last_error",
            ),
        },
    ),
    Processing(
        name="Rights of persons: access",
        purpose="Give people what is held on them (Art. 15 and 20).",
        basis=LAW,
        retention="EXPORT_KEEP_SECONDS after it was made",
        erasure="deleted",
        columns={
            "person_exports": (
                "user_id",
                "id",
                "requested_at",
                "claimed_at",
                "made_at",
                "expires_at",
                "archive",
            ),
        },
    ),
    Processing(
        name="Rights of persons: erasure",
        purpose="Do what was asked for, prove it, and do it again after a backup was restored "
        "(Art. 17 and 5(2)).",
        basis=LAW,
        retention="for ever: an id that leads to nobody",
        erasure="stays; it is the proof",
        columns={
            "erasures": (
                "user_id",
                "requested_at",
                "requested_by",
                "due_at",
                "erased_at",
                "applied",
            ),
        },
    ),
)

IMPERSONAL: Mapping[str, Sequence[str]] = {
    "audit_log": ("prev_hash", "hash"),
    "audit_held": ("prev_hash", "hash"),
    "analytics.pseudonym_key": ("only", "sealed_key"),
    "analytics.dim_device": ("device_key", "browser", "os", "class", "is_bot"),
    "analytics.dim_client": ("client_key", "client"),
    "analytics.dim_geo": ("geo_key", "country"),
    "analytics.dim_reason": ("reason_code", "category"),
    "analytics.dim_date": (
        "day",
        "year",
        "quarter",
        "month",
        "iso_year",
        "iso_week",
        "weekday",
    ),
    "audit_heads": ("partition", "seq", "chained", "hash", "recorded_at"),
    "audit_stubs": ("number", "made_at", "kid", "signature", "delivered_at", "told_at"),
    "audit_checkpoints": ("number", "made_at", "kid", "body", "signature", "delivered_at"),
    "checkpoint_keys": ("kid", "public_key", "private_key", "created_at"),
    "signing_keys": (
        "kid",
        "algorithm",
        "private_key",
        "created_at",
        "retired_at",
        "public_key",
        "signs_from",
        "published_until",
        "used_at",
    ),
    "secret_keys": ("id", "first_used_at"),
    "analytics.agg_zone": ("tz", "asked_at", "built_at"),
    "analytics.agg_active_day": (
        "tz",
        "day",
        "part_by",
        "cell",
        "dau",
        "wau",
        "mau",
        "mfa_enrolled",
        "new_users",
    ),
    "analytics.agg_counts_15m": (
        "cube",
        "part_by",
        "bucket",
        "cell",
        "is_test",
        "is_bot",
        "users",
        "sums",
    ),
    "analytics.agg_moved": ("event_id", "occurred_at"),
    "analytics.agg_concurrency_15m": ("bucket", "open_peak", "open_seconds", "active_users"),
    "analytics.meta_metric": ("name", "version", "unit", "definition", "sql"),
    "analytics.meta_watermark": ("only", "refreshed_at", "closed_through"),
    "webhook_endpoints": (
        "id",
        "url",
        "types",
        "secret",
        "previous_secret",
        "previous_until",
        "created_at",
        "disabled_at",
        "disabled_reason",
        "failing_since",
        "paused_until",
    ),
}
"""Columns that are about nobody."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a key of Redis holds about a person, for how long, and what an erasure does to it."""

    holds: str
    lifetime: str
    erasure: str


IN_REDIS: Mapping[str, Kept] = {
    "session": Kept(
        "user id, address, device, instants",
        "its session's limits and a minute; a tombstone an access token's life and a minute",
        "replaced by a tombstone without any of it",
    ),
    "user": Kept(
        "id, e-mail address, name, roles",
        "five minutes",
        "replaced by a mark without any of it",
    ),
    "challenge": Kept("user id, device", "five minutes", "deleted"),
    "open_challenges": Kept("user id, ids of challenges", "five minutes", "deleted"),
    "passkey_challenge": Kept(
        "a session's id, or a sign-in's",
        "five minutes, or until it is answered",
        "nothing: it leads to nobody",
    ),
    "rate_limit": Kept(
        "digests of address and account that only this service can make; session id",
        "the limit's window",
        "nothing: it shows nobody",
    ),
    "events": Kept(
        "one event each, with address, user agent and device",
        "until a worker has stored it: less than a second; as long as no worker runs",
        "stored under a key that is destroyed",
    ),
}
"""By the functions of `keys` that name them."""

KEYS_ABOUT_NOBODY = frozenset({"partition_of"})

IN_LOGS: Mapping[str, str] = {
    "user_id, session_id, request_id": "they lead to the audit, and once erased to nobody",
    "network": "the /24 of an IPv4 address, the /48 of IPv6",
    "path": "of the request, without its query; no path holds an address or a name",
}
"""Of a line in the log that is about a request. No log holds an address, a name or a user agent."""
