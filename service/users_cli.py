"""People and their sessions, for operators: what the administrators' API does, from a terminal."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_bytes, token_hex
from typing import Any, TypeVar
from uuid import uuid4

import click

from config.settings import Settings
from service.clocks import now_ms
from service.commands import AS_JSON, INSTANT, open_stores, run
from service.domain.errors import ConflictError, LastAdminError, NotFoundError
from service.domain.sessions import Origin, SessionPolicy
from service.domain.users import Role
from service.import_cli import import_command
from service.operations import account_deeds as changes
from service.operations.administer_account import AdministerAccount, Deed
from service.operations.create_user import CreateUser
from service.operations.read_timeline import ReadTimeline
from service.operations.revoke_everybody import RevokeEverybody
from service.persons_cli import BY, REASON, get_person
from service.refusals import fail
from service.store.admin_changes import AccountChange, AdminChanges
from service.store.administration import Administration, Overview, PeopleWanted, Status
from service.store.audit_search import AuditSearch
from service.store.live_sessions import LiveSessions
from service.store.password_hasher import PasswordHasher
from service.store.person_keys import PersonKeys
from service.store.revocations import Revocations
from service.store.session_records import SessionRecords
from service.store.users import UserRecords
from service.web.admin_views import overview_view, past_session_view, timeline_view
from service.wiring.policies import password_policy, session_policy

PAGE = 200
T = TypeVar("T")
WHO = click.argument("who", metavar="EMAIL|ID")
ROLES = click.Choice([role.value for role in Role])


@dataclass(frozen=True, slots=True)
class Tools:
    """What these commands work with."""

    users: UserRecords
    policy: SessionPolicy
    create_user: CreateUser
    administration: Administration
    administer: AdministerAccount
    revoke_everybody: RevokeEverybody
    read_timeline: ReadTimeline


@click.group()
def users() -> None:
    """Create, import, find, lock and unlock people; their roles, second factors and sessions."""


users.add_command(import_command)


@click.group()
def sessions() -> None:
    """What happened to a session."""


@users.command("create")
@click.argument("email")
@click.option("--name", default="")
@click.option("--role", "roles", multiple=True, type=ROLES)
@click.password_option(envvar="NEW_PASSWORD", help="Asked for, unless NEW_PASSWORD holds it.")
def create(email: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Add a person who can sign in."""

    async def do(tools: Tools) -> Overview:
        user = await tools.create_user(email=email, password=password, name=name, roles=roles)
        return await _overview(tools, user.id)

    click.echo(json.dumps(overview_view(_run(do))))


@users.command("list")
@click.option("--q", help="How their address or name begins, in any case.")
@click.option("--role", type=ROLES)
@click.option("--status", type=click.Choice([status.value for status in Status]))
@AS_JSON
def list_users(q: str | None, role: str | None, status: str | None, *, as_json: bool) -> None:
    """Show people, the newest first."""
    wanted = PeopleWanted(
        q=q, role=Role(role) if role else None, status=Status(status) if status else None
    )

    async def do(tools: Tools) -> None:
        after = None
        while True:
            page = await tools.administration.page(wanted, limit=PAGE, after=after)
            for found in page.rows:
                _show(found, as_json=as_json)
            after = page.next
            if after is None:
                return

    _run(do)


@users.command("show")
@WHO
@AS_JSON
def show(who: str, *, as_json: bool) -> None:
    """Show one person."""

    async def do(tools: Tools) -> Overview:
        return await _overview(tools, await get_person(tools.users, who))

    _show(_run(do), as_json=as_json)


@users.command("lock")
@WHO
@click.option("--until", type=INSTANT, help="UTC; without, until somebody unlocks.")
@REASON
@BY
@AS_JSON
def lock(who: str, until: datetime | None, reason: str, by: str, *, as_json: bool) -> None:
    """Shut somebody out; their sessions end."""
    until = until.replace(tzinfo=UTC) if until else None
    if until and until <= datetime.now(UTC):
        message = "this is over already"
        raise click.BadParameter(message, param_hint="--until")
    change = changes.lock(until)
    _change(who, change, reason, by, as_json=as_json)


@users.command("roles")
@WHO
@click.option("--role", "roles", multiple=True, type=ROLES, help="May be repeated; none: no role.")
@REASON
@BY
@AS_JSON
def set_roles(who: str, roles: tuple[str, ...], reason: str, by: str, *, as_json: bool) -> None:
    """Say what somebody may do: all the roles they have from now on."""
    change = changes.set_roles([Role(role) for role in roles])
    _change(who, change, reason, by, as_json=as_json)


def _command(name: str, change: AccountChange, help_text: str) -> None:
    """A command that takes nothing but whom, why and by whom."""

    @users.command(name, help=help_text)
    @WHO
    @REASON
    @BY
    @AS_JSON
    def do(who: str, reason: str, by: str, *, as_json: bool) -> None:
        _change(who, change, reason, by, as_json=as_json)


