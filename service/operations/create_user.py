from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.contracts.events import EventType
from service.domain.errors import FieldError, ValidationFailedError
from service.domain.password_policy import PasswordPolicy
from service.domain.secrets import Sealer
from service.domain.sessions import Origin
from service.domain.users import Account, Role, User, is_email
from service.store.event_log import EventLog
from service.store.password_hasher import PasswordHasher
from service.store.users import UserRecords

NOWHERE = Origin()


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Add a person who can sign in. Raises ValidationFailedError, ConflictError."""

    users: UserRecords
    hasher: PasswordHasher
    policy: PasswordPolicy
    sealer: Sealer
    events: EventLog
    new_id: Callable[[], str]

    async def __call__(
        self,
        *,
        email: str,
        password: str | None,
        name: str = "",
        roles: Sequence[str] = (),
        totp_secret: str | None = None,
        actor_id: str = "",
        origin: Origin = NOWHERE,
        data: Mapping[str, Any] | None = None,
    ) -> User:
        """Without a password they set one by "forgot password"."""
        self._check(email=email, password=password, name=name, roles=roles, mfa=bool(totp_secret))
        user_id = self.new_id()

        async def announce(_: Account) -> None:
            await self.events.append(
                EventType.USER_CREATED, origin, user_id=user_id, actor_id=actor_id, data=data
            )

        account = await self.users.create(
            user_id=user_id,
            email=email,
            name=name,
            roles=roles,
            password_hash=None if password is None else await self.hasher.hash(password),
            totp_secret=self.sealer.seal(totp_secret.encode(), context=f"totp/{user_id}")
            if totp_secret
            else None,
            announce=announce,
        )
        return account.user

    def _check(
        self, *, email: str, password: str | None, name: str, roles: Sequence[str], mfa: bool
    ) -> None:
        faults = [*address_faults(email), *role_faults(roles)]
        if password is not None:
            faults += self.policy.faults(
                password, field="password", email=email, name=name, mfa=mfa
            )
        if faults:
            raise ValidationFailedError(faults)


def address_faults(email: str) -> list[FieldError]:
    """What keeps a text from being an address."""
    return [] if is_email(email) else [FieldError("email", "this is not an e-mail address")]


def role_faults(roles: Sequence[str]) -> list[FieldError]:
    """Roles that there are not."""
    return [
        FieldError("roles", f"there is no role {role!r}; there are {', '.join(Role)}")
        for role in roles
        if role not in list(Role)
    ]
