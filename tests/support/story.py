"""The main job, and what must stand in the audit after it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pyotp
from sqlalchemy import select

from service.contracts.tables import audit_log
from service.store.database import Database
from service.wiring.policies import session_policy
from tests.support.people import TOTP_SECRET, Browser, Person
from tests.support.waiting import wait_until
from workers.resources import Resources, open_resources

SAID = ["login.succeeded", "token.refreshed", "session.ended"]
SAID_BY_TWO_FACTORS = ["mfa.challenged", "mfa.succeeded", *SAID]


async def sign_in_refresh_sign_out(browser: Browser, person: Person) -> None:
    """login → me → refresh → me → logout → me."""
    await refresh_sign_out(browser, person, await browser.login(person))


async def sign_in_by_two_factors_refresh_sign_out(browser: Browser, person: Person) -> None:
    """login → TOTP → me → refresh → me → logout → me, for a person with TOTP_SECRET."""
    challenge = await browser.login(person)
    assert challenge["mfa_required"] is True
    body = {"mfa_token": challenge["mfa_token"], "code": pyotp.TOTP(TOTP_SECRET).now()}
    verified = await browser.send("POST", "/api/auth/verify-2fa", json=body)
    assert verified.status == 200, verified
    await refresh_sign_out(browser, person, verified.body)


async def refresh_sign_out(browser: Browser, person: Person, first: dict[str, Any]) -> None:
    """What follows a sign-in; the tokens are refused after the sign-out."""
    me = await browser.me(first["access_token"])
    assert (me.status, me.body["user"]["email"]) == (200, person.email)
    second = (await browser.refresh(first["refresh_token"])).body
    assert (await browser.me(second["access_token"])).status == 200
    assert (await browser.logout(second["access_token"])).status == 204
    assert (await browser.me(second["access_token"])).code == "token_revoked"
    assert (await browser.refresh(second["refresh_token"])).code == "session_revoked"


async def said_of(database: Database, person: Person) -> list[Any]:
    """The audit's rows of a person, in their order."""
    query = select(audit_log).where(audit_log.c.user_id == person.id).order_by(audit_log.c.seq)
    async with database.transaction() as connection:
        return list(await connection.execute(query))


async def audited(database: Database, person: Person, expected: list[str]) -> None:
    """Wait until the audit says just this of a person."""

    async def types() -> bool:
        return [row.type for row in await said_of(database, person)] == expected

    await wait_until(types)


@asynccontextmanager
async def worker(settings: Any) -> AsyncIterator[Resources]:
    """What a worker does besides jobs, in this process: it drains the streams."""
    async with open_resources(
        redis_url=settings.redis_dsn,
        database_url=settings.database_url.get_secret_value(),
        secrets=settings.secrets,
        policy=session_policy(settings),
    ) as resources:
        yield resources
