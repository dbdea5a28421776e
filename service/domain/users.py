"""A person who can sign in."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

EMAIL_MAX = 254
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@.]+")


class Role(StrEnum):
    """What a person may do beyond their own account."""

    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMIN = "admin"


class User(NamedTuple):
    """What any client may know of a person; `created_at` is RFC 3339."""

    id: str
    email: str
    name: str
    roles: Sequence[str]
    mfa_enabled: bool
    created_at: str

    def to_dict(self) -> dict[str, Any]:
        """`user` of API.md."""
        return {
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "roles": list(self.roles),
            "mfa_enabled": self.mfa_enabled,
            "created_at": self.created_at,
        }

    def to_json(self) -> str:
        """What caches hold."""
        return json.dumps(self.to_dict(), separators=(",", ":"))


def user_from_json(text: str) -> User:
    """The inverse of `User.to_json`."""
    raw = json.loads(text)
    return User(**{**raw, "roles": tuple(raw["roles"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person as sign-in needs them. Secrets are sealed; None where there is none.

    `credentials` is another number once their password, factor or address has changed.
    `disabled_at`: since when they may not sign in, disabled or locked.
    """

    user: User
    version: int
    credentials: int
    password_hash: str | None
    totp_secret: bytes | None
    totp_pending: bytes | None
    disabled_at: datetime | None


def email_key(email: str) -> str:
    """Who an address is, however it was typed: NFKC, case-folded, trimmed; its own key."""
    folded = unicodedata.normalize("NFKC", email).casefold()
    return unicodedata.normalize("NFKC", folded).strip()  # folding may undo the normal form


def is_email(text: str) -> bool:
    """Whether a text has the shape of an address; only a message proves that it is one.

    Its key must have that shape too: other forms of `@` and of spaces become plain ones in it.
    """
    return all(
        len(form) <= EMAIL_MAX and form.isprintable() and _EMAIL.fullmatch(form)
        for form in (text.strip(), email_key(text))
    )
