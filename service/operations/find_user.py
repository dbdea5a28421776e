from dataclasses import dataclass

from service.domain.users import User
from service.store.live_sessions import LiveSessions
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True)
class FindUser:
    """The person behind a session whose cached copy is gone: from SQL, and cached again."""

    users: UserRecords
    live: LiveSessions

    async def __call__(self, user_id: str) -> User | None:
        account = await self.users.find(user_id)
        if account is None:
            return None
        await self.live.cache_user(account)
        return account.user
