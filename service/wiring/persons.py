"""The rights of persons."""

from collections.abc import AsyncIterator
from secrets import token_bytes
from uuid import uuid4

from aiohttp import web

from service.operations.erase_user import EraseOneself, EraseUser
from service.operations.export_person import ExportPerson
from service.store.erasures import Erasures
from service.store.person_exports import PersonExports
from service.store.person_keys import PersonKeys
from service.web import keys
from service.wiring.parts import PARTS


async def wire_persons(app: web.Application) -> AsyncIterator[None]:
    """Let people be forgotten, and have all that is held on them."""
    parts = app[PARTS]
    database = parts.database
    app[keys.ERASE_ONESELF] = EraseOneself(
        parts.require_fresh,
        parts.prove_password,
        EraseUser(Erasures(database), parts.live, parts.revocations, parts.events),
        parts.settings.erasure_grace_seconds,
    )
    app[keys.EXPORT_PERSON] = ExportPerson(
        PersonExports(database, PersonKeys(database, parts.seal, token_bytes)),
        parts.events,
        lambda: str(uuid4()),
    )
    yield
