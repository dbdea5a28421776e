from collections.abc import Callable
from dataclasses import dataclass

from service.contracts.keys import PARTITIONS
from service.domain.access_token import AccessTokens
from service.domain.errors import (
    RefreshTokenInvalidError,
    ServiceUnavailableError,
    TokenExpiredError,
    TokenInvalidError,
)
from service.domain.ids import partition_in
from service.domain.refresh_token import PREFIX, RefreshTokenCodec
from service.domain.sessions import EndReason, Origin
from service.operations.end_sessions import EndSessions, LoggedOut
from service.store.live_sessions import LiveSessions
from service.store.session_records import SessionRecords
from service.store.session_replies import Looked

NOTHING_TO_REVOKE = (RefreshTokenInvalidError, TokenExpiredError, TokenInvalidError)


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """End the session of a token, whichever of its tokens it is (RFC 7009 §2.1).

    None for a token that means nothing here, which is no error (§2.2). Raises
    ServiceUnavailableError while the token may still be taken somewhere: asked again, it says so
    until Redis has heard of the end.
    """

    tokens: AccessTokens
    codec: RefreshTokenCodec
    records: SessionRecords
    live: LiveSessions
    end_sessions: EndSessions
    now: Callable[[], float]

    async def __call__(self, text: str, origin: Origin) -> LoggedOut | None:
        session_id = self._session_of(text)
        record = await self.records.find(session_id) if session_id else None
        if record is None:
            return None
        session = record.session
        if record.end_reason is not None:
            applied = not isinstance(await self.live.look(session.id), Looked)
        else:
            applied = await self.end_sessions(
                session.user_id, EndReason.LOGOUT, origin, only=session.id
            )
        if not applied:
            raise ServiceUnavailableError
        return LoggedOut(session.user_id, session.id)

    def _session_of(self, text: str) -> str | None:
        try:
            if text.startswith(PREFIX):
                found = self.codec.read(text).session_id
            else:
                found = self.tokens.verify(text, now=self.now()).session_id
        except NOTHING_TO_REVOKE:
            return None
        return found if partition_in(found, partitions=PARTITIONS) is not None else None
