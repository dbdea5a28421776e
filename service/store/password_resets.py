"""New passwords for who has forgotten theirs, by a link to their address."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from service.contracts.link_tables import password_resets
from service.contracts.mails import Mail
from service.contracts.tables import users
from service.domain.mail_links import Link
from service.domain.sessions import EndReason
from service.domain.users import Account, email_key
from service.store.account_changes import Changed, Tell, change, forget_links, lock_account
from service.store.admins import MAY_SIGN_IN
from service.store.database import Database
from service.store.failures import SignInFailures
from service.store.mail_outbox import MailOutbox
from service.store.users import account_of

of = password_resets.c


@dataclass(frozen=True, slots=True)
class PasswordResets:
    """The table of that name."""

    database: Database
    mails: MailOutbox

    async def request(
        self,
        email: str,
        link: Link,
        *,
        mail: Callable[[Account | None], Mail],
        announce: Callable[[Account | None], Awaitable[None]],
    ) -> None:
        """Remember that somebody asked, in place of an earlier request, and mail the link.

        For an address that nobody has, or whose account is disabled, the same is done and the mail
        taken back: neither what is answered tells, nor the time it took.
        """
        key = email_key(email)
        query = select(users).where(users.c.email_key == key, MAY_SIGN_IN)
        async with self.database.transaction() as connection:
            found = (await connection.execute(query)).one_or_none()
            account = None if found is None else account_of(found)
            row = {
                "user_id": None if account is None else account.user.id,
                "token_hash": link.token_hash,
                "requested_at": func.now(),
                "expires_at": func.now() + link.lifetime,
            }
            statement = upsert(password_resets).values(email_key=key, **row)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[of.email_key], set_=row)
            )
            async with connection.begin_nested() as written:
                await self.mails.put(connection, mail(account))
                if account is None:
                    await written.rollback()
            await announce(account)

    async def find(self, token_hash: bytes) -> Account | None:
        """Whose password a link may set; None for one that is worth nothing any more."""
        query = (
            select(users)
            .join(password_resets, of.user_id == users.c.id)
            .where(
                of.token_hash == token_hash,
                of.expires_at > func.now(),
                MAY_SIGN_IN,
            )
        )
        async with self.database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else account_of(row)

    async def complete(
        self, token_hash: bytes, password_hash: str, *, announce: Tell
    ) -> Changed | None:
        """Set the password, end every session and all trust in devices, and forget failures.

        Of several at once one wins, the others get None.
        """
        good = (of.token_hash == token_hash, of.expires_at > func.now())
        async with self.database.transaction() as connection:
            user_id = await connection.scalar(select(of.user_id).where(*good))
            if user_id is None or await lock_account(connection, user_id) is None:
                return None
            if (await connection.execute(delete(password_resets).where(*good))).rowcount == 0:
                return None
            changed = await change(
                connection,
                user_id,
                reason=EndReason.PASSWORD_CHANGE,
                trusts=False,
                password_hash=password_hash,
            )
            if changed is None:
                return None
            await forget_links(connection, user_id)
            await SignInFailures.clear_all(connection, user_id)
            await announce(changed)
        return changed
