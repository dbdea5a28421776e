"""A new password for who has forgotten theirs. It never signs in, nor takes a factor away."""

from dataclasses import dataclass

from service.contracts.events import EventType
from service.contracts.mails import Mail, MailTemplate
from service.domain.errors import LinkInvalidError
from service.domain.mail_links import Links, Purpose, token_hash
from service.domain.password_policy import PasswordPolicy
from service.domain.sessions import EndReason, Origin
from service.domain.users import Account
from service.operations.tell_change import TellChange
from service.operations.trust_device import tell_distrust
from service.store.account_changes import Changed
from service.store.event_log import EventLog
from service.store.password_hasher import PasswordHasher
from service.store.password_resets import PasswordResets


@dataclass(frozen=True, slots=True)
class ForgetPassword:
    """Mail a link to whoever has this address. For one that nobody has, the same but the mail."""

    resets: PasswordResets
    events: EventLog
    links: Links

    async def __call__(self, email: str, origin: Origin) -> None:
        link = self.links.make(Purpose.RESET)

        def mail(account: Account | None) -> Mail:
            to, whose = (account.user.email, account.user.id) if account else (email.strip(), "")
            return Mail(MailTemplate.RESET_PASSWORD, to, whose, {"link": link.url})

        async def announce(account: Account | None) -> None:
            await self.events.append(
                EventType.PASSWORD_RESET_REQUESTED,
                origin,
                user_id=account.user.id if account else "",
                reason="" if account else "unknown_user",
            )

        await self.resets.request(email, link, mail=mail, announce=announce)


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Set a password by a link, and end every session.

    Raises LinkInvalidError, and ValidationFailedError for a password that may not be: the link stays.
    """

    resets: PasswordResets
    hasher: PasswordHasher
    policy: PasswordPolicy
    events: EventLog
    tell_change: TellChange

    async def __call__(self, token: str, password: str, origin: Origin) -> None:
        kept = token_hash(Purpose.RESET, token)
        account = kept and await self.resets.find(kept)
        if not kept or not account:
            raise LinkInvalidError
        user = account.user
        self.policy.check(
            password,
            field="new_password",
            email=user.email,
            name=user.name,
            mfa=user.mfa_enabled,
        )

        reason = EndReason.PASSWORD_CHANGE

        async def announce(changed: Changed) -> None:
            await self.events.append(EventType.PASSWORD_RESET, origin, user_id=user.id)
            await tell_distrust(self.events, origin, user.id, changed.devices, reason=reason)

        changed = await self.resets.complete(
            kept, await self.hasher.hash(password), announce=announce
        )
        if changed is None:
            raise LinkInvalidError
        await self.tell_change(changed, reason, origin)
