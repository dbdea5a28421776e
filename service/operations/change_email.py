"""Another address, once its owner has followed the link that went there."""

from dataclasses import dataclass

from service.contracts.events import EventType
from service.contracts.mails import Mail, MailTemplate
from service.domain.errors import (
    FieldError,
    LinkInvalidError,
    TokenRevokedError,
    ValidationFailedError,
)
from service.domain.mail_links import Links, Purpose, token_hash
from service.domain.sessions import EndReason, Origin
from service.domain.users import Account, email_key
from service.operations.authenticate import Caller
from service.operations.prove_password import ProvePassword
from service.operations.register import already_registered
from service.operations.require_fresh import RequireFresh
from service.operations.tell_change import TellChange
from service.store.email_changes import EmailChanges
from service.store.event_log import EventLog

PROVEN = ("pwd",)


@dataclass(frozen=True, slots=True)
class ChangeEmail:
    """Mail a link to the new address. Nothing tells whether somebody has it, but a mail to them.

    Raises StepUpRequiredError, ValidationFailedError, InvalidCredentialsError.
    """

    require_fresh: RequireFresh
    prove_password: ProvePassword
    changes: EmailChanges
    events: EventLog
    links: Links

    async def __call__(self, caller: Caller, email: str, password: str, origin: Origin) -> None:
        self.require_fresh(caller, proven=PROVEN)  # proven below; a second factor is not
        if email_key(email) == email_key(caller.user.email):
            message = "this is your address already"
            raise ValidationFailedError([FieldError("email", message)])
        account = await self.prove_password(caller.user.id, password, origin, action="email_change")
        link = self.links.make(Purpose.VERIFY_EMAIL)

        def mail(taken: Account | None) -> Mail:
            if taken is None:
                to, params = email.strip(), {"link": link.url}
                return Mail(MailTemplate.CHANGE_EMAIL, to, caller.user.id, params)
            return already_registered(taken, self.links)

        async def announce(_: Account) -> None:
            await self.events.append(
                EventType.USER_EMAIL_CHANGE_REQUESTED, origin, user_id=caller.user.id
            )

        asked = await self.changes.request(
            account, email, link, session_id=caller.session.id, mail=mail, announce=announce
        )
        if not asked:
            raise TokenRevokedError


@dataclass(frozen=True, slots=True)
class VerifyEmail:
    """Change the address by the link; every session ends but the one that asked.

    Raises LinkInvalidError, and ConflictError when somebody else got the address meanwhile.
    """

    changes: EmailChanges
    events: EventLog
    tell_change: TellChange

    async def __call__(self, token: str, origin: Origin) -> None:
        def notice(old: Account) -> Mail:
            return Mail(MailTemplate.EMAIL_CHANGED, old.user.email, old.user.id)

        async def announce(account: Account) -> None:
            await self.events.append(EventType.USER_EMAIL_CHANGED, origin, user_id=account.user.id)

        kept = token_hash(Purpose.VERIFY_EMAIL, token)
        changed = kept and await self.changes.complete(kept, notice=notice, announce=announce)
        if not changed:
            raise LinkInvalidError
        await self.tell_change(changed, EndReason.EMAIL_CHANGE, origin)
