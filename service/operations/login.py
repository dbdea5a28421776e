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
from service.operations.tokens import TokenPair
from service.store.challenges import LIFETIME, Challenge, Challenges
from service.store.event_log import EventLog
from service.store.passkeys import PasskeyRecords
from service.store.password_hasher import PasswordHasher
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
    """Sign in by password. One refusal, in one time, for unknown, disabled and wrong."""

    users: UserRecords
    hasher: PasswordHasher
    challenges: Challenges
    passkeys: PasskeyRecords
    events: EventLog
    open_session: OpenSession
    randomness: Callable[[int], bytes]

    async def __call__(
        self, *, email: str, password: str, device_name: str | None, cookie: bool, origin: Origin
    ) -> TokenPair | SecondFactorNeeded:
        self.open_session.refuse_in_vain()
        account = await self.users.find_by_email(email)
        right = await self.hasher.verify(password, account.password_hash if account else None)
        if account is None or not right or account.disabled_at is not None:
            await self._refuse(account, right=right, origin=origin)
        await self._renew_hash(account, password)
        device = device_name or device_label(origin.user_agent)
        if account.totp_secret is None:
            return await self.open_session(account, amr=("pwd",), device=device, origin=origin)
        challenge_id = make_id(partition_of(account.user.id), self.randomness(RANDOM_BYTES))
        token = await self.challenges.open(
            challenge_id, Challenge(account.user.id, device, cookie), origin
        )
        passkey = ("passkey",) if await self.passkeys.of_user(account.user.id) else ()
        return SecondFactorNeeded(token, (*CODES, *passkey))

    async def _refuse(self, account: Account | None, *, right: bool, origin: Origin) -> NoReturn:
        reason = "unknown_user" if account is None else "disabled" if right else "wrong_password"
        await self.events.append(
            EventType.LOGIN_FAILED,
            origin,
            user_id=account.user.id if account else "",
            reason=reason,
        )
        raise InvalidCredentialsError

    async def _renew_hash(self, account: Account, password: str) -> None:
        stored = account.password_hash
        if stored is not None and self.hasher.is_outdated(stored):
            new = await self.hasher.hash(password)
            await self.users.renew_hash(account.user.id, old=stored, new=new)
