"""A person's own passkeys: adding, naming and removing them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.contracts.events import EventType
from service.domain.devices import device_label
from service.domain.errors import ConflictError, NotFoundError, PasskeyInvalidError
from service.domain.passkeys import (
    MAX_PASSKEYS,
    Attestation,
    NewPasskey,
    Passkey,
    PasskeyRefusedError,
    Purpose,
    Refusal,
)
from service.domain.relying_party import RelyingParty, challenge_in
from service.domain.sessions import Origin
from service.domain.users import User
from service.operations.authenticate import Caller
from service.operations.require_fresh import RequireFresh
from service.store.event_log import EventLog
from service.store.passkey_challenges import PasskeyChallenges
from service.store.passkeys import AnnouncePasskey, PasskeyRecords


@dataclass(frozen=True, slots=True)
class TellOfPasskey:
    """Writes the event of a change; its owner is mailed by that."""

    events: EventLog

    def of(self, event: EventType, user: User, origin: Origin) -> AnnouncePasskey:
        async def announce(passkey: Passkey) -> None:
            await self.events.append(
                event, origin, user_id=user.id, data={"id": passkey.id, "name": passkey.name}
            )

        return announce


@dataclass(frozen=True, slots=True)
class AddPasskey:
    """Make a passkey in two steps, both within one session that was begun of late.

    Raises StepUpRequiredError, and ConflictError when the person has as many as they may.
    """

    party: RelyingParty
    challenges: PasskeyChallenges
    passkeys: PasskeyRecords
    require_fresh: RequireFresh
    events: EventLog
    tell: TellOfPasskey
    new_id: Callable[[], str]

    async def options(self, caller: Caller) -> dict[str, Any]:
        self.require_fresh(caller)
        held = await self.passkeys.of_user(caller.user.id)
        if len(held) >= MAX_PASSKEYS:
            raise ConflictError
        challenge = await self.challenges.ask(Purpose.ADD, caller.session.id)
        return self.party.creation_options(caller.user, challenge, held)

    async def __call__(
        self, caller: Caller, made: Attestation, *, name: str | None, origin: Origin
    ) -> Passkey:
        """Raises PasskeyInvalidError, and ConflictError for one that is held by anybody already."""
        self.require_fresh(caller)
        try:
            new = await self._check(caller, made)
        except PasskeyRefusedError as refused:
            await self.events.append(
                EventType.PASSKEY_REFUSED, origin, user_id=caller.user.id, reason=refused.reason
            )
            raise PasskeyInvalidError from refused
        return await self.passkeys.add(
            caller.user.id,
            new,
            passkey_id=self.new_id(),
            name=name or device_label(origin.user_agent),
            announce=self.tell.of(EventType.PASSKEY_ADDED, caller.user, origin),
        )

    async def _check(self, caller: Caller, made: Attestation) -> NewPasskey:
        challenge = challenge_in(made.client_data)
        if challenge is None or not await self.challenges.spend(
            challenge, Purpose.ADD, caller.session.id
        ):
            raise PasskeyRefusedError(Refusal.CHALLENGE)
        return self.party.check_new(made, challenge)


@dataclass(frozen=True, slots=True)
class RenamePasskey:
    """Raises NotFoundError."""

    passkeys: PasskeyRecords
    tell: TellOfPasskey

    async def __call__(
        self, caller: Caller, passkey_id: str, name: str, *, origin: Origin
    ) -> Passkey:
        announce = self.tell.of(EventType.PASSKEY_RENAMED, caller.user, origin)
        passkey = await self.passkeys.rename(caller.user.id, passkey_id, name, announce=announce)
        if passkey is None:
            raise NotFoundError
        return passkey


@dataclass(frozen=True, slots=True)
class RemovePasskey:
    """It signs nobody in any more. Raises NotFoundError, StepUpRequiredError."""

    passkeys: PasskeyRecords
    require_fresh: RequireFresh
    tell: TellOfPasskey

    async def __call__(self, caller: Caller, passkey_id: str, *, origin: Origin) -> None:
        self.require_fresh(caller)
        announce = self.tell.of(EventType.PASSKEY_REMOVED, caller.user, origin)
        if await self.passkeys.remove(caller.user.id, passkey_id, announce=announce) is None:
            raise NotFoundError
