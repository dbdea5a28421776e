from collections.abc import Callable
from dataclasses import dataclass

from service.domain.access_token import AccessTokens, Claims
from service.domain.errors import ServiceUnavailableError, TokenRevokedError
from service.domain.sessions import Origin, Session
from service.domain.users import User
from service.operations.find_user import FindUser
from service.operations.restore_session import RestoreSession
from service.store.live_sessions import Checked, LiveSessions


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, by which session."""

    user: User
    session: Session


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Who holds this access token, if its session is alive at this moment. One round trip."""

    tokens: AccessTokens
    live: LiveSessions
    restore: RestoreSession
    find_user: FindUser
    now: Callable[[], float]

    async def __call__(self, token: str, origin: Origin) -> Caller:
        claims = self.tokens.verify(token, now=self.now())
        checked = await self._check(claims)
        if checked.session is None and checked.end_reason is None:
            if await self.restore(claims.session_id, origin) is not None:
                raise TokenRevokedError
            checked = await self._check(claims)
            if checked.session is None and checked.end_reason is None:
                raise ServiceUnavailableError  # emptied again since it was restored
        if checked.session is None:
            raise TokenRevokedError
        user = checked.user or await self.find_user(claims.user_id)
        if user is None:
            raise TokenRevokedError
        return Caller(user, checked.session)

    async def _check(self, claims: Claims) -> Checked:
        return await self.live.check(
            claims.session_id, claims.user_id, generation=claims.generation
        )
