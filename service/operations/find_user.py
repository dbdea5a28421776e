from contextlib import suppress
from dataclasses import dataclass

from service.domain.errors import ServiceUnavailableError
from service.domain.users import User
from service.store.cache import Cache
from service.store.live_sessions import LiveSessions
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True)
class FindUser:
    """The person behind a session whose cached copy is gone: from SQL, and cached again.

    Many requests of one person at once are one query.
    """

    users: UserRecords
    live: LiveSessions
    recent: Cache[User]

    async def __call__(self, user_id: str) -> User | None:
        return await self.recent.get(user_id, lambda: self._load(user_id), tags=[user_id])

    async def _load(self, user_id: str) -> User | None:
        account = await self.users.find(user_id)
        if account is None:
            return None
        with suppress(ServiceUnavailableError):  # Redis is away: only SQL is asked, and that worked
            await self.live.cache_user(account)
        return account.user
