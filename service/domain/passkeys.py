"""A passkey, and what may be asked of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

CHALLENGE_LIFETIME = timedelta(minutes=5)
CHALLENGE_BYTES = 32
MAX_PASSKEYS = 20
"""A person may have so many."""

NAME_MAX = 64


class Purpose(StrEnum):
    """What a challenge is for; its answer is good for nothing else."""

    ADD = "add"
    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"
    STEP_UP = "step_up"

    @property
    def wants_verification(self) -> bool:
        """Whether the passkey has to stand alone: then its owner shows a PIN or a finger, too."""
        return self is not Purpose.SECOND_FACTOR


class Refusal(StrEnum):
    """Why an answer was not taken: for the audit only. Whoever sent it hears one word for all."""

    CHALLENGE = "challenge"
    ORIGIN = "origin"
    CROSS_ORIGIN = "cross_origin"
    RP_ID = "rp_id"
    USER_VERIFICATION = "user_verification"
    UNKNOWN = "unknown_passkey"
    NOT_OWNER = "not_owner"
    BACKUP = "backup_eligibility"
    INVALID = "invalid"
    COUNTER = "counter"
    DISABLED = "disabled"


class PasskeyRefusedError(Exception):
    """An answer is not what its challenge asked for."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A key that was just made. `public_key` is in COSE form; `sign_count` 0: it does not count."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]
    aaguid: str
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey(NewPasskey):
    """One that can sign in. Instants are epoch milliseconds."""

    id: str
    user_id: str
    name: str
    created_ms: int
    last_used_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What a browser answers when a passkey was made."""

    credential_id: bytes
    client_data: bytes
    attestation_object: bytes
    transports: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a browser answers when a passkey was used."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a right assertion says of the passkey's state."""

    sign_count: int
    backed_up: bool


def user_handle(user_id: str) -> bytes:
    """How authenticators name a person: says nothing about them (WebAuthn §14.6.1)."""
    return UUID(user_id).bytes


def methods(passkey: NewPasskey) -> tuple[str, ...]:
    """RFC 8176: a key that can be copied to other devices is software's, any other is hardware's.

    Whoever used it was there.
    """
    return ("swk" if passkey.backup_eligible else "hwk", "user")
