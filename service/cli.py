"""The command line. Exit codes: 0 done, 1 failed, 2 wrong usage."""

import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import click

from config.logging import configure_logging
from config.settings import Settings, read_settings
from service.analytics_cli import analytics
from service.audit_cli import audit
from service.clocks import now_ms
from service.commands import AS_JSON, open_stores, run
from service.domain.users import Role, User, email_key
from service.export_cli import export_command, grant_command
from service.letters_cli import events
from service.mail_cli import check_server, mail
from service.operations.create_user import CreateUser
from service.operations.diagnose import LOCAL_HOSTS, Diagnose
from service.operations.diagnose_mail import DiagnoseMail
from service.operations.findings import Finding
from service.persons_cli import erase_user, hold
from service.refusals import fail, refusals
from service.release import VERSION
from service.store.health import RedisHealth
from service.store.mail_queue import MailQueue
from service.store.password_hasher import PasswordHasher
from service.store.users import UserRecords
from service.webhooks_cli import webhooks

PAGE = 200
T = TypeVar("T")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION)
def main() -> None:
    """Inphora Auth: sign-in and sessions. Settings come from the environment."""


main.add_command(analytics)
analytics.add_command(export_command)
analytics.add_command(grant_command)
main.add_command(audit)
main.add_command(events)
main.add_command(erase_user)
main.add_command(hold)
main.add_command(mail)
main.add_command(webhooks)


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    envvar="PORT",
    default=8000,
    help="8000, or PORT; 0 takes a free one.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="DATA_DIR",
    default=Path("var"),
    help="var, or DATA_DIR.",
)
@click.option("--demo-data/--no-demo-data", default=True, help="90 days of made-up traffic, once.")
def dev(port: int, data_dir: Path, *, demo_data: bool) -> None:
    """Run everything here: embedded PostgreSQL and Valkey, web, worker, demo users."""
    from service.dev import DevError, run_dev  # noqa: PLC0415 - needs the dev extra
    from service.embedded import EmbeddedError  # noqa: PLC0415

    try:
        code = run_dev(data_dir, port, prepare=prepare_demo, say=click.echo, demo_data=demo_data)
    except (DevError, EmbeddedError) as error:
        fail(str(error))
    sys.exit(code)


@main.command()
@click.option("--host", default="0.0.0.0", show_default=True)  # noqa: S104 - a platform's way in
@click.option("--port", type=click.IntRange(0, 65_535), help="8000, or PORT.")
def serve(host: str, port: int | None) -> None:
    """Run one web process; behind gunicorn (see the Procfile) there are more."""
    from service.app import serve as run_server  # noqa: PLC0415 - only this needs the web side

    settings = read_settings()
    configure_logging(level=settings.log_level, form=settings.log_format, process="web")
    with refusals():
        run_server(settings, host=host, port=settings.port if port is None else port)


@main.command()
def migrate() -> None:
    """Bring the database to today's schema; safe to run at any time, by several at once."""
    from service.store.migrations.run import migrate as run_migrations  # noqa: PLC0415 - large

    url = read_settings().database_url.get_secret_value()
    with refusals():
        run_migrations(url)
    click.echo("The database is up to date.")


@main.group()
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


@main.command()
def doctor() -> None:
    """Check settings, stores and workers, and say how to mend what is wrong."""

    async def examine(tools: Tools) -> list[Finding]:
        return await tools.diagnose()

    findings = _run(examine)
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.ok else click.style("FAIL", fg="red")
        click.echo(f"{mark}  {finding.what}" + ("" if finding.ok else f"\n      {finding.mend}"))
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


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
    """What commands work with."""

    users: UserRecords
    create_user: CreateUser
    diagnose: Diagnose


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    hasher = PasswordHasher(threads=1)
    try:
        async with open_stores(settings) as stores:
            people, server = UserRecords(stores.database), settings.mail_server
            yield Tools(
                users=people,
                create_user=CreateUser(
                    people, hasher, stores.sealer, stores.events, lambda: str(uuid4())
                ),
                diagnose=Diagnose(
                    RedisHealth(stores.redis),
                    stores.database,
                    settings.public_url,
                    now_ms,
                    settings.geoip_file,
                    DiagnoseMail(
                        MailQueue(stores.database, stores.sealer),
                        partial(check_server, server) if server else None,
                        settings.mail_dir,
                        now_ms,
                        local=urlsplit(settings.public_url).hostname in LOCAL_HOSTS,
                    ),
                ),
            )
    finally:
        hasher.close()


def _run(work: Callable[[Tools], Awaitable[T]]) -> T:
    return run(_open_tools, work)
