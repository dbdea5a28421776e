from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.domain.errors import MfaTokenInvalidError
from service.domain.sessions import Origin
from service.operations.open_session import OpenSession
from service.operations.prove_code import AMR, ProveCode
from service.operations.tokens import TokenPair
from service.operations.trust_device import TrustDevice
from service.store.challenges import Challenges
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A finished sign-in. `cookie`: tokens are the browser's to keep. `device_token`: of this device, if it is trusted from now on."""

    pair: TokenPair
    cookie: bool
    device_token: str = ""


@dataclass(frozen=True, slots=True)
class VerifySecondFactor:
    """Finish a sign-in by a code. A code, and a challenge, is good for exactly one sign-in."""

    challenges: Challenges
    users: UserRecords
    prove_code: ProveCode
    open_session: OpenSession
    trust_device: TrustDevice

    async def __call__(
        self,
        *,
        token: str,
        code: str,
        origin: Origin,
        admit: Callable[[str], Awaitable[None]],
        trust: bool = False,
    ) -> Verified:
        """`admit` may refuse a person's further tries before the code is looked at.

        `trust`: this device need not do it again, if devices may be trusted at all.
        """
        challenge = await self.challenges.attempt(token, origin)
        if challenge is not None:
            await admit(challenge.user_id)
        account = await self.users.find(challenge.user_id) if challenge else None
        if challenge is None or account is None or not challenge.is_of(account):
            raise MfaTokenInvalidError
        method = await self.prove_code(account, code, origin)
        if not await self.challenges.spend(token, method=method, origin=origin):
            raise MfaTokenInvalidError
        device = challenge.device
        pair = await self.open_session(account, amr=AMR[method], device=device, origin=origin)
        trusted = await self.trust_device(account, device, origin) if trust else ""
        return Verified(pair=pair, cookie=challenge.cookie, device_token=trusted)
