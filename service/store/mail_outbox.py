"""Mails to be sent, in SQL: none is lost while a mail server is away."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.mail_tables import mails
from service.contracts.mails import Mail
from service.domain.secrets import Sealer
from service.store.database import Database

CONTEXT = "mails"


class MailOutbox:
    """The table of mails. What they say is sealed: some carry links that open accounts."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def put(self, connection: AsyncConnection | None, mail: Mail) -> None:
        """Write a mail, within a transaction that is under way or in one of its own."""
        if connection is None:
            async with self._database.transaction() as own:
                return await self.put(own, mail)
        return await self.put_all(connection, [mail])

    async def put_all(self, connection: AsyncConnection, given: Iterable[Mail]) -> None:
        """Write mails within a transaction, by one statement."""
        if rows := [self._row(mail) for mail in given]:
            await connection.execute(insert(mails), rows)

    def _row(self, mail: Mail) -> dict[str, Any]:
        told = json.dumps({"to": mail.to, "params": dict(mail.params)})
        return {
            "template": mail.template,
            "user_id": mail.user_id,
            "sealed": self._sealer.seal(told.encode(), context=CONTEXT),
        }
