"""The people of `dev`: made when they are missing."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from config.settings import Settings, read_settings
from service.commands import open_stores, run
from service.dev import DEMO_PASSWORD, DEMO_USERS
from service.operations.create_user import CreateUser
from service.store.migrations.run import migrate
from service.store.password_hasher import PasswordHasher
from service.store.users import UserRecords
from service.wiring.policies import password_policy


@dataclass(frozen=True, slots=True)
class Tools:
    """What it takes."""

    users: UserRecords
    create_user: CreateUser


def prepare_demo(env: Mapping[str, str]) -> None:
    """Migrate and add the demo users that are missing."""
    os.environ.update(env)
    migrate(read_settings().database_url.get_secret_value())

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

    run(_open_tools, add_missing)


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    hasher = PasswordHasher(threads=1)
    try:
        async with open_stores(settings) as stores:
            people = UserRecords(stores.database)
            create = CreateUser(
                people,
                hasher,
                password_policy(settings),
                stores.sealer,
                stores.events,
                lambda: str(uuid4()),
            )
            yield Tools(people, create)
    finally:
        hasher.close()
