from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import TokenRevokedError
from service.domain.sessions import Origin
from service.domain.users import Account, User
from service.store.account_changes import AccountChanges
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions


@dataclass(frozen=True, slots=True)
class Rename:
    """Be called something else."""

    changes: AccountChanges
    events: EventLog
    live: LiveSessions

    async def __call__(self, user: User, name: str, origin: Origin) -> User:
        async def announce(_: Account) -> None:
            await self.events.append(EventType.USER_RENAMED, origin, user_id=user.id)

        if name == user.name:
            return user
        account = await self.changes.rename(user.id, name, announce=announce)
        if account is None:
            raise TokenRevokedError
        await self.live.cache_user(account)
        return account.user
