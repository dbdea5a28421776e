"""Turning a second factor on: a secret is set up, then proven by a first code."""

from collections.abc import Callable
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain import totp
from service.domain.errors import ConflictError, MfaCodeInvalidError, TokenRevokedError
from service.domain.secrets import Sealer
from service.domain.sessions import Origin
from service.domain.users import Account, User
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True)
class TotpSetup:
    """A secret in base32 and as the URI that a QR code carries."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class SetUpTotp:
    """Make a secret that nothing depends on yet. Raises ConflictError when a factor is on."""

    users: UserRecords
    sealer: Sealer
    events: EventLog
    randomness: Callable[[int], bytes]
    issuer: str

    async def __call__(self, user: User, origin: Origin) -> TotpSetup:
        secret = totp.new_secret(self.randomness)
        sealed = self.sealer.seal(secret.encode(), context=f"totp/{user.id}")
        if not await self.users.set_pending_totp(user.id, sealed):
            raise ConflictError
        await self.events.append(EventType.MFA_SETUP_STARTED, origin, user_id=user.id)
        uri = totp.provisioning_uri(secret, email=user.email, issuer=self.issuer)
        return TotpSetup(secret, uri)


@dataclass(frozen=True, slots=True)
class EnableTotp:
    """Turn a set-up secret on by a first code; the recovery codes, shown this once."""

    users: UserRecords
    live: LiveSessions
    sealer: Sealer
    events: EventLog
    now: Callable[[], float]
    randomness: Callable[[int], bytes]

    async def __call__(self, user: User, code: str, origin: Origin) -> list[str]:
        account = await self.users.find(user.id)
        if account is None:
            raise TokenRevokedError
        if account.totp_pending is None:
            raise ConflictError
        secret = self.sealer.open(account.totp_pending, context=f"totp/{user.id}").decode()
        step = totp.matching_step(secret, code, now=self.now())
        if step is None:
            await self.events.append(
                EventType.MFA_FAILED, origin, user_id=user.id, reason="wrong_code"
            )
            raise MfaCodeInvalidError
        codes = [totp.new_recovery_code(self.randomness) for _ in range(totp.RECOVERY_CODES)]

        async def announce(_: Account) -> None:
            await self.events.append(EventType.MFA_ENABLED, origin, user_id=user.id)

        enabled = await self.users.enable_totp(
            user.id,
            pending=account.totp_pending,
            step=step,
            code_hashes=[digest for text in codes if (digest := totp.recovery_hash(text))],
            announce=announce,
        )
        if enabled is None:
            raise ConflictError
        await self.live.cache_user(enabled)
        return codes
