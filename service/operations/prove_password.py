from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import InvalidCredentialsError, TokenRevokedError
from service.domain.sessions import Origin
from service.domain.users import Account
from service.operations.throttle import Throttle
from service.store.event_log import EventLog
from service.store.password_hasher import PasswordHasher
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True)
class ProvePassword:
    """Somebody signed in shows their password once more.

    Raises InvalidCredentialsError, and AccountLockedError after too many failures in a row.
    """

    users: UserRecords
    hasher: PasswordHasher
    events: EventLog
    throttle: Throttle

    async def __call__(
        self, user_id: str, password: str, origin: Origin, *, action: str
    ) -> Account:
        """Their account as of now; `action` is what they want, for the audit."""
        account = await self.users.find(user_id)
        if account is None:
            raise TokenRevokedError
        failed = EventType.PASSWORD_REFUSED
        async with self.throttle.trying(account.user.email, origin, failed=failed) as tried:
            if right := await self.hasher.verify(password, account.password_hash):
                await self.throttle.passed(tried, whole=account.totp_secret is None)
        if not right:
            data = tried.told()
            await self.events.append(failed, origin, user_id=user_id, reason=action, data=data)
            raise InvalidCredentialsError
        return account
