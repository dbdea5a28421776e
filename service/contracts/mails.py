"""What the service writes to people: which templates there are, and what each is told.

A mail is put into its table in the transaction of what it tells of, and sent by a worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class MailTemplate(StrEnum):
    """Why somebody is written to."""

    VERIFY_EMAIL = "verify_email"
    ALREADY_REGISTERED = "already_registered"
    RESET_PASSWORD = "reset_password"  # noqa: S105
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    CHANGE_EMAIL = "change_email"
    EMAIL_CHANGED = "email_changed"
    NEW_DEVICE = "new_device"
    TOKEN_REUSE = "token_reuse"  # noqa: S105
    MFA_ENABLED = "mfa_enabled"
    MFA_DISABLED = "mfa_disabled"
    RECOVERY_CODE_USED = "recovery_code_used"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    ACCOUNT_LOCKED = "account_locked"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address. `params` fill the template; `user_id`: whose account it is about,
    empty where there is none yet."""

    template: MailTemplate
    to: str
    user_id: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
