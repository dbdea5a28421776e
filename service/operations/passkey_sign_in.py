"""Signing in by a passkey: alone, as a second factor, and once more while signed in.

Options say what a browser is to ask for; the answer to them comes with the next request.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from service.domain.devices import device_label
from service.domain.errors import (
    ConflictError,
    InvalidCredentialsError,
    MfaTokenInvalidError,
    PasskeyInvalidError,
)
from service.domain.passkeys import Assertion, Passkey, Purpose, methods
from service.domain.sessions import Origin
from service.operations.authenticate import Caller
from service.operations.open_session import OpenSession
from service.operations.prove_passkey import ProvePasskey
from service.operations.step_up import ReplaceSession
from service.operations.throttle import Throttle
from service.operations.tokens import TokenPair
from service.store.challenges import Challenges


@dataclass(frozen=True, slots=True)
class SignInByPasskey:
    """Whoever the passkey says it is; its authenticator has seen a PIN or a finger."""

    prove: ProvePasskey
    open_session: OpenSession

    async def options(self) -> dict[str, Any]:
        self.open_session.refuse_in_vain()
        challenge = await self.prove.challenges.ask(Purpose.SIGN_IN)
        return self.prove.party.request_options(challenge, verified=True)

    async def __call__(
        self, shown: Assertion, *, device_name: str | None, origin: Origin
    ) -> TokenPair:
        """Raises PasskeyInvalidError, also for a disabled account."""
        self.open_session.refuse_in_vain()
        proven = await self.prove(shown, Purpose.SIGN_IN, origin)
        device = device_name or device_label(origin.user_agent)
        amr = (*methods(proven.passkey), "mfa")
        try:
            return await self.open_session(proven.account, amr=amr, device=device, origin=origin)
        except InvalidCredentialsError as gone:  # disabled or erased at this moment
            raise PasskeyInvalidError from gone


@dataclass(frozen=True, slots=True)
class SecondFactorByPasskey:
    """Finish a sign-in by password. Raises MfaTokenInvalidError."""

    prove: ProvePasskey
    sign_ins: Challenges
    throttle: Throttle
    open_session: OpenSession

    async def options(self, token: str) -> dict[str, Any]:
        """Raises ConflictError when the person has no passkey."""
        user_id = await self.sign_ins.find_user(token)
        if user_id is None:
            raise MfaTokenInvalidError
        held = await _held(self.prove, user_id)
        challenge = await self.prove.challenges.ask(Purpose.SECOND_FACTOR, token)
        return self.prove.party.request_options(challenge, held, verified=False)

    async def __call__(
        self,
        token: str,
        shown: Assertion,
        *,
        origin: Origin,
        admit: Callable[[str], Awaitable[None]],
    ) -> tuple[TokenPair, bool]:
        """The pair, and whether its refresh token is the browser's to keep. `admit` may refuse a
        person's further tries. Raises PasskeyInvalidError."""
        sign_in = await self.sign_ins.attempt(token, origin)
        if sign_in is None:
            raise MfaTokenInvalidError
        await admit(sign_in.user_id)
        proven = await self.prove(
            shown, Purpose.SECOND_FACTOR, origin, within=token, owner=sign_in.user_id
        )
        if not sign_in.is_of(proven.account):
            raise MfaTokenInvalidError
        if not await self.sign_ins.spend(token, method="passkey", origin=origin):
            raise MfaTokenInvalidError
        await self.throttle.proven(proven.account.user.email, origin)
        pair = await self.open_session(
            proven.account,
            amr=("pwd", *methods(proven.passkey), "mfa"),
            device=sign_in.device,
            origin=origin,
        )
        return pair, sign_in.cookie


@dataclass(frozen=True, slots=True)
class StepUpByPasskey:
    """Prove again who is signed in: a new session replaces theirs."""

    prove: ProvePasskey
    replace_session: ReplaceSession

    async def options(self, caller: Caller) -> dict[str, Any]:
        """Raises ConflictError when the caller has no passkey."""
        held = await _held(self.prove, caller.user.id)
        challenge = await self.prove.challenges.ask(Purpose.STEP_UP, caller.session.id)
        return self.prove.party.request_options(challenge, held, verified=True)

    async def __call__(self, caller: Caller, shown: Assertion, *, origin: Origin) -> TokenPair:
        """Raises PasskeyInvalidError."""
        self.replace_session.refuse_in_vain()
        proven = await self.prove(
            shown, Purpose.STEP_UP, origin, within=caller.session.id, owner=caller.user.id
        )
        amr = (*methods(proven.passkey), "mfa")
        return await self.replace_session(caller, proven.account, amr=amr, origin=origin)


async def _held(prove: ProvePasskey, user_id: str) -> list[Passkey]:
    held = await prove.passkeys.of_user(user_id)
    if not held:
        raise ConflictError
    return held
