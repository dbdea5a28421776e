"""Routes that want a role: everybody else is refused, by what they are now."""

import base64
import json
from collections.abc import Awaitable, Callable, Sequence

import pytest
from sqlalchemy import update

from service.contracts.tables import users
from service.domain.sessions import SessionPolicy
from service.domain.users import Role
from service.store.database import Database
from service.store.live_sessions import LiveSessions
from service.store.script_client import ScriptClient
from service.store.users import UserRecords
from service.web.routes import ROUTES
from tests.conftest import MakePerson, MakeSettings
from tests.support.people import Browser, Person
from tests.web.wire import refusal

pytestmark = pytest.mark.usefixtures("unharmed")

GUARDED = [
    (route.method, route.path.replace("{id}", "unknown"), route.roles)
    for route in ROUTES
    if route.roles
]
INSUFFICIENT = 'Bearer error="insufficient_scope"'


@pytest.fixture
def change_roles(
    database: Database, scripts: ScriptClient, make_settings: MakeSettings
) -> Callable[[Person, Sequence[str]], Awaitable[None]]:
    """Changes somebody's roles, as whatever changes a user does: in SQL, then the cached copy."""
    settings = make_settings()
    policy = SessionPolicy(
        access_ttl=settings.access_token_ttl,
        idle_ttl=settings.session_idle_ttl,
        max_ttl=settings.session_max_ttl,
        replay_window=settings.refresh_replay_seconds,
    )

    async def change(person: Person, roles: Sequence[str]) -> None:
        statement = update(users).where(users.c.id == person.id)
        async with database.transaction() as connection:
            await connection.execute(
                statement.values(roles=list(roles), version=users.c.version + 1)
            )
        account = await UserRecords(database).find(person.id)
        assert account is not None
        await LiveSessions(scripts, policy).cache_user(account)

    return change


def test_some_route_wants_a_role() -> None:
    """Else nothing below says anything; and a role without a token would be nobody's."""
    assert ("GET", "/api/audit", (Role.AUDITOR, Role.ADMIN)) in GUARDED
    assert all(route.bearer for route in ROUTES if route.roles)


@pytest.mark.parametrize(("method", "path", "roles"), GUARDED, ids=str)
async def test_only_people_with_the_role_get_in(
    browser: Browser, make_person: MakePerson, method: str, path: str, roles: tuple[str, ...]
) -> None:
    """401 for nobody; 403 for people without a role or with another one; in with any of them."""
    assert refusal(await browser.send(method, path)) == (401, "token_missing")
    for role in (None, *Role):
        person = await make_person(roles=[role] if role else [])
        token = (await browser.login(person))["access_token"]
        reply = await browser.send(method, path, token=token)
        if role in roles:
            assert reply.status not in {401, 403}, (role, reply)
        else:
            assert refusal(reply) == (403, "forbidden")
            assert reply.headers["WWW-Authenticate"] == INSUFFICIENT


@pytest.mark.parametrize(("method", "path", "roles"), GUARDED, ids=str)
async def test_a_role_that_was_taken_away_is_gone(
    browser: Browser,
    make_person: MakePerson,
    change_roles: Callable[[Person, Sequence[str]], Awaitable[None]],
    method: str,
    path: str,
    roles: tuple[str, ...],
) -> None:
    """For the same token, which still says it: from the next request on. Given back, likewise."""
    person = await make_person(roles=[roles[0]])
    token = (await browser.login(person))["access_token"]
    assert (await browser.send(method, path, token=token)).status not in {401, 403}

    await change_roles(person, [])
    assert refusal(await browser.send(method, path, token=token)) == (403, "forbidden")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["roles"] == [roles[0]]

    await change_roles(person, [roles[0]])
    assert (await browser.send(method, path, token=token)).status not in {401, 403}


@pytest.mark.parametrize(("method", "path", "roles"), GUARDED, ids=str)
async def test_who_may_not_is_told_nothing_more(
    browser: Browser, person: Person, method: str, path: str, roles: tuple[str, ...]
) -> None:
    """What is wrong with a request is for those who may make it."""
    token = (await browser.login(person))["access_token"]
    reply = await browser.send(method, path, token=token, params={"nonsense": "1"})

    assert refusal(reply) == (403, "forbidden")
