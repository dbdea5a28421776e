"""What people with and without a second factor do, and how time passes for their failures."""

import time
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pyotp
import pytest
from redis.asyncio import Redis
from sqlalchemy import select, update

from service.contracts import keys
from service.contracts.events import Event
from service.contracts.factor_tables import sign_in_failures
from service.domain.secrets import derive_key
from service.domain.totp import STEP_SECONDS
from service.store.database import Database
from service.store.failures import SignInFailures
from tests.conftest import SECRET_KEY, MakeSettings, Share, now_ms
from tests.support.people import TOTP_SECRET, Browser, Person, Reply
from tests.support.redis_answers import answer_of


def code(*, step: int = 0, secret: str = TOTP_SECRET) -> str:
    """The code of now or, of the step after, one more: each is good for half a minute at least.

    That of the step before is good for a moment only, so no test needs it.
    """
    return pyotp.HOTP(secret).at(int(time.time()) // STEP_SECONDS + step)


def wrong_code() -> str:
    """A code that is right at no step near now."""
    right = {code(step=step) for step in range(-3, 4)}
    return next(text for n in range(10) if (text := f"{n:06}") not in right)


def cookie_of(reply: Reply, name: str) -> str:
    """The value that a reply has a browser keep."""
    lines = reply.headers.getall("Set-Cookie", ())
    return next((SimpleCookie(line)[name].value for line in lines if line.startswith(name)), "")


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody at the API, with the cookies they have."""

    browser: Browser

    async def login(
        self, person: Person, password: str = "", *, cookie: str = "", **body: Any
    ) -> Reply:
        """Try to sign in."""
        return await self.browser.send(
            "POST",
            "/api/auth/login",
            json={"email": person.email, "password": password or person.password, **body},
            headers={"Cookie": cookie} if cookie else {},
        )

    async def fail(self, person: Person, times: int, **given: Any) -> list[Reply]:
        """Try by wrong passwords, one after the other."""
        return [await self.login(person, "a wrong password", **given) for _ in range(times)]

    async def verify(self, challenge: dict[str, Any], text: str, **body: Any) -> Reply:
        """Try to finish a sign-in by a code."""
        body = {"mfa_token": challenge["mfa_token"], "code": text, **body}
        return await self.browser.send("POST", "/api/auth/verify-2fa", json=body)

    async def sign_in(self, person: Person, text: str = "", **body: Any) -> dict[str, Any]:
        """The tokens of a sign-in, by a code if one is given."""
        reply = await self.login(person)
        if text:
            reply = await self.verify(reply.body, text, **body)
        assert reply.status == 200, reply
        tokens: dict[str, Any] = reply.body
        return tokens

    async def post(self, path: str, token: str, **body: Any) -> Reply:
        """Ask for something, signed in."""
        return await self.browser.send("POST", f"/api/auth/{path}", token=token, json=body)

    async def get(self, path: str, token: str) -> Reply:
        return await self.browser.send("GET", f"/api/auth/{path}", token=token)


@pytest.fixture
def client(share: Share, make_settings: MakeSettings) -> Client:
    """A client of the service with default settings, and trusted devices."""
    return Client(share(make_settings(trusted_device_days=30)))


@dataclass(frozen=True, slots=True)
class Failures:
    """The table, as a test looks at it."""

    database: Database

    @property
    def store(self) -> SignInFailures:
        """As the service has it."""
        return SignInFailures(self.database, derive_key(SECRET_KEY, "sign-in failures"))

    async def of(self, email: str) -> int:
        """How many are counted for strangers who try this address."""
        subject = self.store._subject(email, None)
        query = select(sign_in_failures.c.failures).where(sign_in_failures.c.subject == subject)
        async with self.database.transaction() as connection:
            return await connection.scalar(query) or 0

    async def wait(self, email: str, seconds: float) -> None:
        """Time passes for strangers who try this address."""
        of = sign_in_failures.c
        async with self.database.transaction() as connection:
            await connection.execute(
                update(sign_in_failures)
                .where(of.subject == self.store._subject(email, None))
                .values(locked_until=of.locked_until - timedelta(seconds=seconds))
            )

    async def set(self, email: str, failures: int) -> None:
        """As after many tries, and a long time."""
        of = sign_in_failures.c
        async with self.database.transaction() as connection:
            await connection.execute(
                update(sign_in_failures)
                .where(of.subject == self.store._subject(email, None))
                .values(failures=failures, locked_until=None)
            )


@pytest.fixture
def failures(database: Database) -> Failures:
    return Failures(database)


@dataclass(frozen=True, slots=True)
class Streams:
    """What was told, and what sessions are."""

    redis: Redis

    async def events(self, person: Person) -> list[Event]:
        """All of a person, in their order."""
        stream = keys.events(keys.partition_of(person.id))
        read = [Event.read(fields) for _, fields in await self.redis.xrange(stream)]
        return [event for event in read if event.user_id == person.id]

    async def types(self, person: Person) -> list[str]:
        return [event.type.value for event in await self.events(person)]

    async def age(self, person: Person, tokens: dict[str, Any], age: timedelta) -> None:
        """Make a session as old as if it had been opened so long ago."""
        key = keys.session(keys.partition_of(person.id), tokens["session_id"])
        opened_ms = now_ms() - age // timedelta(milliseconds=1)
        await answer_of(self.redis.hset(key, "c", str(opened_ms)))


@pytest.fixture
def streams(redis: Redis) -> Streams:
    return Streams(redis)
