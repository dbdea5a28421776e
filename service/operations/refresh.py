import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache

from service.domain.errors import (
    AuthError,
    RefreshTokenReusedError,
    ServiceUnavailableError,
    SessionExpiredError,
    SessionRevokedError,
)
from service.domain.refresh_token import RefreshToken, RefreshTokenCodec
from service.domain.sessions import TIMEOUTS, EndReason, Origin, Rotation
from service.operations.find_user import FindUser
from service.operations.restore_session import RestoreSession
from service.operations.tokens import MintTokens, TokenPair
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.session_records import SessionRecords
from service.store.session_replies import Rotated

Admit = Callable[[str], AbstractAsyncContextManager[object]]
"""Counts a refresh of a session (by its id) while the block does it."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Trade a refresh token for the next pair; a lost answer may be asked for again.

    A token that is too old ends its session: either it was stolen or its thief was faster.
    """

    codec: RefreshTokenCodec
    live: LiveSessions
    records: SessionRecords
    restore: RestoreSession
    find_user: FindUser
    mint: MintTokens
    revocations: Revocations

    async def __call__(
        self, text: str, *, tab_state: str, origin: Origin, admit: Admit = nullcontext
    ) -> TokenPair:
        token = self.codec.read(text)
        ended = self.revocations.find(token.session_id)
        if ended is not None:
            raise refusal(ended)
        async with admit(token.session_id):
            return await self._trade(token, tab_state=tab_state, origin=origin)

    async def _trade(self, token: RefreshToken, *, tab_state: str, origin: Origin) -> TokenPair:
        data = _event_data(tab_state)
        rotated = await self._rotate(token, data=data, origin=origin)
        if rotated.outcome is Rotation.ABSENT:
            reason = await self.restore(token.session_id, origin)
            if reason is not None:
                raise refusal(reason)
            rotated = await self._rotate(token, data=data, origin=origin)
        if rotated.outcome is Rotation.REUSED:
            await self.records.end(token.session_id, EndReason.TOKEN_REUSE)
            raise RefreshTokenReusedError(EndReason.TOKEN_REUSE)
        if rotated.end_reason is not None:
            if rotated.end_reason in TIMEOUTS:
                await self.records.end(token.session_id, rotated.end_reason)
            raise refusal(rotated.end_reason)
        if rotated.outcome is Rotation.ABSENT:
            raise ServiceUnavailableError  # emptied again since it was restored: try again
        user = rotated.user or await self.find_user(rotated.user_id)
        if user is None:
            raise SessionRevokedError(EndReason.ERASED)
        return self.mint(
            session_id=token.session_id,
            generation=rotated.generation,
            created_ms=rotated.created_ms,
            amr=rotated.amr,
            user=user,
        )

    def _rotate(self, token: RefreshToken, *, data: str, origin: Origin) -> Awaitable[Rotated]:
        return self.live.rotate(
            token.session_id, generation=token.generation, data=data, origin=origin
        )


@lru_cache(maxsize=8)
def _event_data(tab_state: str) -> str:
    return json.dumps({"tab": tab_state}) if tab_state else ""


def refusal(reason: EndReason) -> AuthError:
    """What a client hears about a session that has ended."""
    if reason in TIMEOUTS:
        return SessionExpiredError(reason)
    if reason is EndReason.TOKEN_REUSE:
        return RefreshTokenReusedError(reason)
    return SessionRevokedError(reason)
