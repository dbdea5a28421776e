"""Signing oneself up, with or without proving the address first."""

from collections.abc import Callable
from dataclasses import dataclass

from service.contracts.events import EventType
from service.contracts.mails import Mail, MailTemplate
from service.domain.errors import LinkInvalidError, RegistrationClosedError
from service.domain.instants import to_rfc3339
from service.domain.mail_links import Links, Purpose, token_hash
from service.domain.password_policy import PasswordPolicy
from service.domain.sessions import Origin
from service.domain.users import Account, User
from service.store.event_log import EventLog
from service.store.password_hasher import PasswordHasher
from service.store.registrations import Registration, Registrations
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True)
class Register:
    """Make an account, or with `verifies` promise one to whoever follows the link that is mailed.

    Raises RegistrationClosedError, ValidationFailedError, and without a link ConflictError for an
    address that is taken. With one nothing tells that it is, but a mail to its owner.
    """

    users: UserRecords
    registrations: Registrations
    hasher: PasswordHasher
    policy: PasswordPolicy
    events: EventLog
    links: Links
    new_id: Callable[[], str]
    now_ms: Callable[[], int]
    is_open: bool
    verifies: bool

    async def __call__(self, *, email: str, password: str, name: str, origin: Origin) -> User:
        if not self.is_open:
            raise RegistrationClosedError
        self.policy.check(password, field="password", email=email, name=name)
        new = Registration(
            user_id=self.new_id(),
            email=email,
            name=name,
            password_hash=await self.hasher.hash(password),
        )
        return await (self._promise(new, origin) if self.verifies else self._make(new, origin))

    async def _promise(self, new: Registration, origin: Origin) -> User:
        link = self.links.make(Purpose.VERIFY)

        def mail(taken: Account | None) -> Mail:
            if taken is None:
                return Mail(MailTemplate.VERIFY_EMAIL, new.email.strip(), params={"link": link.url})
            return already_registered(taken, self.links)

        async def announce(taken: Account | None) -> None:
            await self.events.append(
                EventType.USER_REGISTERED,
                origin,
                user_id=taken.user.id if taken else "",  # nobody's, until the link is followed
                reason="taken" if taken else "pending",
            )

        await self.registrations.put(new, link, mail=mail, announce=announce)
        return User(
            id=new.user_id,
            email=new.email.strip(),
            name=new.name,
            roles=(),
            mfa_enabled=False,
            created_at=to_rfc3339(self.now_ms()),
        )

    async def _make(self, new: Registration, origin: Origin) -> User:
        async def announce(account: Account) -> None:
            await self.events.append(
                EventType.USER_REGISTERED, origin, user_id=account.user.id, reason="unverified"
            )

        account = await self.users.create(
            user_id=new.user_id,
            email=new.email,
            name=new.name,
            roles=(),
            password_hash=new.password_hash,
            announce=announce,
        )
        return account.user


@dataclass(frozen=True, slots=True)
class VerifyRegistration:
    """Make the account that was promised. Raises LinkInvalidError."""

    registrations: Registrations
    events: EventLog

    async def __call__(self, token: str, origin: Origin) -> User:
        async def announce(account: Account) -> None:
            await self.events.append(
                EventType.USER_EMAIL_VERIFIED,
                origin,
                user_id=account.user.id,
                reason="registration",
            )

        kept = token_hash(Purpose.VERIFY, token)
        made = kept and await self.registrations.complete(kept, announce=announce)
        if not made:
            raise LinkInvalidError
        return made.user


def already_registered(taken: Account, links: Links) -> Mail:
    """To whoever has an address that somebody, perhaps they, wanted once more."""
    return Mail(
        MailTemplate.ALREADY_REGISTERED,
        taken.user.email,
        taken.user.id,
        {"sign_in": links.sign_in(), "reset": links.forgotten()},
    )
