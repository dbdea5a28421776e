from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.errors import (
    RefreshTokenInvalidError,
    TokenExpiredError,
    TokenInvalidError,
    TokenRevokedError,
)
from service.domain.refresh_token import PREFIX, RefreshTokenCodec
from service.domain.sessions import Origin, SessionPolicy
from service.operations.authenticate import Authenticate
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.session_records import SessionRecord, SessionRecords
from service.store.session_replies import Looked

INACTIVE = (TokenExpiredError, TokenInvalidError, TokenRevokedError)


class ActiveToken(NamedTuple):
    """A token that would be taken at this moment. `expires`, `auth_time`: epoch seconds.

    `access` tells access tokens, which open doors, from refresh tokens, which do not; of the latter
    `amr` and `roles` are empty. Roles are those of now.
    """

    access: bool
    user_id: str
    session_id: str
    expires: int
    auth_time: int
    amr: Sequence[str] = ()
    roles: Sequence[str] = ()
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Introspect:
    """Say of a token whether it would be taken, and whose it is; None for any other (RFC 7662).

    One round trip. An access token was used where it came from, so asking about one counts as its use;
    asking about a refresh token changes nothing.
    """

    authenticate: Authenticate
    codec: RefreshTokenCodec
    records: SessionRecords
    live: LiveSessions
    revocations: Revocations
    policy: SessionPolicy
    now_ms: Callable[[], int]

    async def __call__(self, text: str, origin: Origin) -> ActiveToken | None:
        if text.startswith(PREFIX):
            return await self._refresh_token(text)
        try:
            caller = await self.authenticate(text, origin)
        except INACTIVE:
            return None
        claims = self.authenticate.tokens.verify(text, now=self.authenticate.now())
        return ActiveToken(
            access=True,
            user_id=caller.user.id,
            session_id=caller.session.id,
            expires=claims.expires,
            auth_time=claims.auth_time,
            amr=claims.amr,
            roles=caller.user.roles,
            degraded=caller.degraded,
        )

    async def _refresh_token(self, text: str) -> ActiveToken | None:
        try:
            token = self.codec.read(text)
        except RefreshTokenInvalidError:
            return None
        if self.revocations.find(token.session_id) is not None:
            return None
        found = await self.live.look(token.session_id)
        if found is None:
            record = await self.records.find(token.session_id)
            found = self._as_restored(record) if record else None
        if not isinstance(found, Looked) or not found.takes(token.generation):
            return None
        ends_ms = self.policy.expires_ms(
            created_ms=found.created_ms, last_used_ms=found.last_used_ms
        )
        return ActiveToken(
            access=False,
            user_id=found.user_id,
            session_id=token.session_id,
            expires=ends_ms // 1000,
            auth_time=found.created_ms // 1000,
        )

    def _as_restored(self, record: SessionRecord) -> Looked | None:
        """What the session would be if its refresh token were used: Redis has lost it."""
        session = record.session
        over = record.end_reason or self.policy.over(
            created_ms=session.created_ms,
            last_used_ms=session.last_used_ms,
            now_ms=self.now_ms(),
        )
        if over is not None:
            return None
        return Looked(
            session.user_id,
            record.generation,
            record.generation - 1,
            session.created_ms,
            session.last_used_ms,
        )
