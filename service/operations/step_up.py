"""Proving again who one is: a new session takes the place of the caller's (ASVS 7.2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import MfaCodeInvalidError
from service.domain.sessions import EndReason, Origin
from service.domain.users import Account
from service.operations.authenticate import Caller
from service.operations.end_sessions import EndSessions
from service.operations.open_session import OpenSession
from service.operations.prove_code import AMR, ProveCode
from service.operations.prove_password import ProvePassword
from service.operations.tokens import TokenPair
from service.store.event_log import EventLog


@dataclass(frozen=True, slots=True)
class ReplaceSession:
    """Open a session in place of the caller's, by what they have just proven.

    In SQL both happen at once, so of several at a time one wins and all others get
    TokenRevokedError. From the answer on no token of the old session is taken.
    """

    open_session: OpenSession
    end_sessions: EndSessions

    def refuse_in_vain(self) -> None:
        """Raise ServiceUnavailableError while Redis is known to be away: the old session goes on."""
        self.open_session.refuse_in_vain()

    async def __call__(
        self, caller: Caller, account: Account, *, amr: Sequence[str], origin: Origin
    ) -> TokenPair:
        old = caller.session
        pair = await self.open_session(
            account, amr=amr, device=old.device, origin=origin, replaces=old.id
        )
        await self.end_sessions.tell(account.user.id, [old.id], EndReason.SUPERSEDED, origin)
        return pair


@dataclass(frozen=True, slots=True)
class StepUp:
    """Prove the password again, and with a second factor a code; tokens of a new session.

    Raises InvalidCredentialsError, MfaCodeInvalidError, AccountLockedError.
    """

    prove_password: ProvePassword
    prove_code: ProveCode
    replace_session: ReplaceSession
    events: EventLog

    async def __call__(
        self, caller: Caller, password: str, code: str | None, origin: Origin
    ) -> TokenPair:
        self.replace_session.refuse_in_vain()
        account = await self.prove_password(caller.user.id, password, origin, action="step_up")
        amr: Sequence[str] = ("pwd",)
        if account.totp_secret is not None:
            if code is None:
                raise MfaCodeInvalidError
            method = await self.prove_code(account, code, origin)
            await self.events.append(
                EventType.MFA_SUCCEEDED, origin, user_id=account.user.id, reason=method
            )
            amr = AMR[method]
        return await self.replace_session(caller, account, amr=amr, origin=origin)
