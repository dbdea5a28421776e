"""Which signing key signs when, and which are published: decided by the clock alone.

Every key has its whole life written down when it is made or replaced, so that processes agree
without speaking to each other, and go on changing keys while SQL is away.

    published … lead … signs … replaced: signs no more … tail … published no more
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from service.domain.signing_key import SigningKey, VerifyingKey

JWKS_CACHED = timedelta(minutes=5)
"""What /.well-known/jwks.json allows; twice, as one who caches may ask one who caches."""
RELOADED_EVERY = timedelta(minutes=1)
SKEW = timedelta(minutes=1)
LEAD = 2 * JWKS_CACHED + RELOADED_EVERY + SKEW
"""How long a key is published before it signs."""
MARGIN = 2 * RELOADED_EVERY + SKEW
"""How late a process may learn that a key signs no more."""


def tail(access_ttl: timedelta) -> timedelta:
    """How long a key stays published after it was replaced: until its last token has ended."""
    return access_ttl + MARGIN


class KeyState(StrEnum):
    """NEXT: published, signs later. RETIRING: signs no more, published. RETIRED: neither."""

    NEXT = "next"
    CURRENT = "current"
    RETIRING = "retiring"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """A key and its life, in epoch milliseconds; None: not decided yet, or never.

    `key` is a SigningKey as long as it may sign.
    """

    key: VerifyingKey
    created_ms: int
    signs_from_ms: int
    retired_ms: int | None = None
    published_until_ms: int | None = None
    used_ms: int | None = None

    def state(self, now_ms: int) -> KeyState:
        """What it is at an instant."""
        if self.published_until_ms is not None and now_ms >= self.published_until_ms:
            return KeyState.RETIRED
        if self.retired_ms is not None and now_ms >= self.retired_ms:
            return KeyState.RETIRING
        return KeyState.CURRENT if now_ms >= self.signs_from_ms else KeyState.NEXT


def arranged(keys: Sequence[RingKey], now_ms: int) -> list[VerifyingKey]:
    """The keys to publish, the one that signs first; nothing when none can sign."""
    published = sorted(
        (one for one in keys if one.state(now_ms) is not KeyState.RETIRED),
        key=lambda one: one.signs_from_ms,
        reverse=True,
    )
    able = [one for one in published if isinstance(one.key, SigningKey)]
    due = [one for one in able if one.state(now_ms) is KeyState.CURRENT]
    begun = [one for one in able if one.signs_from_ms <= now_ms]
    # By a clock that is behind, the first key of all has not begun yet: it signs all the same.
    signers = due or begun or able[-1:]
    return [
        *(one.key for one in signers[:1]),
        *(one.key for one in published if signers and one is not signers[0]),
    ]
