from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.access_token import AccessTokens, Claims
from service.domain.errors import ServiceUnavailableError, TokenRevokedError
from service.domain.sessions import Origin, Session
from service.domain.users import User
from service.operations.find_user import FindUser
from service.operations.restore_session import RestoreSession
from service.store.cache import Cache
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.session_records import SessionRecord, SessionRecords
from service.store.session_replies import Checked


class Caller(NamedTuple):
    """Who is asking, by which session. `degraded`: as far as could be told without Redis."""

    user: User
    session: Session
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class WithoutRedis:
    """Who holds a verified token, by SQL, while Redis cannot be asked.

    A session's end is known from the process's copy of recent ends at once, from SQL as old as the
    cache is. `allow` is off where no answer is better than one that may be a moment old.
    """

    records: SessionRecords
    find_user: FindUser
    recent: Cache[SessionRecord]
    allow: bool

    async def __call__(self, claims: Claims) -> Caller:
        if not self.allow:
            raise ServiceUnavailableError
        session_id = claims.session_id
        record = await self.recent.get(session_id, lambda: self.records.find(session_id))
        if record is None or record.end_reason is not None:
            raise TokenRevokedError
        user = await self.find_user(claims.user_id)
        if user is None:
            raise TokenRevokedError
        return Caller(user, record.session, degraded=True)


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Who holds this access token, if its session is alive at this moment. One round trip."""

    tokens: AccessTokens
    live: LiveSessions
    revocations: Revocations
    restore: RestoreSession
    find_user: FindUser
    without_redis: WithoutRedis
    now: Callable[[], float]

    async def __call__(self, token: str, origin: Origin) -> Caller:
        claims = self.tokens.verify(token, now=self.now())
        if self.revocations.find(claims.session_id) is not None:
            raise TokenRevokedError
        try:
            checked = await self._ask(claims)
            if not checked.known:
                checked = await self._restored(claims, origin)
        except ServiceUnavailableError:
            return await self.without_redis(claims)
        if checked.session is None:
            raise TokenRevokedError
        user = checked.user or await self.find_user(claims.user_id)
        if user is None:
            raise TokenRevokedError
        return Caller(user, checked.session)

    def _ask(self, claims: Claims) -> Awaitable[Checked]:
        return self.live.check(claims.session_id, claims.user_id, generation=claims.generation)

    async def _restored(self, claims: Claims, origin: Origin) -> Checked:
        """Bring back the session that Redis has lost, and ask once more."""
        reason = await self.restore(claims.session_id, origin)
        if reason is not None:
            return Checked(end_reason=reason)
        checked = await self._ask(claims)
        if not checked.known:
            raise ServiceUnavailableError  # emptied again since it was restored
        return checked
