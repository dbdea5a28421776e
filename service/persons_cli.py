"""Forgetting a person, for operators."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from uuid import UUID

import click

from config.logging import configure_logging
from config.settings import Settings, read_settings
from service.domain.errors import NotFoundError
from service.domain.sessions import SessionPolicy
from service.operations.erase_user import CancelErasure, EraseUser
from service.refusals import fail, refusals
from service.store.database import Database, open_engine
from service.store.erasures import Erasures, RequestedBy
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions
from service.store.redis_pool import open_redis
from service.store.revocations import Revocations
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from service.store.users import UserRecords

COMMAND_SECONDS = 2.0


@click.command("erase-user")
@click.argument("who", metavar="EMAIL|ID")
@click.option("--cancel", is_flag=True, help="Take back a request whose grace is not over.")
@click.option("--last-admin", is_flag=True, help="Even if nobody else is an admin.")
@click.option("--yes", is_flag=True, help="Do not ask on a terminal.")
def erase_user(who: str, *, cancel: bool, last_admin: bool, yes: bool) -> None:
    """Forget a person for good, at once: account, sessions, personal fields of the audit."""
    if sys.stdin.isatty() and not (cancel or yes):
        click.confirm(f"Forget {who} for good?", abort=True)
    settings = read_settings()
    configure_logging(level="error", form="console", process="cli")
    with refusals():
        click.echo(asyncio.run(_do(settings, who, cancel=cancel, last_admin=last_admin)))


async def _do(settings: Settings, who: str, *, cancel: bool, last_admin: bool) -> str:
    async with _open_tools(settings) as tools:
        user_id = await _find(tools.users, who)
        if user_id is None:
            fail("there is no such account")
        if cancel:
            try:
                await tools.cancel(user_id)
            except NotFoundError:
                fail("they have not asked to be forgotten: there is nothing to take back")
            return f"{user_id} is not erased, and may sign in again"
        if not last_admin and await tools.users.is_last_admin(user_id):
            fail(
                "nobody else is an admin: make another one first (`inphora-auth users create --role "
                "admin`), or say --last-admin"
            )
        erasure = await tools.erase(user_id, RequestedBy.OPERATOR, request_id=token_hex(16))
        return f"{user_id} is erased; {len(erasure.ended)} sessions ended"


async def _find(users: UserRecords, who: str) -> str | None:
    """The id of a person by address or id."""
    if "@" in who:
        account = await users.find_by_email(who)
    else:
        try:
            account = await users.find(str(UUID(who)))
        except ValueError:
            return None
    return account.user.id if account else None


@dataclass(frozen=True, slots=True)
class Tools:
    """What this command works with."""

    users: UserRecords
    erase: EraseUser
    cancel: CancelErasure


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    engine = open_engine(settings.database_url.get_secret_value(), connections=2)
    redis = open_redis(settings.redis_dsn, timeout=COMMAND_SECONDS)
    database, scripts = Database(engine), ScriptClient(redis)
    policy = SessionPolicy(
        access_ttl=settings.access_token_ttl,
        idle_ttl=settings.session_idle_ttl,
        max_ttl=settings.session_max_ttl,
        replay_window=settings.refresh_replay_seconds,
    )
    revocations = Revocations(SessionRecords(database), keep=timedelta(), now_ms=_now_ms)
    erasures = Erasures(database)
    try:
        yield Tools(
            UserRecords(database),
            EraseUser(erasures, LiveSessions(scripts, policy), revocations),
            CancelErasure(erasures, EventLog(scripts)),
        )
    finally:
        await scripts.aclose()
        await redis.aclose()
        await engine.dispose()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
