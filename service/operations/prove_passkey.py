from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import PasskeyInvalidError
from service.domain.passkeys import (
    Assertion,
    Passkey,
    PasskeyRefusedError,
    Purpose,
    Refusal,
    user_handle,
)
from service.domain.relying_party import RelyingParty, challenge_in
from service.domain.sessions import Origin
from service.domain.users import Account
from service.store.event_log import EventLog
from service.store.passkey_challenges import PasskeyChallenges
from service.store.passkeys import PasskeyRecords
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True)
class Proven:
    """Who answered, and by which passkey."""

    account: Account
    passkey: Passkey


@dataclass(frozen=True, slots=True)
class ProvePasskey:
    """Somebody shows a passkey. Raises PasskeyInvalidError, whatever is wrong; the audit knows what."""

    party: RelyingParty
    challenges: PasskeyChallenges
    passkeys: PasskeyRecords
    users: UserRecords
    events: EventLog

    async def __call__(
        self,
        shown: Assertion,
        purpose: Purpose,
        origin: Origin,
        *,
        within: str = "",
        owner: str | None = None,
    ) -> Proven:
        """`within`: what the challenge was bound to. `owner`: whose it must be; None: whoever it is."""
        passkey = await self.passkeys.find(shown.credential_id)
        try:
            return await self._prove(shown, passkey, purpose, within, owner)
        except PasskeyRefusedError as refused:
            await self.events.append(
                EventType.PASSKEY_REFUSED,
                origin,
                user_id=passkey.user_id if passkey else owner or "",
                reason=refused.reason,
            )
            raise PasskeyInvalidError from refused

    async def _prove(
        self,
        shown: Assertion,
        passkey: Passkey | None,
        purpose: Purpose,
        within: str,
        owner: str | None,
    ) -> Proven:
        challenge = challenge_in(shown.client_data)
        if challenge is None or not await self.challenges.spend(challenge, purpose, within):
            raise PasskeyRefusedError(Refusal.CHALLENGE)
        if passkey is None:
            raise PasskeyRefusedError(Refusal.UNKNOWN)
        _check_owner(shown, passkey, owner)
        said = self.party.check_shown(
            shown, passkey, challenge, verified=purpose.wants_verification
        )
        account = await self.users.find(passkey.user_id)
        if account is None or account.disabled_at is not None:
            raise PasskeyRefusedError(Refusal.DISABLED)
        if not await self.passkeys.use(passkey, said):
            raise PasskeyRefusedError(Refusal.COUNTER)
        return Proven(account, passkey)


def _check_owner(shown: Assertion, passkey: Passkey, owner: str | None) -> None:
    """Who is not known yet is whom the answer names (WebAuthn §7.2, step 6)."""
    handle = user_handle(passkey.user_id)
    named = shown.user_handle == handle or (owner is not None and shown.user_handle is None)
    if not named or owner not in {None, passkey.user_id}:
        raise PasskeyRefusedError(Refusal.NOT_OWNER)
