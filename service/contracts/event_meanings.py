"""What each event means. docs/events.md prints it; a test fails for a type without a meaning.

Apart from `events`, which every process imports: nothing at run time reads these texts.
"""

from collections.abc import Mapping

from service.contracts.events import EventType, Outcome

MEANINGS: Mapping[EventType, str] = {
    EventType.LOGIN_SUCCEEDED: "somebody signed in, or was signed in and proved it again: `step_up`; `data` has the methods and the device",
    EventType.LOGIN_FAILED: "`unknown_user`, `wrong_password` or `disabled`; `locked`: too many failures before it, not looked at. `locked_until` in `data`: it began a lock",
    EventType.MFA_CHALLENGED: "a password was right and a code is awaited",
    EventType.MFA_SUCCEEDED: "the code was right: `totp` or `recovery_code`",
    EventType.MFA_FAILED: "`wrong_code`; `too_many_tries`, which ends the challenge; `locked`, like `login.failed`",
    EventType.MFA_SETUP_STARTED: "a secret was made; nothing is on yet",
    EventType.MFA_ENABLED: "a first code proved the secret; the factor is on",
    EventType.TOKEN_REFRESHED: "a refresh token was traded for the next generation",
    EventType.TOKEN_REPLAYED: "the same generation was given again: `concurrent` or `lost_response`",
    EventType.TOKEN_RECOVERED: "a token was ahead of Redis, which had lost a write",
    EventType.TOKEN_REUSE_DETECTED: "a token too old came back; its session ended (`token_reuse`)",
    EventType.SESSION_USED: "a session's first request in a quarter of an hour, unless a sign-in or a "
    "refresh in the foreground came first",
    EventType.SESSION_ENDED: "`logout`, `revoked_user` or another reason of `EndReason`",
    EventType.SESSION_EXPIRED: "`idle_timeout` or `absolute_timeout`",
    EventType.SESSION_RESTORED: "Redis had lost the session; it came back from its row",
    EventType.PASSWORD_REFUSED: "a password that was asked for once more was wrong: `erase`, `step_up`, "
    "`disable_2fa`, `recovery_codes`, `password_change`, `email_change`; `locked`, like `login.failed`",
    EventType.USER_CREATED: "an account was made; `import`: of what another system knew",
    EventType.USER_ERASURE_REQUESTED: "by `self`: sessions ended, erased after the grace period",
    EventType.USER_ERASURE_CANCELLED: "an operator took it back in time; the account may sign in",
    EventType.USER_ERASED: "account gone, personal fields unreadable for good: `self`, `operator`",
    EventType.USER_HOLD_PLACED: "a legal hold: nothing of them is destroyed; `actor_id` placed it, "
    "`data` has its number and, sealed, why",
    EventType.USER_HOLD_RELEASED: "that hold is over; what waited for it is done",
    EventType.LIMIT_EXCEEDED: "a rate limit refused; at most once a key and window",
    EventType.EXPORT_REQUESTED: "a person asked for all that is held on them",
    EventType.EXPORT_FETCHED: "the archive was given out to them",
    EventType.AUDIT_EXPORTED: "rows of the audit were given out as `csv` or `ndjson`, or by the "
    "`command_line`; `data` has the filters",
    EventType.AUDIT_SEARCHED: "a page of the audit was asked for, or by an administrator, as `reason` says, people, "
    "somebody's sessions or a session's timeline; `data` has the filters",
    EventType.AUDIT_MONTH_DROPPED: "`retention`: rows of a month are gone but for its stub, whose "
    "number is in `data`; told twice when a worker died between telling and noting it",
    EventType.WEBHOOK_ADDED: "a product will be told of events; `data` has which, and its host",
    EventType.WEBHOOK_REMOVED: "an endpoint was forgotten, and what waited for it",
    EventType.WEBHOOK_ENABLED: "an endpoint is delivered to again, what waited first",
    EventType.WEBHOOK_DISABLED: "it is not any more: `operator`, `gone` (410) or `failing` (3 days)",
    EventType.WEBHOOK_SECRET_ROTATED: "an endpoint's secret was replaced",
    EventType.WEBHOOK_REPLAYED: "deliveries are sent again; `data` has how many",
    EventType.ANALYTICS_SEARCHED: "an analyst looked at sessions row by row; `data` has the filters",
    EventType.ANALYTICS_EXPORTED: "an analyst asked for a `table` or a `query` as files, or somebody "
    "for a table by the `command_line`; `data` says which, of when",
    EventType.ANALYTICS_FETCHED: "a file of an export was given out, to whoever had its link; "
    "`actor_id` asked for the export",
    EventType.ANALYTICS_GRANTED: "a role of PostgreSQL was to be given the views for BI tools, by the "
    "`command_line`; `data` has which; it was refused if it may do more",
    EventType.MFA_DISABLED: "the second factor is off, by its owner",
    EventType.MFA_RECOVERY_CODES_RENEWED: "a new set of recovery codes; the old ones are dead",
    EventType.DEVICE_TRUSTED: "a device may sign in without the second step until its trust ends",
    EventType.DEVICE_REVOKED: "that trust is over: `owner`, or what else ended it: `mfa_change`, `password_change`; `data` has of how many",
    EventType.PASSKEY_ADDED: "a passkey can sign in from now on",
    EventType.PASSKEY_RENAMED: "its owner calls it something else",
    EventType.PASSKEY_REMOVED: "it signs in no more",
    EventType.PASSKEY_REFUSED: "an answer of a passkey was not taken; the reason says why",
    EventType.SESSION_STEPPED_UP: "somebody signed in proved again who they are: a new session replaced theirs; beside its `login.succeeded`, whose reason is `step_up`",
    EventType.SESSION_REFUSED: "a sign-in was right, but the person has as many sessions as they may: `cap`",
    EventType.SESSIONS_REVOKED: "an administrator ended sessions of one person; or of `everybody`, which had `begun`; `data` has how many",
    EventType.PASSWORD_CHANGED: "by its owner, who knew the old one",
    EventType.PASSWORD_RESET_REQUESTED: "a link was asked for and is on its way; `unknown_user`: for an "
    "address that nobody has, or whose account is disabled, so no mail",
    EventType.PASSWORD_RESET: "a new password was set by that link; every session ended",
    EventType.USER_REGISTERED: "somebody signed themselves up: `unverified` has an account, `pending` "
    "has to prove the address first, `taken` is of an address whose owner was written to instead",
    EventType.USER_EMAIL_VERIFIED: "a link proved that the address is theirs: `registration` made the "
    "account",
    EventType.USER_EMAIL_CHANGE_REQUESTED: "a link went to the new address",
    EventType.USER_EMAIL_CHANGED: "that link was followed; the old address was told",
    EventType.USER_RENAMED: "they changed their name",
    EventType.USER_LOCKED: "an administrator shut them out, for a time or until unlocked; `data` has until when",
    EventType.USER_UNLOCKED: "an administrator let them in again; failures are forgotten. By itself: `time_over`",
    EventType.USER_DISABLED: "an administrator closed the account",
    EventType.USER_ENABLED: "an administrator opened it again",
    EventType.USER_ROLES_CHANGED: "an administrator changed what they may do; `data` has the roles",
    EventType.USER_MFA_RESET: "an administrator took the second factor off",
    EventType.KEY_ROTATED: "a new signing key was published; it signs once everybody may know it",
    EventType.KEY_RETIRED: "the private half of a signing key that signs no more was destroyed; `reason`: replaced or leaked",
    EventType.SECRET_RESEALED: "what was sealed under SECRET_KEY_PREVIOUS is sealed under SECRET_KEY; `data` has how much",
    EventType.MAIL_SENT: "a mail server took a mail; `data` has the template",
    EventType.MAIL_FAILED: "a mail was given up; `data` has the template, the reason why",
}
"""Values in code style are the event's reasons."""

OUTCOME_MEANINGS: Mapping[Outcome, str] = {
    Outcome.SUCCESS: "somebody asked and got it",
    Outcome.FAILURE: "refused, or misuse",
    Outcome.NEUTRAL: "nobody asked, or it is not decided yet",
}
"""In the order in which they are explained."""
