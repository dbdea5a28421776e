"""A second factor: set up, on by a first code, off, new recovery codes."""

from collections.abc import Callable
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain import totp
from service.domain.errors import (
    ConflictError,
    FieldError,
    MfaCodeInvalidError,
    TokenRevokedError,
    ValidationFailedError,
)
from service.domain.password_policy import PasswordPolicy
from service.domain.secrets import Sealer
from service.domain.sessions import EndReason, Origin
from service.domain.users import Account, User
from service.operations.authenticate import Caller
from service.operations.prove_code import ProveCode
from service.operations.prove_password import ProvePassword
from service.operations.require_fresh import RequireFresh
from service.operations.tell_change import TellChange
from service.operations.throttle import Throttle
from service.operations.trust_device import tell_distrust
from service.store.account_changes import Changed
from service.store.event_log import EventLog
from service.store.second_factors import SecondFactors
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True)
class TotpSetup:
    """A secret in base32 and as the URI that a QR code carries."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class SetUpTotp:
    """Make a secret that nothing depends on yet.

    Raises ConflictError when a factor is on, and StepUpRequiredError.
    """

    users: UserRecords
    sealer: Sealer
    events: EventLog
    require_fresh: RequireFresh
    randomness: Callable[[int], bytes]
    issuer: str

    async def __call__(self, caller: Caller, origin: Origin) -> TotpSetup:
        user = caller.user
        if user.mfa_enabled:
            raise ConflictError
        self.require_fresh(caller)
        secret = totp.new_secret(self.randomness)
        sealed = self.sealer.seal(secret.encode(), context=f"totp/{user.id}")
        if not await self.users.set_pending_totp(user.id, sealed):
            raise ConflictError
        await self.events.append(EventType.MFA_SETUP_STARTED, origin, user_id=user.id)
        uri = totp.provisioning_uri(secret, email=user.email, issuer=self.issuer)
        return TotpSetup(secret, uri)


@dataclass(frozen=True, slots=True)
class EnableTotp:
    """Turn a set-up secret on by a first code; the recovery codes, shown this once.

    Raises ConflictError, MfaCodeInvalidError, AccountLockedError.
    """

    users: UserRecords
    factors: SecondFactors
    sealer: Sealer
    events: EventLog
    throttle: Throttle
    tell_change: TellChange
    now: Callable[[], float]
    randomness: Callable[[int], bytes]

    async def __call__(
        self, caller: Caller, code: str, origin: Origin, *, end_others: bool
    ) -> list[str]:
        user_id = caller.user.id
        account = await self.users.find(user_id)
        if account is None:
            raise TokenRevokedError
        if account.totp_pending is None:
            raise ConflictError
        step = await self._prove(account, account.totp_pending, code, origin)
        codes, hashes = new_codes(self.randomness)

        async def announce(_: Changed) -> None:
            await self.events.append(EventType.MFA_ENABLED, origin, user_id=user_id)

        enabled = await self.factors.enable(
            account,
            step=step,
            code_hashes=hashes,
            keep=caller.session.id if end_others else None,
            announce=announce,
        )
        if enabled is None:
            raise ConflictError
        await self.tell_change(enabled, EndReason.MFA_CHANGE, origin)
        return codes

    async def _prove(self, account: Account, pending: bytes, code: str, origin: Origin) -> int:
        """The step that the code is right for."""
        user, failed = account.user, EventType.MFA_FAILED
        secret = self.sealer.open(pending, context=f"totp/{user.id}").decode()
        async with self.throttle.trying(user.email, origin, failed=failed) as tried:
            step = totp.matching_step(secret, code, now=self.now())
            if step is not None:  # the secret is new: it proves nobody
                await self.throttle.passed(tried, whole=False)
        if step is None:
            data = tried.told()
            await self.events.append(
                failed, origin, user_id=user.id, reason="wrong_code", data=data
            )
            raise MfaCodeInvalidError
        return step


@dataclass(frozen=True, slots=True)
class ChangeTotp:
    """Turn the factor off, or get new recovery codes, by password and code.

    Both prove the caller afresh, whatever the session's age. Raises ConflictError without a factor,
    InvalidCredentialsError, MfaCodeInvalidError, AccountLockedError.
    """

    factors: SecondFactors
    policy: PasswordPolicy
    events: EventLog
    prove_password: ProvePassword
    prove_code: ProveCode
    tell_change: TellChange
    randomness: Callable[[int], bytes]

    async def disable(
        self, caller: Caller, password: str, code: str, origin: Origin, *, end_others: bool
    ) -> None:
        """Off; recovery codes are dead, no device is trusted any more.

        Raises ValidationFailedError for a password that is too short to stand alone.
        """
        user_id, reason = caller.user.id, EndReason.MFA_CHANGE
        account = await self._prove_password(caller.user, password, origin, action="disable_2fa")
        if not self.policy.is_long_enough(password):
            raise ValidationFailedError([FieldError("password", self._too_short())])
        await self._prove_code(account, code, origin)

        async def announce(changed: Changed) -> None:
            await self.events.append(EventType.MFA_DISABLED, origin, user_id=user_id)
            await tell_distrust(self.events, origin, user_id, changed.devices, reason=reason)

        changed = await self.factors.disable(
            account, keep=caller.session.id if end_others else None, announce=announce
        )
        if changed is None:
            raise ConflictError
        await self.tell_change(changed, reason, origin)

    async def renew_codes(
        self, caller: Caller, password: str, code: str, origin: Origin
    ) -> list[str]:
        """A new set, shown this once; the old one is dead."""
        user_id = caller.user.id
        action = "recovery_codes"
        account = await self._prove_password(caller.user, password, origin, action=action)
        await self._prove_code(account, code, origin)
        codes, hashes = new_codes(self.randomness)

        async def announce(_: Account) -> None:
            await self.events.append(EventType.MFA_RECOVERY_CODES_RENEWED, origin, user_id=user_id)

        if not await self.factors.renew_codes(account, hashes, announce=announce):
            raise ConflictError
        return codes

    async def _prove_password(
        self, user: User, password: str, origin: Origin, *, action: str
    ) -> Account:
        account = await self.prove_password(user.id, password, origin, action=action)
        if account.totp_secret is None:
            raise ConflictError
        return account

    async def _prove_code(self, account: Account, code: str, origin: Origin) -> None:
        method, user_id = await self.prove_code(account, code, origin), account.user.id
        await self.events.append(EventType.MFA_SUCCEEDED, origin, user_id=user_id, reason=method)

    def _too_short(self) -> str:
        return (
            "too short to be all that signs you in: "
            f"first change it to one of at least {self.policy.min_length} characters"
        )


def new_codes(randomness: Callable[[int], bytes]) -> tuple[list[str], list[bytes]]:
    """A set of recovery codes, and what is stored of them."""
    codes = [totp.new_recovery_code(randomness) for _ in range(totp.RECOVERY_CODES)]
    return codes, [digest for text in codes if (digest := totp.recovery_hash(text))]
