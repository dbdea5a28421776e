"""The pair of tokens that every way of signing in ends with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.access_token import AccessTokens, Claims
from service.domain.refresh_token import RefreshToken, RefreshTokenCodec
from service.domain.sessions import SessionPolicy
from service.domain.users import User


class TokenPair(NamedTuple):
    """An access token, the refresh token of the same generation, and whose they are.

    `expires_in` and `refresh_expires_in` are seconds.
    """

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    session_id: str
    user: User


@dataclass(frozen=True, slots=True)
class MintTokens:
    """Writes a session's tokens. No token outlives its session."""

    access: AccessTokens
    refresh: RefreshTokenCodec
    policy: SessionPolicy
    now_ms: Callable[[], int]

    def __call__(
        self,
        *,
        session_id: str,
        generation: int,
        created_ms: int,
        amr: Sequence[str],
        user: User,
    ) -> TokenPair:
        now_ms = self.now_ms()
        ends_ms = self.policy.expires_ms(created_ms=created_ms, last_used_ms=now_ms)
        left = max(ends_ms - now_ms, 0) // 1000
        lifetime = min(self.policy.access_ms // 1000, left)
        issued = now_ms // 1000
        claims = Claims(
            user_id=user.id,
            session_id=session_id,
            generation=generation,
            auth_time=created_ms // 1000,
            expires=issued + lifetime,
            amr=amr,
            roles=user.roles,
        )
        return TokenPair(
            access_token=self.access.sign(claims, issued=issued),
            expires_in=lifetime,
            refresh_token=self.refresh.write(RefreshToken(session_id, generation)),
            refresh_expires_in=left,
            session_id=session_id,
            user=user,
        )
