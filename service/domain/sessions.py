"""A session and the rules of its life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

REPLAY_CAP = 10
"""How often one generation may be given out again because its answer was lost."""

MILLISECOND = timedelta(milliseconds=1)


class EndReason(StrEnum):
    """Why a session is no more.

    SUPERSEDED: a step-up opened another in its place. ABORTED: a sign-in whose answer could never
    be sent.
    """

    LOGOUT = "logout"
    IDLE_TIMEOUT = "idle_timeout"
    ABSOLUTE_TIMEOUT = "absolute_timeout"
    REVOKED_USER = "revoked_user"
    REVOKED_ADMIN = "revoked_admin"
    TOKEN_REUSE = "token_reuse"  # noqa: S105
    PASSWORD_CHANGE = "password_change"  # noqa: S105
    EVICTED = "evicted"
    ERASED = "erased"
    SUPERSEDED = "superseded"
    MFA_CHANGE = "mfa_change"
    EMAIL_CHANGE = "email_change"
    ACCOUNT_DISABLED = "account_disabled"
    ABORTED = "aborted"


TIMEOUTS = frozenset({EndReason.IDLE_TIMEOUT, EndReason.ABSOLUTE_TIMEOUT})


class Rotation(StrEnum):
    """What became of a refresh token; the outcomes of `refresh_rotate.lua`."""

    ROTATED = "rotated"
    REPLAYED = "replayed"
    RECOVERED = "recovered"
    REUSED = "reused"
    ENDED = "ended"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class SessionPolicy:
    """How long things live. A replay window of zero refuses every second use of a token."""

    access_ttl: timedelta
    idle_ttl: timedelta
    max_ttl: timedelta
    replay_window: timedelta

    @cached_property
    def access_ms(self) -> int:
        """`access_ttl` in milliseconds, as the two below."""
        return self.access_ttl // MILLISECOND

    @cached_property
    def idle_ms(self) -> int:
        return self.idle_ttl // MILLISECOND

    @cached_property
    def max_ms(self) -> int:
        return self.max_ttl // MILLISECOND

    def over(self, *, created_ms: int, last_used_ms: int, now_ms: int) -> EndReason | None:
        """Why a session must be over by now, or None while it may live."""
        if now_ms >= created_ms + self.max_ms:
            return EndReason.ABSOLUTE_TIMEOUT
        if now_ms >= last_used_ms + self.idle_ms:
            return EndReason.IDLE_TIMEOUT
        return None

    def expires_ms(self, *, created_ms: int, last_used_ms: int) -> int:
        """When the session ends if it is never used again, in epoch milliseconds."""
        return min(created_ms + self.max_ms, last_used_ms + self.idle_ms)


class SessionCap(NamedTuple):
    """How many sessions a person may have; 0 is no limit. One more evicts the one that was not used
    for longest, or is refused.
    """

    most: int = 0
    refuse: bool = False


class Session(NamedTuple):
    """A session as its owner sees it. Instants are epoch milliseconds."""

    id: str
    user_id: str
    created_ms: int
    last_used_ms: int
    ip: str
    device: str
    amr: Sequence[str]


class Origin(NamedTuple):
    """Where a request came from, for the audit.

    `device_proof`: what the browser keeps since somebody signed in there, not yet verified.
    `session_id`: the session by which it was made, verified. Either lets failures be counted apart.
    """

    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    device_proof: str = ""
    session_id: str = ""

    def fields(self) -> dict[str, str]:
        """As the scripts take it."""
        return {"ip": self.ip, "user_agent": self.user_agent, "request_id": self.request_id}
