"""A person made of words that stand nowhere else, and a search for them in all there is."""

import json
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import text

from service.domain.secrets import at_rest
from service.domain.users import email_key
from service.store.audit_filters import Filters
from service.store.audit_search import AuditSearch
from service.store.database import Database
from service.store.person_keys import PersonKeys
from tests.conftest import SECRET_KEY
from tests.processes.stores import Stores
from tests.support.people import Person
from tests.support.redis_answers import answer_of
from tests.support.waiting import WAITING

TABLES = "select tablename from pg_tables where schemaname = 'public' order by 1"


@dataclass(frozen=True, slots=True)
class Canary:
    """What a person is called, where they are and what they use."""

    person: Person
    name: str
    ip: str = "203.0.113.77"
    user_agent: str = "CanaryBrowser/7 (Linux)"
    device: str = "canary's telephone"

    @property
    def headers(self) -> dict[str, str]:
        """As their requests come through a proxy."""
        return {"User-Agent": self.user_agent, "X-Forwarded-For": self.ip}

    def words(self) -> dict[str, str]:
        """All that must not be found."""
        return {
            "email": self.person.email,
            "email_key": email_key(self.person.email),
            "name": self.name,
            "ip": self.ip,
            "user_agent": self.user_agent,
            "device": self.device,
        }

    def found_in(self, where: str) -> set[str]:
        """Which of their words a dump holds: as text, escaped for JSON, or in hex as of bytea."""
        low = where.lower()
        return {
            kind
            for kind, word in self.words().items()
            for form in (word, json.dumps(word)[1:-1], word.encode().hex())
            if form.lower() in low
        }


async def add_canary(stores: Stores) -> Canary:
    """A person in the database."""
    person = await stores.add_person()
    canary = Canary(
        Person(person.id, f"Canary-{token_hex(4)}@People.Example"), f"Carla Canary-{token_hex(4)}"
    )
    async with stores.engine.begin() as connection:
        await connection.execute(
            text("update users set email = :e, email_key = :k, name = :n where id = :id"),
            {
                "e": canary.person.email,
                "k": email_key(canary.person.email),
                "n": canary.name,
                "id": person.id,
            },
        )
    return canary


async def dump_postgres(stores: Stores) -> str:
    """Every row of every table as text, and every audit row that still can be opened."""
    rows = [
        f"{table} {row}"
        for (table,) in await stores.rows(TABLES)
        for (row,) in await stores.rows(f'select t::text from "{table}" t')  # noqa: S608
    ]
    database = Database(stores.engine)
    keys = PersonKeys(database, at_rest([SECRET_KEY], token_bytes), token_bytes)
    search = AuditSearch(database, keys)
    rows += [
        f"opened {opened.personal}" async for opened in search.rows(Filters()) if opened.personal
    ]
    return "\n".join(rows)


async def dump_redis(redis: Redis) -> str:
    """Every key and what is in it."""
    return "\n".join([f"{key!r} {await _value(redis, key)!r}" async for key in redis.scan_iter()])


async def _value(redis: Redis, key: bytes) -> Any:
    kind = (await redis.type(key)).decode()
    match kind:
        case "string" | "none":  # none: it went after it was listed
            return await redis.get(key)
        case "hash":
            return await answer_of(redis.hgetall(key.decode()))
        case "set":
            return await answer_of(redis.smembers(key.decode()))
        case "zset":
            return await redis.zrange(key, 0, -1, withscores=True)
        case "list":
            return await answer_of(redis.lrange(key.decode(), 0, -1))
        case "stream":
            return await redis.xrange(key)
    raise AssertionError(kind)


def read_logs(folder: Path) -> str:
    """What web and workers said."""
    return "\n".join(file.read_text() for file in sorted(folder.glob("*.log")))


async def waits_for_a_lock(stores: Stores) -> bool:
    """Whether a statement stands still behind another's transaction."""
    return bool(await stores.rows(WAITING))
