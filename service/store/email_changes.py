"""New addresses, which their owners have to prove by a link."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from service.contracts.link_tables import email_changes
from service.contracts.mails import Mail
from service.contracts.tables import users
from service.domain.errors import ConflictError
from service.domain.mail_links import Link
from service.domain.sessions import EndReason
from service.domain.users import Account, email_key
from service.store.account_changes import Changed, change, forget_links, lock_account
from service.store.database import Database
from service.store.mail_outbox import MailOutbox
from service.store.users import Announce, account_of

of = email_changes.c


@dataclass(frozen=True, slots=True)
class EmailChanges:
    """The table of that name."""

    database: Database
    mails: MailOutbox

    async def request(
        self,
        account: Account,
        email: str,
        link: Link,
        *,
        session_id: str,
        mail: Callable[[Account | None], Mail],
        announce: Announce,
    ) -> bool:
        """Remember the address, in place of an earlier one, and mail the link to it.

        Whoever has that address already is written to instead, by the same statements. False: who
        asked is gone, disabled, or has changed what signs them in.
        """
        row = {
            "email": email.strip(),
            "session_id": session_id,
            "token_hash": link.token_hash,
            "requested_at": func.now(),
            "expires_at": func.now() + link.lifetime,
        }
        statement = upsert(email_changes).values(user_id=account.user.id, **row)
        query = select(users).where(users.c.email_key == email_key(email))
        async with self.database.transaction() as connection:
            same = users.c.credentials == account.credentials  # else they proved what was before
            if await lock_account(connection, account.user.id, same) is None:
                return False
            found = (await connection.execute(query)).one_or_none()
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[of.user_id], set_=row)
            )
            await self.mails.put(connection, mail(None if found is None else account_of(found)))
            await announce(account)
        return True

    async def complete(
        self, token_hash: bytes, *, notice: Callable[[Account], Mail], announce: Announce
    ) -> Changed | None:
        """Change the address, tell the old one, and end every session but the one that asked.

        None for a link that is worth nothing any more; ConflictError for an address that somebody
        else got meanwhile: the link stays.
        """
        good = (of.token_hash == token_hash, of.expires_at > func.now())
        try:
            async with self.database.transaction() as connection:
                row = (await connection.execute(select(email_changes).where(*good))).one_or_none()
                old = None if row is None else await lock_account(connection, row.user_id)
                if row is None or old is None:
                    return None
                if (await connection.execute(delete(email_changes).where(*good))).rowcount == 0:
                    return None
                taken = select(users.c.id).where(users.c.email_key == email_key(row.email))
                if (await connection.scalars(taken)).first() is not None:
                    raise ConflictError  # or PostgreSQL's log would say the address
                changed = await change(
                    connection,
                    row.user_id,
                    reason=EndReason.EMAIL_CHANGE,
                    keep=row.session_id,
                    email=row.email,
                    email_key=email_key(row.email),
                )
                if changed is None:
                    return None
                await forget_links(connection, row.user_id)
                await self.mails.put(connection, notice(old))
                await announce(changed.account)
        except IntegrityError as error:
            raise ConflictError from error
        return changed
