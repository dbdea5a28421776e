from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from service.contracts.events import EventType
from service.contracts.keys import partition_of
from service.domain.devices import device_label
from service.domain.errors import InvalidCredentialsError
from service.domain.ids import RANDOM_BYTES, make_id
from service.domain.sessions import Origin
from service.domain.users import Account
from service.operations.open_session import OpenSession
from service.operations.throttle import Throttle
from service.operations.tokens import TokenPair
from service.store.challenges import LIFETIME, Challenge, Challenges
from service.store.event_log import EventLog
from service.store.failures import Attempt
from service.store.passkeys import PasskeyRecords
from service.store.password_hasher import PasswordHasher
from service.store.trusted_devices import TrustedDevices
from service.store.users import UserRecords

CODES = ("totp", "recovery_code")


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded:
    """The password was right; `token` and one of `methods` finish the sign-in within `expires_in` s."""

    token: str
    methods: tuple[str, ...]
    expires_in: int = int(LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True)
class Login:
    """Sign in by password. One refusal, in one time, for unknown, disabled and wrong.

    Raises AccountLockedError after too many of those in a row, for unknown ones too.
    """

    users: UserRecords
    hasher: PasswordHasher
    challenges: Challenges
    passkeys: PasskeyRecords
    events: EventLog
    throttle: Throttle
    trusted: TrustedDevices | None
    open_session: OpenSession
    randomness: Callable[[int], bytes]

    async def __call__(
        self,
        *,
        email: str,
        password: str,
        device_name: str | None,
        cookie: bool,
        origin: Origin,
        device_token: str = "",
    ) -> TokenPair | SecondFactorNeeded:
        """`device_token`: of a trusted device, which the second step is not asked of."""
        self.open_session.refuse_in_vain()
        failed = EventType.LOGIN_FAILED
        async with self.throttle.trying(email, origin, failed=failed) as attempt:
            account = attempt.account
            right = await self.hasher.verify(password, account.password_hash if account else None)
        if account is None or not right or account.disabled_at is not None:
            await self._refuse(attempt, right=right, origin=origin)
        await self._renew_hash(account, password)
        device = device_name or device_label(origin.user_agent)
        whole = account.totp_secret is None or await self._is_trusted(account, device_token)
        await self.throttle.passed(attempt, whole=whole)
        if whole:
            return await self.open_session(account, amr=("pwd",), device=device, origin=origin)
        challenge_id = make_id(partition_of(account.user.id), self.randomness(RANDOM_BYTES))
        token = await self.challenges.open(
            challenge_id, Challenge(account.user.id, device, cookie), origin
        )
        passkey = ("passkey",) if await self.passkeys.of_user(account.user.id) else ()
        return SecondFactorNeeded(token, (*CODES, *passkey))

    async def _is_trusted(self, account: Account, token: str) -> bool:
        if self.trusted is None or not token:
            return False
        return await self.trusted.use(account.user.id, token)

    async def _refuse(self, attempt: Attempt, *, right: bool, origin: Origin) -> NoReturn:
        account = attempt.account
        reason = "unknown_user" if account is None else "disabled" if right else "wrong_password"
        await self.events.append(
            EventType.LOGIN_FAILED,
            origin,
            user_id=account.user.id if account else "",
            reason=reason,
            data=self.throttle.told(attempt),
        )
        raise InvalidCredentialsError

    async def _renew_hash(self, account: Account, password: str) -> None:
        stored = account.password_hash
        if stored is not None and self.hasher.is_outdated(stored):
            new = await self.hasher.hash(password)
            await self.users.renew_hash(account.user.id, old=stored, new=new)
