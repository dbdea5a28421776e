"""A database and a Valkey of a test's own, to look into."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_bytes, token_hex
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service.contracts import keys
from service.domain.secrets import Sealer, derive_key
from service.embedded import EmbeddedServer
from service.store.database import Database, open_engine
from service.store.redis_pool import open_redis
from service.store.users import UserRecords
from tests.conftest import PASSWORD_HASH, SECRET_KEY
from tests.support.people import Person
from tests.support.waiting import PATIENCE, wait_until


@dataclass(frozen=True, slots=True)
class Stores:
    """A database and a Valkey, and what a test asks them."""

    env: dict[str, str]
    engine: AsyncEngine
    redis: Redis
    valkey: EmbeddedServer

    async def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query), values)]

    async def value(self, query: str, **values: Any) -> Any:
        """The one value of a query."""
        [(value,)] = await self.rows(query, **values)
        return value

    async def audit(self, user_id: str | None = None) -> list[str]:
        """The types of a person's audit rows, or of everybody's, in order of seq."""
        which = "" if user_id is None else "where user_id = :user"
        query = f"select type from audit_log {which} order by partition, seq"  # noqa: S608
        given = {} if user_id is None else {"user": user_id}
        return [kind for (kind,) in await self.rows(query, **given)]

    async def unread(self) -> int:
        """How many entries no table holds yet."""
        lengths = [await self.redis.xlen(keys.events(p)) for p in range(keys.PARTITIONS)]
        return sum(lengths)

    async def drained(self) -> None:
        """Return when every stream is empty: what was abandoned is taken over after 10 s."""

        async def dry() -> bool:
            return await self.unread() == 0

        await wait_until(dry)

    async def gapless(self) -> bool:
        """Whether every partition's seq counts from 1 without a gap, up to its head."""
        query = """
            select bool_and(n = top and top = h.seq) from audit_heads h
            left join (select partition, count(*) n, max(seq) top from audit_log group by 1) a
            using (partition) where h.seq > 0
        """
        return bool(await self.value(query))

    async def add_person(self, *, totp_secret: str | None = None) -> Person:
        """Somebody of one's own."""
        sealer = Sealer([derive_key(SECRET_KEY, "at rest")], token_bytes)
        user_id, email = str(uuid4()), f"{token_hex(6)}@people.example"
        sealed = (
            sealer.seal(totp_secret.encode(), context=f"totp/{user_id}") if totp_secret else None
        )

        async def announce(_: object) -> None:
            return None

        await UserRecords(Database(self.engine)).create(
            user_id=user_id,
            email=email,
            name="A Person",
            roles=(),
            password_hash=PASSWORD_HASH,
            totp_secret=sealed,
            announce=announce,
        )
        return Person(user_id, email)


@asynccontextmanager
async def open_stores(env: dict[str, str], valkey: EmbeddedServer) -> AsyncIterator[Stores]:
    """The stores that processes of this environment use."""
    engine = open_engine(env["DATABASE_URL"], connections=4, seconds=PATIENCE)
    redis = open_redis(valkey.url, timeout=PATIENCE)
    try:
        yield Stores(env, engine, redis, valkey)
    finally:
        await redis.aclose()
        await engine.dispose()