_command("unlock", changes.UNLOCK, "Let somebody in again.")
_command("disable", changes.DISABLE, "Close an account; its sessions end.")
_command("enable", changes.ENABLE, "Open an account again, unless it is to be erased.")
_command("reset-2fa", changes.RESET_2FA, "Take somebody's second factor off; their sessions end.")


@users.command("revoke-sessions")
@click.argument("who", metavar="[EMAIL|ID]", required=False)
@click.option("--everybody", is_flag=True, help="All sessions there are.")
@REASON
@BY
def revoke_sessions(who: str | None, reason: str, by: str, *, everybody: bool) -> None:
    """End all sessions of somebody, or of everybody."""
    if (who is None) is not everybody:
        message = "name somebody, or say --everybody"
        raise click.UsageError(message)

    async def do(tools: Tools) -> int:
        if who is None:
            return await tools.revoke_everybody(_deed(reason, by), progress=_progress)
        user_id = await get_person(tools.users, who)
        done = await tools.administer(user_id, changes.REVOKE, _deed(reason, by))
        return len(done.ended)

    click.echo(f"{_run(do)} sessions ended")


@users.command("sessions")
@WHO
@AS_JSON
def list_sessions(who: str, *, as_json: bool) -> None:
    """Show somebody's sessions, ended ones too, the newest first."""

    async def do(tools: Tools) -> None:
        user_id, after = await get_person(tools.users, who), None
        while page := await tools.administration.sessions_of(user_id, limit=PAGE, after=after):
            for record, ended_at in page.rows:
                view = past_session_view(record, ended_at, tools.policy)
                plain = f"{view['id']}  {view['created_at']}  {view['device']:<24}"
                plain += str(view["end_reason"] or "open")
                click.echo(json.dumps(view) if as_json else plain)
            after = page.next
            if after is None:
                return

    _run(do)


@sessions.command("timeline")
@click.argument("session_id", metavar="ID")
@BY
@AS_JSON
def timeline(session_id: str, by: str, *, as_json: bool) -> None:
    """Say what happened to a session, and why it ended."""

    async def do(tools: Tools) -> dict[str, Any]:
        try:
            found = await tools.read_timeline(session_id, actor_id=by, origin=_origin())
        except NotFoundError:
            fail("neither a row nor the audit knows this session")
        return timeline_view(found, tools.policy)

    view = _run(do)
    if as_json:
        click.echo(json.dumps(view))
        return
    for event in view["events"]:
        click.echo(f"{event['at']}  {event['says']}")
    if not view["complete"]:
        click.echo("Some uses in the middle are left out: `audit export` has them all.", err=True)


def _change(who: str, change: AccountChange, reason: str, by: str, *, as_json: bool) -> None:
    async def do(tools: Tools) -> Overview:
        user_id = await get_person(tools.users, who)
        try:
            await tools.administer(user_id, change, _deed(reason, by))
        except LastAdminError:
            fail("nobody else is an admin: give somebody else the role first")
        except ConflictError:
            fail("they are to be erased: `inphora-auth erase-user --cancel` takes that back")
        return await _overview(tools, user_id)

    _show(_run(do), as_json=as_json)


async def _overview(tools: Tools, user_id: str) -> Overview:
    found = await tools.administration.find(user_id)
    return found or fail("the account was erased meanwhile")


def _show(found: Overview, *, as_json: bool) -> None:
    user = found.user
    plain = f"{user.email:<40}{', '.join(user.roles) or '-':<20}{user.id}  {found.status}"
    click.echo(json.dumps(overview_view(found)) if as_json else plain)


def _progress(ended: int) -> None:
    click.echo(f"{ended} sessions ended so far", err=True)


def _deed(reason: str, by: str) -> Deed:
    return Deed(by, reason, _origin())


def _origin() -> Origin:
    return Origin(request_id=token_hex(16))


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    policy, hasher = session_policy(settings), PasswordHasher(threads=1)
    try:
        async with open_stores(settings) as stores:
            database, events, sealer = stores.database, stores.events, stores.sealer
            people, records = UserRecords(database), SessionRecords(database)
            live = LiveSessions(stores.scripts, policy)
            revocations = Revocations(records, keep=timedelta(), now_ms=now_ms)
            administration = Administration(database, policy)
            search = AuditSearch(database, PersonKeys(database, sealer, token_bytes))
            yield Tools(
                users=people,
                policy=policy,
                create_user=CreateUser(
                    people, hasher, password_policy(settings), sealer, events, lambda: str(uuid4())
                ),
                administration=administration,
                administer=AdministerAccount(
                    AdminChanges(database),
                    live,
                    revocations,
                    events,
                ),
                revoke_everybody=RevokeEverybody(records, live, revocations, events, now_ms),
                read_timeline=ReadTimeline(administration, search, events),
            )
    finally:
        hasher.close()


def _run(work: Callable[[Tools], Awaitable[T]]) -> T:
    return run(_open_tools, work)
