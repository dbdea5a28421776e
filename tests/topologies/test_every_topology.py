"""The main job and its audit, whatever REDIS_URL names."""

import asyncio
from typing import Any

from service.store.database import Database
from tests.conftest import MakePerson, MakeSettings, Serve
from tests.support.people import Browser
from tests.support.story import SAID, audited, sign_in_refresh_sign_out, worker


async def test_main_job(
    redis_settings: dict[str, Any],
    serve: Serve,
    make_settings: MakeSettings,
    make_person: MakePerson,
    database: Database,
) -> None:
    """Sign in, refresh, sign out; the audit says just that; a crowd keeps its sessions apart."""
    settings = make_settings(**redis_settings)
    browser, person = await serve(settings), await make_person()

    async with worker(settings) as resources:
        await sign_in_refresh_sign_out(browser, person)
        await audited(database, person, SAID)
        await resources.heartbeat.redis.set("auth:try", 1, px=1000)

    health = (await browser.send("GET", "/api/health")).body["checks"]["redis"]
    assert health["status"] == "ok", health
    assert health["nodes"] == (3 if "cluster" in settings.redis_dsn else 1)
    await many_at_once(browser, make_person)


async def many_at_once(browser: Browser, make_person: MakePerson) -> None:
    """People of all partitions in one turn of the loop: each gets their own answer."""
    people = [await make_person() for _ in range(12)]
    tokens = await asyncio.gather(*[browser.login(person) for person in people])

    for _ in range(3):
        replies = await asyncio.gather(*[browser.me(t["access_token"]) for t in tokens * 4])
        emails = [reply.body["user"]["email"] for reply in replies]
        assert emails == [person.email for person in people] * 4
