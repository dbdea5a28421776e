from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain import totp
from service.domain.errors import MfaCodeInvalidError, MfaTokenInvalidError
from service.domain.secrets import Sealer
from service.domain.sessions import Origin
from service.domain.users import Account
from service.operations.open_session import OpenSession
from service.operations.tokens import TokenPair
from service.store.challenges import Challenges
from service.store.event_log import EventLog
from service.store.users import UserRecords

AMR = {"totp": ("pwd", "otp", "mfa"), "recovery_code": ("pwd", "mfa")}
"""RFC 8176 has no value of its own for a recovery code."""


@dataclass(frozen=True, slots=True)
class VerifySecondFactor:
    """Finish a sign-in by a code. A code, and a challenge, is good for exactly one sign-in."""

    challenges: Challenges
    users: UserRecords
    sealer: Sealer
    events: EventLog
    open_session: OpenSession
    now: Callable[[], float]

    async def __call__(
        self,
        *,
        token: str,
        code: str,
        origin: Origin,
        admit: Callable[[str], Awaitable[None]],
    ) -> tuple[TokenPair, bool]:
        """The pair, and whether its refresh token is the browser's to keep. `admit` may refuse a person's further tries before the code is looked at."""
        challenge = await self.challenges.attempt(token, origin)
        if challenge is not None:
            await admit(challenge.user_id)
        account = await self.users.find(challenge.user_id) if challenge else None
        if challenge is None or account is None or account.disabled_at is not None:
            raise MfaTokenInvalidError
        method = await self._spend(account, code)
        if method is None:
            await self.events.append(
                EventType.MFA_FAILED,
                origin,
                user_id=account.user.id,
                reason="wrong_code",
            )
            raise MfaCodeInvalidError
        if not await self.challenges.spend(token, method=method, origin=origin):
            raise MfaTokenInvalidError
        pair = await self.open_session(
            account, amr=AMR[method], device=challenge.device, origin=origin
        )
        return pair, challenge.cookie

    async def _spend(self, account: Account, code: str) -> str | None:
        """Use the code up; the method it belongs to, or None when it is wrong or was used."""
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
