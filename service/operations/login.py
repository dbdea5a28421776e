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
from service.operations.throttle import Throttle, Try
from service.operations.tokens import TokenPair
from service.store.challenges import LIFETIME, Challenge, Challenges
from service.store.event_log import EventLog
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
        async with self.throttle.trying(email, origin, failed=failed) as tried:
            account = tried.account
            right = await self.hasher.verify(password, account.password_hash if account else None)
            known = account if right and account and account.disabled_at is None else None
            whole = known is not None and await self._is_whole(known, device_token)
            if known is not None:
                await self.throttle.passed(tried, whole=whole)
        if known is None:
            await self._refuse(tried, right=right, origin=origin)
        await self._renew_hash(known, password)
        device = device_name or device_label(origin.user_agent)
        if whole:
            return await self.open_session(known, amr=("pwd",), device=device, origin=origin)
        challenge_id = make_id(partition_of(known.user.id), self.randomness(RANDOM_BYTES))
        token = await self.challenges.open(
            challenge_id, Challenge(known.user.id, known.credentials, device, cookie), origin
        )
        passkey = ("passkey",) if await self.passkeys.of_user(known.user.id) else ()
        return SecondFactorNeeded(token, (*CODES, *passkey))

    async def _is_whole(self, account: Account, token: str) -> bool:
        """Whether the password is all that it takes: without a second factor, or on a trusted device."""
        if account.totp_secret is None:
            return True
        if self.trusted is None or not token:
            return False
        return await self.trusted.use(account.user.id, token)

    async def _refuse(self, tried: Try, *, right: bool, origin: Origin) -> NoReturn:
        account = tried.account
        reason = "unknown_user" if account is None else "disabled" if right else "wrong_password"
        await self.events.append(
            EventType.LOGIN_FAILED,
            origin,
            user_id=account.user.id if account else "",
            reason=reason,
            data=tried.told(),
        )
        raise InvalidCredentialsError

    async def _renew_hash(self, account: Account, password: str) -> None:
        stored = account.password_hash
        if stored is not None and self.hasher.is_outdated(stored):
            new = await self.hasher.hash(password)
            await self.users.renew_hash(account.user.id, old=stored, new=new)
