"""What a thief of a copy finds: no secret in a dump of PostgreSQL or Redis."""

from secrets import token_hex
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from service.contracts.schema import metadata
from service.store.database import Database
from tests.conftest import MakeSettings, Share
from tests.factors.conftest import Client, code
from tests.support.mails import mails_to
from tests.support.people import Person

READ = {
    "none": lambda redis, key: redis.get(key),  # it went after it was listed
    "string": lambda redis, key: redis.get(key),
    "hash": lambda redis, key: redis.hgetall(key),
    "set": lambda redis, key: redis.smembers(key),
    "zset": lambda redis, key: redis.zrange(key, 0, -1),
    "list": lambda redis, key: redis.lrange(key, 0, -1),
    "stream": lambda redis, key: redis.xrange(key),
}


@pytest.fixture
def client(share: Share, make_settings: MakeSettings) -> Client:
    return Client(share(make_settings(trusted_device_days=30)))


async def secrets_of_a_life(client: Client, database: Database, person: Person) -> dict[str, Any]:
    """Whatever somebody was given, or has typed, who uses all there is; by what it is."""
    token = (await client.sign_in(person))["access_token"]
    factor = (await client.post("2fa/setup", token)).body["secret"]
    given = {"code": code(secret=factor)}
    recovery = (await client.post("2fa/enable", token, **given)).body["recovery_codes"]
    challenge = (await client.login(person)).body
    tokens = (await client.verify(challenge, code(secret=factor, step=1), trust_device=True)).body
    left = (await client.login(person)).body["mfa_token"]
    await client.login(person, wrong := f"wrong {token_hex(8)}")
    body = {"email": person.email}
    await client.browser.send("POST", "/api/auth/password/forgot", json=body)
    return {
        "password": person.password,
        "wrong password": wrong,
        "factor": factor,
        "recovery code": recovery[0],
        "recovery code in one": recovery[0].replace("-", ""),
        "access token": tokens["access_token"],
        "refresh token": tokens["refresh_token"],
        "device token": tokens["device_token"],
        "challenge": left,
        "link": (await mails_to(database, person.email))[-1].token,
    }


async def dump_of_redis(redis: Redis) -> str:
    """Every key and every value."""
    found: list[str] = []
    async for key in redis.scan_iter(count=1000):
        kind = (await redis.type(key)).decode()
        found.append(repr((key, await READ[kind](redis, key))))
    return "\n".join(found)


async def dump_of_sql(database: Database) -> str:
    """Every row of every table as text, bytes in hexadecimal."""
    found: list[str] = []
    async with database.transaction() as connection:
        for table in metadata.sorted_tables:
            rows = await connection.scalars(text(f"select t::text from {table.fullname} t"))  # noqa: S608
            found += rows
    return "\n".join(found)


@pytest.mark.parametrize("store", ["PostgreSQL", "Redis"])
async def test_no_secret_is_ever_in_a_dump(
    client: Client, person: Person, database: Database, redis: Redis, store: str
) -> None:
    """ASVS 11.4, 14.2, 6.5.2: neither as it is nor in hexadecimal; the person is in it."""
    secrets = await secrets_of_a_life(client, database, person)
    dump = await (dump_of_sql(database) if store == "PostgreSQL" else dump_of_redis(redis))

    assert person.id in dump
    found = [
        what
        for what, secret in secrets.items()
        if secret in dump or secret.encode().hex() in dump.lower()
    ]
    assert found == []
