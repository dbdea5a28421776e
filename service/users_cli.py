"""People, on the command line."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import click

from config.settings import Settings, read_settings
from service.commands import AS_JSON, open_stores, run
from service.domain.users import Role, User, email_key
from service.operations.create_user import CreateUser
from service.store.password_hasher import PasswordHasher
from service.store.users import UserRecords
from service.wiring.policies import password_policy

PAGE = 200
T = TypeVar("T")


@click.group()
def users() -> None:
    """Create and list people."""


@users.command("create")
@click.argument("email")
@click.option("--name", default="")
@click.option("--role", "roles", multiple=True, type=click.Choice([role.value for role in Role]))
@click.password_option(envvar="NEW_PASSWORD", help="Asked for, unless NEW_PASSWORD holds it.")
def create(email: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Add a person who can sign in."""

    async def add(tools: Tools) -> User:
        return await tools.create_user(email=email, password=password, name=name, roles=roles)

    click.echo(json.dumps(_run(add).to_dict()))


@users.command("list")
@AS_JSON
def list_users(*, as_json: bool) -> None:
    """Show everybody, by address."""

    async def show(tools: Tools) -> None:
        after = ""
        while page := await tools.users.page(after=after, limit=PAGE):
            for user in page:
                plain = f"{user.email:<40}{', '.join(user.roles) or '-':<20}{user.id}"
                click.echo(json.dumps(user.to_dict()) if as_json else plain)
            after = email_key(page[-1].email)

    _run(show)


def prepare_demo(env: Mapping[str, str]) -> None:
    """Migrate and add the demo users that are missing, for `dev`."""
    from service.dev import DEMO_PASSWORD, DEMO_USERS  # noqa: PLC0415 - needs the dev extra
    from service.store.migrations.run import migrate as run_migrations  # noqa: PLC0415 - large

    os.environ.update(env)
    run_migrations(read_settings().database_url.get_secret_value())

    async def add_missing(tools: Tools) -> None:
        for user in DEMO_USERS:
            if await tools.users.find_by_email(user.email) is None:
                await tools.create_user(
                    email=user.email,
                    password=DEMO_PASSWORD,
                    name=user.email.partition("@")[0].title(),
                    roles=user.roles,
                    totp_secret=user.totp_secret,
                )

    _run(add_missing)


@dataclass(frozen=True, slots=True)
class Tools:
    """What these commands work with."""

    users: UserRecords
    create_user: CreateUser


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    hasher = PasswordHasher(threads=1)
    try:
        async with open_stores(settings) as stores:
            people = UserRecords(stores.database)
            yield Tools(
                people,
                CreateUser(
                    people,
                    hasher,
                    password_policy(settings),
                    stores.sealer,
                    stores.events,
                    lambda: str(uuid4()),
                ),
            )
    finally:
        hasher.close()


def _run(work: Callable[[Tools], Awaitable[T]]) -> T:
    return run(_open_tools, work)
