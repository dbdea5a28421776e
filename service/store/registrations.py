"""Who signed up and has to prove the address first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from service.contracts.link_tables import registrations
from service.contracts.mails import Mail
from service.contracts.tables import users
from service.domain.mail_links import Link
from service.domain.users import Account, email_key
from service.store.database import Database
from service.store.mail_outbox import MailOutbox
from service.store.users import Announce, account_of

of = registrations.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an account is going to be made of."""

    user_id: str
    email: str
    name: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Registrations:
    """The table of that name."""

    database: Database
    mails: MailOutbox

    async def put(
        self,
        new: Registration,
        link: Link,
        *,
        mail: Callable[[Account | None], Mail],
        announce: Callable[[Account | None], Awaitable[None]],
    ) -> None:
        """Remember a registration in place of an earlier one, and mail its link.

        Whoever has the address already is written to instead. The statements are the same, and as
        many, so that the time they take does not tell.
        """
        row = {
            "user_id": new.user_id,
            "email": new.email.strip(),
            "name": new.name,
            "password_hash": new.password_hash,
            "token_hash": link.token_hash,
            "requested_at": func.now(),
            "expires_at": func.now() + link.lifetime,
        }
        statement = upsert(registrations).values(email_key=email_key(new.email), **row)
        query = select(users).where(users.c.email_key == email_key(new.email))
        async with self.database.transaction() as connection:
            found = (await connection.execute(query)).one_or_none()
            taken = None if found is None else account_of(found)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[of.email_key], set_=row)
            )
            await self.mails.put(connection, mail(taken))
            await announce(taken)

    async def complete(self, token_hash: bytes, *, announce: Announce) -> Account | None:
        """Make the account of a link; None for a link that is worth nothing any more.

        Of several at once one wins. An address that was taken meanwhile is nobody else's.
        """
        spent = (
            delete(registrations)
            .where(of.token_hash == token_hash, of.expires_at > func.now())
            .returning(registrations)
        )
        async with self.database.transaction() as connection:
            row = (await connection.execute(spent)).one_or_none()
            if row is None:
                return None
            made = upsert(users).values(
                id=row.user_id,
                email=row.email,
                email_key=row.email_key,
                name=row.name,
                roles=[],
                password_hash=row.password_hash,
            )
            only = made.on_conflict_do_nothing(index_elements=[users.c.email_key])
            user = (await connection.execute(only.returning(users))).one_or_none()
            if user is None:
                return None
            await announce(account_of(user))
        return account_of(user)
