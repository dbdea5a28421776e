"""Forgetting a person, or not being allowed to, for operators."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import TypeVar
from uuid import UUID

import click

from config.settings import Settings
from service.arguments import line_of
from service.clocks import now_ms
from service.commands import AS_JSON, open_stores, run
from service.domain.errors import LastAdminError, NotFoundError
from service.domain.instants import to_ms, to_rfc3339
from service.operations.erase_user import CancelErasure, EraseUser
from service.operations.hold_user import PlaceHold, ReleaseHold
from service.refusals import fail
from service.store.erasures import Erasures, RequestedBy
from service.store.holds import Hold, Holds
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.session_records import SessionRecords
from service.store.users import UserRecords
from service.wiring.policies import session_policy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tools:
    """What these commands work with."""

    users: UserRecords
    erase: EraseUser
    cancel: CancelErasure
    holds: Holds
    place: PlaceHold
    release: ReleaseHold


@click.command("erase-user")
@click.argument("who", metavar="EMAIL|ID")
@click.option("--cancel", is_flag=True, help="Take back a request whose grace is not over.")
@click.option("--last-admin", is_flag=True, help="Even if nobody else is an admin.")
@click.option("--yes", is_flag=True, help="Do not ask on a terminal.")
def erase_user(who: str, *, cancel: bool, last_admin: bool, yes: bool) -> None:
    """Forget a person for good, at once: account, sessions, personal fields of the audit.

    Who is under a legal hold is signed out, and forgotten when that is released.
    """
    if sys.stdin.isatty() and not (cancel or yes):
        click.confirm(f"Forget {who} for good?", abort=True)
    click.echo(_run(partial(_erase, who=who, cancel=cancel, last_admin=last_admin)))


async def _erase(tools: Tools, *, who: str, cancel: bool, last_admin: bool) -> str:
    user_id = await get_person(tools.users, who)
    if cancel:
        try:
            await tools.cancel(user_id)
        except NotFoundError:
            fail("they have not asked to be forgotten: there is nothing to take back")
        return f"{user_id} is not erased, and may sign in again"
    try:
        erasure = await tools.erase(
            user_id, RequestedBy.OPERATOR, request_id=token_hex(16), last_admin=last_admin
        )
    except LastAdminError:
        fail(
            "nobody else is an admin: make another one first (`inphora-auth users create --role "
            "admin`), or say --last-admin"
        )
    ended = f"{len(erasure.ended)} sessions ended"
    if not erasure.erased:
        return f"{user_id} is under a legal hold, and erased when that is released; {ended}"
    return f"{user_id} is erased; {ended}"


@click.group()
def hold() -> None:
    """Legal holds: of whom nothing may be destroyed."""


REASON = click.option(
    "--reason",
    required=True,
    callback=line_of(500),
    help="Sealed in the audit; erased with the person.",
)
BY = click.option(
    "--by", required=True, callback=line_of(200), metavar="NAME", help="Who answers for it."
)


@hold.command()
@click.argument("who", metavar="EMAIL|ID")
@REASON
@BY
def place(who: str, reason: str, by: str) -> None:
    """Keep all that is held on a person, past every retention and any wish to be forgotten."""

    async def do(tools: Tools) -> Hold:
        user_id = await get_person(tools.users, who)
        return await tools.place(user_id, reason, by, request_id=token_hex(16))

    placed = _run(do)
    click.echo(f"hold {placed.id} is on {placed.user_id}")


@hold.command()
@click.argument("hold_id", metavar="NUMBER", type=int)
@REASON
@BY
def release(hold_id: int, reason: str, by: str) -> None:
    """End a hold; what waited for it is done within minutes."""

    async def do(tools: Tools) -> Hold:
        try:
            return await tools.release(hold_id, reason, by, request_id=token_hex(16))
        except NotFoundError:
            fail("no such hold stands; `inphora-auth hold list` shows those that do")

    released = _run(do)
    click.echo(f"hold {released.id} on {released.user_id} is released")


@hold.command("list")
@click.option("--all", "released", is_flag=True, help="Also those that were released.")
@AS_JSON
def list_holds(*, released: bool, as_json: bool) -> None:
    """Show them, the oldest first."""

    async def do(tools: Tools) -> Sequence[Hold]:
        return await tools.holds.list(released=released)

    for each in _run(do):
        if as_json:
            said = asdict(each)
            texts = {
                name: to_rfc3339(to_ms(value)) if isinstance(value, datetime) else value
                for name, value in said.items()
            }
            click.echo(json.dumps(texts))
        else:
            until = f"  (released by {each.released_by})" if each.released_at else ""
            placed = to_rfc3339(to_ms(each.placed_at))
            click.echo(
                f"{each.id:<8}{each.user_id}  {placed}  {each.placed_by}: {each.reason}{until}"
            )


async def get_person(users: UserRecords, who: str) -> str:
    """The id of a person by address or id; none is the command's end."""
    user_id = await _find(users, who)
    if user_id is None:
        fail("there is no such account")
    return user_id


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


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    async with open_stores(settings) as stores:
        database, events = stores.database, stores.events
        erasures, holds = Erasures(database), Holds(database)
        live = LiveSessions(stores.scripts, session_policy(settings))
        revocations = Revocations(SessionRecords(database), keep=timedelta(), now_ms=now_ms)
        yield Tools(
            UserRecords(database),
            EraseUser(erasures, live, revocations, events),
            CancelErasure(erasures, events),
            holds,
            PlaceHold(holds, events),
            ReleaseHold(holds, events),
        )


def _run(work: Callable[[Tools], Awaitable[T]]) -> T:
    return run(_open_tools, work)
