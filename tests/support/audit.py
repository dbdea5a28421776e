"""The audit as a test writes and reads it."""

import json
from secrets import token_bytes
from typing import Any

from service.domain.secrets import at_rest
from service.store.audit import AuditRecords
from service.store.database import Database
from service.store.dead_letters import DeadLetters
from service.store.person_keys import PersonKeys, open_sealed, owner_of
from service.store.personal import place
from tests.conftest import SECRET_KEY, now_ms


def person_keys(database: Database) -> PersonKeys:
    """The keys of people, sealed like those of processes under test."""
    return PersonKeys(database, at_rest([SECRET_KEY], token_bytes), token_bytes)


def audit_writers(database: Database) -> tuple[AuditRecords, DeadLetters]:
    """Both tables that an ingest writes."""
    keys = person_keys(database)
    return AuditRecords(database, keys, now_ms), DeadLetters(database, keys)


async def personal_of(database: Database, row: Any) -> dict[str, Any]:
    """What a row says about its person, opened."""
    owner = owner_of(row.user_id, row.occurred_at)
    cipher = (await person_keys(database).find([owner]))[owner]
    assert cipher is not None
    context = place(row.partition, row.stream_id)
    opened: dict[str, Any] = json.loads(open_sealed(cipher, row.personal, context=context))
    return opened
