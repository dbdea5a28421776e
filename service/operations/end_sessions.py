"""Signing out. SQL first, then Redis, then the answer: nothing brings an ended session back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from service.contracts.keys import PARTITIONS
from service.domain.access_token import AccessTokens
from service.domain.errors import (
    AuthError,
    NotFoundError,
    RefreshTokenInvalidError,
    ServiceUnavailableError,
    TokenExpiredError,
    TokenInvalidError,
    TokenMissingError,
    TokenRevokedError,
)
from service.domain.ids import partition_in
from service.domain.refresh_token import RefreshTokenCodec
from service.domain.sessions import EndReason, Origin
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.session_records import SessionRecords

NOT_TAKEN = (RefreshTokenInvalidError, TokenExpiredError, TokenInvalidError, TokenRevokedError)


class Scope(StrEnum):
    """Which sessions a logout ends: the caller's, all but the caller's, or all."""

    LOCAL = "local"
    OTHERS = "others"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class EndSessions:
    """End some of a person's sessions. False: committed, and Redis will hear of it later."""

    records: SessionRecords
    live: LiveSessions
    revocations: Revocations

    async def __call__(
        self,
        user_id: str,
        reason: EndReason,
        origin: Origin,
        *,
        only: str | None = None,
        keep: str | None = None,
    ) -> bool:
        ended = await self.records.end_of_user(user_id, reason, only=only, keep=keep)
        return await self.tell(user_id, ended, reason, origin)

    async def tell(
        self, user_id: str, ended: Sequence[str], reason: EndReason, origin: Origin
    ) -> bool:
        """Let everybody know of sessions that have ended in SQL."""
        for session_id in ended:
            self.revocations.add(session_id, reason)
        try:
            await self.live.end(user_id, ended, reason, origin)
        except ServiceUnavailableError:
            return False  # the rows say so; the workers apply them when Redis is back
        return True


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Who signed out. `applied` is False while Redis has not heard of it."""

    user_id: str
    session_id: str
    applied: bool = True


@dataclass(frozen=True, slots=True)
class Logout:
    """Sign out by an access token, by a refresh token of any generation, or by both.

    Both may be of different sessions, as when somebody has signed in in another tab since: then both
    end, and `others` keeps the one that can be refreshed. An access token that is not taken does not
    matter beside a refresh token that is; the other way round only for one that the browser kept.
    """

    tokens: AccessTokens
    codec: RefreshTokenCodec
    records: SessionRecords
    end_sessions: EndSessions
    now: Callable[[], float]

    async def __call__(
        self,
        access_token: str | None,
        refresh_token: str | None,
        scope: Scope,
        origin: Origin,
        *,
        kept: bool = False,
    ) -> LoggedOut:
        """`kept`: the refresh token is the browser's cookie. Raises what is wrong with the first."""
        gone: list[LoggedOut] = []
        refused: list[AuthError] = []
        for token, sign_out in (
            (refresh_token, self._by_refresh_token),
            (access_token, self._by_access_token),
        ):
            if token is None or (gone and scope is Scope.OTHERS):
                continue
            try:
                gone.append(await sign_out(token, scope, origin))
            except NOT_TAKEN as error:
                if token is refresh_token and not kept:
                    raise
                refused.append(error)
        if not gone:
            raise refused[0] if refused else TokenMissingError
        return replace(gone[0], applied=all(one.applied for one in gone))

    async def _by_access_token(self, token: str, scope: Scope, origin: Origin) -> LoggedOut:
        """Raises TokenRevokedError when the session had ended before."""
        session_id = self.tokens.verify(token, now=self.now()).session_id
        record = await self.records.find(session_id)
        if record is None:
            raise TokenRevokedError
        if record.end_reason is not None:
            raise TokenRevokedError(record.end_reason)
        return await self._end(record.session.user_id, session_id, scope, origin)

    async def _by_refresh_token(self, text: str, scope: Scope, origin: Origin) -> LoggedOut:
        """Signing out twice is signing out; an ended session has no say over others."""
        session_id = self.codec.read(text).session_id
        record = await self.records.find(session_id)
        if record is None or (record.end_reason is not None and scope is not Scope.LOCAL):
            raise RefreshTokenInvalidError
        if record.end_reason is not None:
            return LoggedOut(record.session.user_id, session_id)
        return await self._end(record.session.user_id, session_id, scope, origin)

    async def _end(self, user_id: str, session_id: str, scope: Scope, origin: Origin) -> LoggedOut:
        applied = True
        if scope is not Scope.OTHERS:
            applied = await self.end_sessions(user_id, EndReason.LOGOUT, origin, only=session_id)
        if scope is not Scope.LOCAL:
            others = await self.end_sessions(
                user_id, EndReason.REVOKED_USER, origin, keep=session_id
            )
            applied = applied and others
        return LoggedOut(user_id, session_id, applied)


@dataclass(frozen=True, slots=True)
class EndOneSession:
    """End one of one's own sessions from another. Raises NotFoundError."""

    records: SessionRecords
    end_sessions: EndSessions

    async def __call__(self, user_id: str, session_id: str, origin: Origin) -> bool:
        if partition_in(session_id, partitions=PARTITIONS) is None:
            raise NotFoundError
        record = await self.records.find(session_id)
        if record is None or record.session.user_id != user_id or record.end_reason is not None:
            raise NotFoundError
        return await self.end_sessions(user_id, EndReason.REVOKED_USER, origin, only=session_id)
