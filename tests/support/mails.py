"""Mails that the service wrote, as a worker will find them."""

import json
from collections.abc import Mapping
from email.message import EmailMessage
from secrets import token_bytes
from typing import NamedTuple

from sqlalchemy import select

from service.contracts.mail_tables import mails
from service.domain.secrets import at_rest
from service.store.database import Database
from service.store.mail_outbox import CONTEXT
from tests.conftest import SECRET_KEY


class Written(NamedTuple):
    """One of them."""

    template: str
    user_id: str
    params: Mapping[str, str]

    @property
    def token(self) -> str:
        """The token of its link."""
        return self.params["link"].partition("#token=")[2]


async def mails_to(database: Database, address: str) -> list[Written]:
    """All that wait for an address, the oldest first."""
    seal = at_rest([SECRET_KEY], token_bytes)
    async with database.transaction() as connection:
        rows = (await connection.execute(select(mails).order_by(mails.c.id))).all()
    told = [(row, json.loads(seal.open(row.sealed, context=CONTEXT))) for row in rows]
    return [Written(r.template, r.user_id, t["params"]) for r, t in told if t["to"] == address]


def body_of(message: EmailMessage, form: str) -> str:
    """What a letter says in a form: plain or html."""
    body = message.get_body((form,))
    assert body is not None
    content: str = body.get_content()
    return content
