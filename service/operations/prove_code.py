from collections.abc import Callable
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain import totp
from service.domain.errors import MfaCodeInvalidError
from service.domain.secrets import Sealer
from service.domain.sessions import Origin
from service.domain.users import Account
from service.operations.throttle import Throttle
from service.store.event_log import EventLog
from service.store.users import UserRecords

AMR = {"totp": ("pwd", "otp", "mfa"), "recovery_code": ("pwd", "mfa")}
"""What a password and a code prove. RFC 8176 has no value of its own for a recovery code."""


@dataclass(frozen=True, slots=True)
class ProveCode:
    """Somebody who showed their password shows a code besides; no code is taken twice, anywhere.

    Raises MfaCodeInvalidError, and AccountLockedError after too many failures in a row.
    """

    users: UserRecords
    sealer: Sealer
    events: EventLog
    throttle: Throttle
    now: Callable[[], float]

    async def __call__(self, account: Account, code: str, origin: Origin) -> str:
        """The method that the code, now used up, belongs to: `totp` or `recovery_code`."""
        failed = EventType.MFA_FAILED
        async with self.throttle.trying(account.user.email, origin, failed=failed) as tried:
            method = await self._spend(account, code)
            if method is not None:
                await self.throttle.passed(tried, whole=True)
        if method is None:
            await self.events.append(
                failed, origin, user_id=account.user.id, reason="wrong_code", data=tried.told()
            )
            raise MfaCodeInvalidError
        return method

    async def _spend(self, account: Account, code: str) -> str | None:
        if account.totp_secret is None:
            return None
        secret = self.sealer.open(account.totp_secret, context=f"totp/{account.user.id}").decode()
        step = totp.matching_step(secret, code, now=self.now())
        if step is not None and await self.users.spend_step(account.user.id, step):
            return "totp"
        code_hash = totp.recovery_hash(code)
        if code_hash and await self.users.spend_recovery_code(account.user.id, code_hash):
            return "recovery_code"
        return None
