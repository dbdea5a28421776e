"""What people may ask of what is held on them, and what comes of it (GDPR, Art. 15, 17 and 20).

docs/privacy.md prints these texts; change them with the operations that they describe.
"""

from collections.abc import Sequence

ACCESS = (
    "`GET /api/auth/me/export` with their access token. 202 with a job (`id`, `status`, "
    "`requested_at`) until a worker has made it, within seconds (minutes, where one died over "
    "it); ask again at the same place as `Retry-After` says. Then 200 with the archive, JSON, "
    "the same for `EXPORT_KEEP_SECONDS`. It is kept sealed under the person's key. Asking and "
    "every giving out is in the audit (`export.requested`, `export.fetched`). What has just "
    "happened and is not yet stored comes into the next one."
)
"""How people get all that is held on them."""

ACCESS_BY_OPERATOR = (
    "For somebody who cannot sign in, an operator exports what the audit holds with "
    "`inphora-auth audit export --user ID`; account and sessions are in the tables."
)
"""For people who cannot sign in."""

ERASURE = (
    "`DELETE /api/auth/me` with access token and password: the password is the consent. 202 "
    "with `status` (`erased` or `scheduled`) and `erase_at`. Or `inphora-auth erase-user "
    "EMAIL` by an operator, at once; the last admin only with `--last-admin`."
)
"""How an erasure is asked for."""

GRACE = (
    "With `ERASURE_GRACE_SECONDS` the sessions end and nobody can sign in from the answer on; "
    "the erasure follows when that time is over. Until then `inphora-auth erase-user --cancel "
    "EMAIL` takes it back; a sign-in does not, and is refused as with a wrong password. "
    "Without it, from the answer on:"
)
"""When it is done."""

ERASED: Sequence[str] = (
    (
        "One transaction has deleted account, proofs of identity and archive, emptied the "
        "sessions' address, user agent and device, ended them (`erased`), and destroyed the "
        "person's key."
    ),
    (
        "Redis has tombstones instead of sessions, and no copy of the person. When Redis is away "
        "the workers do that once it is back."
    ),
    (
        "The audit has `user.erased`, by the user id alone. What was personal in it is noise, "
        "also what was still on its way; every hash holds, and `audit verify` says so."
    ),
    "Numbers stay: how many sessions, how long, how they ended.",
)
"""What an erasure has done."""

HELD = (
    "Who is under a legal hold (`inphora-auth hold`, [operations](operations.md#legal-holds)) "
    "cannot be erased: Art. 17(3)(b) and (e) say so. The answer is the same 202, and they are "
    "signed out and can sign in no more. Everything else is kept as it is until the last hold "
    "is released; then a worker erases them by itself, within seconds. Kept no longer by a "
    "hold is what only guards a sign-in and expires by itself: failures in a row, trusted "
    "devices, links that were mailed; that each was made, used or ended stands in the audit, "
    "which is held. The answer does not tell of the hold, nor do their archive's events: "
    "where the law wants them told that their wish has to wait (Art. 12(4)), or forbids it, "
    "is for the controller to know."
)
"""What a legal hold does to an erasure."""

LEFT_TO_OPERATOR: Sequence[str] = (
    (
        "**What administrators searched for** stands in the audit: how an address or a name began "
        "can be read there for `AUDIT_UNKNOWN_DAYS`."
    ),
    (
        "**Backups** of PostgreSQL hold account and key until the last one from before is gone. "
        "After restoring one, erase again whom it brought back: keep `select user_id from "
        "erasures where erased_at is not null` with the backups."
    ),
    "**PostgreSQL** keeps deleted rows in its files until vacuum, and in its write-ahead log.",
    (
        "**Redis** keeps deleted values in its append-only file until it is rewritten "
        "(`BGREWRITEAOF`)."
    ),
    (
        "**PostgreSQL's and Redis' own logs** may quote what they were sent: `log_statement`, "
        "`log_min_duration_statement`, and `SLOWLOG`, which Redis keeps by default (`SLOWLOG "
        "RESET`)."
    ),
    (
        "**Files of an export**: what `audit export` wrote, and what the person saved, are out of "
        "reach."
    ),
    (
        "**Failed sign-ins** with an address that has no account, and refusals by a limit before "
        "anybody signed in, are about nobody known; where they came from can be read until "
        "`AUDIT_UNKNOWN_DAYS` are over."
    ),
    (
        "**Other services** that keep the user id know nobody by it any more; what else they hold "
        "is theirs to erase."
    ),
    "**Proxies and platforms** in front of the service may write logs of their own.",
)
"""What no erasure of ours reaches."""
