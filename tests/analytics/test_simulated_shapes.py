"""Made-up events look as the service's own: every form of them is one that it writes."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from secrets import token_bytes
from typing import Any
from uuid import uuid4

import pyotp
import pytest
from redis.asyncio import Redis

from service.contracts import keys
from service.domain.password_policy import PasswordPolicy
from service.domain.secrets import at_rest
from service.domain.sessions import EndReason, Origin
from service.operations.create_user import CreateUser
from service.simulation import simulate
from service.store.database import Database
from service.store.event_feed import entry_of
from service.store.event_log import EventLog
from service.store.password_hasher import PasswordHasher
from service.store.script_client import ScriptClient
from service.store.users import UserRecords
from tests.analytics.test_simulation import PLAN
from tests.conftest import SECRET_KEY, MakePerson, MakeSettings, Serve
from tests.store.conftest import BEGIN_MS, ORIGIN, Clock, World
from tests.support.limits import LOGIN, new_name, policy_text, write_limits
from tests.support.people import PASSWORD, TOTP_SECRET, Browser

MINUTE_MS = 60_000
TABS = ["", '{"tab": "foreground"}', '{"tab": "background"}']
Form = tuple[str, tuple[str, ...], tuple[str, ...]]
AGENT = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}


def form(fields: dict[str, Any]) -> Form:
    """Names of an entry's fields and of what is in its data."""
    return (
        fields["type"],
        tuple(sorted(fields)),
        tuple(sorted(json.loads(fields.get("data", "{}")))),
    )


def simulated_forms() -> set[Form]:
    """Every form there is in a simulation with everything in it."""
    found = set()
    for arrival in simulate(PLAN, 7):
        entry = entry_of(arrival.event)
        fields = {
            str(name): str(value) for name, value in zip(entry[::2], entry[1::2], strict=True)
        }
        found.add(form(fields))
    return found


async def real_forms(redis: Redis, since: str) -> set[Form]:
    """Every form of the events since then."""
    found = set()
    for partition in range(keys.PARTITIONS):
        for _, fields in await redis.xrange(keys.events(partition), min=since):
            found.add(form({name.decode(): value.decode() for name, value in fields.items()}))
    return found


async def live_sessions(redis: Redis, scripts: ScriptClient) -> None:
    """Let sessions do and suffer all that they can, by the store's scripts."""
    clock = Clock()
    world = World(redis, scripts, clock)
    live = world.live()
    for data in TABS:
        session = await world.open()
        clock.now_ms += 16 * MINUTE_MS
        await live.check(session.id, world.user_id, generation=1)
        for generation in (1, 1, 2, 7):  # rotated, replayed, rotated, recovered
            await live.rotate(session.id, generation=generation, origin=ORIGIN, data=data)
        await live.rotate(session.id, generation=1, origin=ORIGIN, data=data)  # reused
        forgotten = await world.open()
        clock.now_ms += 48 * 60 * MINUTE_MS
        await live.rotate(forgotten.id, generation=1, origin=ORIGIN, data=data)
    clock.now_ms = BEGIN_MS
    swept, ended, told_late, lost = [await world.open() for _ in range(4)]
    await live.end(world.user_id, [ended.id], EndReason.LOGOUT, ORIGIN)
    await live.end(world.user_id, [told_late.id], EndReason.LOGOUT, Origin())
    await redis.delete(await world.key(lost))
    await live.restore(lost, generation=1, request_id="r")
    clock.now_ms += 48 * 60 * MINUTE_MS
    await live.sweep(swept)


async def sign_in(browser: Browser, make_person: MakePerson) -> None:
    """Let people sign in over HTTP, rightly and wrongly, and turn a second factor on."""

    async def post(path: str, body: dict[str, Any], token: str = "") -> Any:
        reply = await browser.send(
            "POST", f"/api/auth/{path}", json=body, token=token, headers=AGENT
        )
        return reply.body

    plain, secured = await make_person(), await make_person(totp_secret=TOTP_SECRET)
    for email in ("nobody@people.example", plain.email):
        await post("login", {"email": email, "password": "wrong password here"})
    asked = await post("login", {"email": secured.email, "password": secured.password})
    code = pyotp.TOTP(TOTP_SECRET).now()
    wrong = f"{(int(code) + 500_000) % 1_000_000:06d}"
    for each in (wrong, code):
        await post("verify-2fa", {"mfa_token": asked["mfa_token"], "code": each})
    pair = await post("login", {"email": plain.email, "password": plain.password})
    setup = await post("2fa/setup", {}, pair["access_token"])
    code = pyotp.TOTP(setup["secret"]).now()
    await post("2fa/enable", {"code": code}, pair["access_token"])


@pytest.fixture
async def limited(serve: Serve, make_settings: MakeSettings, tmp_path: Path) -> Browser:
    """A service that refuses soon."""
    rules = write_limits(tmp_path / "limits.toml", policy_text(new_name(), LOGIN, limit=6))
    return await serve(make_settings(limits_file=rules))


@pytest.fixture
def create_user(database: Database, scripts: ScriptClient) -> Iterator[CreateUser]:
    """The command that makes accounts."""
    hasher = PasswordHasher(threads=1)
    sealer = at_rest([SECRET_KEY], token_bytes)
    people, log = UserRecords(database), EventLog(scripts)
    yield CreateUser(people, hasher, PasswordPolicy(), sealer, log, lambda: str(uuid4()))
    hasher.close()


async def test_every_form_is_one_that_the_service_writes(
    redis: Redis,
    scripts: ScriptClient,
    limited: Browser,
    make_person: MakePerson,
    create_user: CreateUser,
) -> None:
    """By type: the same fields, and the same names in data."""
    since = str(time.time_ns() // 1_000_000)
    await live_sessions(redis, scripts)
    await sign_in(limited, make_person)
    await create_user(email=f"{uuid4()}@people.example", password=PASSWORD)
    guess = {"email": "nobody@people.example", "password": PASSWORD}
    refused = [await limited.send(*LOGIN.split(), json=guess, headers=AGENT) for _ in range(7)]
    assert refused[-1].status == 429
    real = await real_forms(redis, since)
    simulated = simulated_forms()
    of_type = defaultdict(list)
    for each in real:
        of_type[each[0]].append(each)

    strange = {each: of_type[each[0]] for each in simulated if each not in real}

    assert not strange
    assert {kind for kind, *_ in simulated} <= set(of_type)
