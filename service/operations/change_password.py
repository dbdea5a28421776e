from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.errors import ConflictError, FieldError, ValidationFailedError
from service.domain.password_policy import PasswordPolicy, canonical
from service.domain.sessions import EndReason, Origin
from service.operations.authenticate import Caller
from service.operations.prove_password import ProvePassword
from service.operations.require_fresh import RequireFresh
from service.operations.tell_change import TellChange
from service.operations.trust_device import tell_distrust
from service.store.account_changes import AccountChanges, Changed
from service.store.event_log import EventLog
from service.store.password_hasher import PasswordHasher

PROVEN = ("pwd",)


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Replace a password by who knows it; every other session ends.

    Raises StepUpRequiredError, ValidationFailedError, InvalidCredentialsError, and ConflictError
    when it was changed by another request meanwhile.
    """

    require_fresh: RequireFresh
    prove_password: ProvePassword
    policy: PasswordPolicy
    hasher: PasswordHasher
    changes: AccountChanges
    events: EventLog
    tell_change: TellChange

    async def __call__(self, caller: Caller, current: str, new: str, origin: Origin) -> None:
        self.require_fresh(caller, proven=PROVEN)  # proven below; a second factor is not
        self._check(caller, current, new)
        account = await self.prove_password(
            caller.user.id, current, origin, action="password_change"
        )

        reason, user_id = EndReason.PASSWORD_CHANGE, caller.user.id

        async def announce(changed: Changed) -> None:
            await self.events.append(EventType.PASSWORD_CHANGED, origin, user_id=user_id)
            await tell_distrust(self.events, origin, user_id, changed.devices, reason=reason)

        changed = await self.changes.set_password(
            user_id,
            old=account.password_hash,
            new=await self.hasher.hash(new),
            keep=caller.session.id,
            announce=announce,
        )
        if changed is None:
            raise ConflictError
        await self.tell_change(changed, reason, origin)

    def _check(self, caller: Caller, current: str, new: str) -> None:
        if canonical(new) == canonical(current):
            message = "this is your present password: use another one"
            raise ValidationFailedError([FieldError("new_password", message)])
        user = caller.user
        self.policy.check(
            new, field="new_password", email=user.email, name=user.name, mfa=user.mfa_enabled
        )
