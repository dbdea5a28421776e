from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.access_token import AccessTokens, Claims
from service.domain.errors import ServiceUnavailableError, TokenRevokedError
from service.domain.sessions import EndReason, Origin, Session, SessionPolicy
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
    policy: SessionPolicy
    now_ms: Callable[[], int]
    allow: bool

    async def __call__(self, claims: Claims) -> Caller:
        if not self.allow:
            raise ServiceUnavailableError
        session_id = claims.session_id
        record = await self.recent.get(session_id, lambda: self.records.find(session_id))
        if record is None:
            raise TokenRevokedError
        over = record.end_reason or self._over(record.session, claims)
        if over is not None:
            raise TokenRevokedError(over)
        user = await self.find_user(claims.user_id)
        if user is None:
            raise TokenRevokedError(EndReason.ERASED)
        return Caller(user, record.session, degraded=True)

    def _over(self, session: Session, claims: Claims) -> EndReason | None:
        """Why a session is past a limit; its row lags, but it was in use when the token was made."""
        issued_ms = claims.expires * 1000 - self.policy.access_ms
        return self.policy.over(
            created_ms=session.created_ms,
            last_used_ms=max(session.last_used_ms, issued_ms),
            now_ms=self.now_ms(),
        )


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
        ended = self.revocations.find(claims.session_id)
        if ended is not None:
            raise TokenRevokedError(ended)
        try:
            checked = await self._ask(claims)
            if not checked.known:
                checked = await self._restored(claims, origin)
        except ServiceUnavailableError:
            return await self.without_redis(claims)
        if checked.session is None:
            raise TokenRevokedError(checked.end_reason or "")
        user = checked.user or await self.find_user(claims.user_id)
        if user is None:
            raise TokenRevokedError(EndReason.ERASED)
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
