"""The commands that give numbers to other tools: files, and a role for BI."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex

import click

from config.settings import Settings
from service.commands import open_stores, run
from service.contracts.analytics_views import EXPORTED
from service.domain.sessions import Origin
from service.operations.export_tables import ExportTables, Written
from service.operations.grant_views import GrantViews
from service.refusals import fail
from service.store.copies import Copies, Format, NoRoomError
from service.store.export_days import ExportDays
from service.store.export_folder import FolderRefusedError
from service.store.view_grants import Granted, RoleRefusedError, ViewGrants

STATEMENT_SECONDS = 600.0
DAY = click.DateTime(["%Y-%m-%d"])


@click.command("export")
@click.option("--table", "tables", multiple=True, required=True, type=click.Choice(list(EXPORTED)))
@click.option(
    "--format",
    "form",
    type=click.Choice([each.value for each in Format]),
    default="parquet",
    show_default=True,
)
@click.option("--from", "since", type=DAY, help="The first day, UTC; the first there is.")
@click.option("--to", "until", type=DAY, help="The day after the last; all there are.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A directory."
)
def export_command(
    tables: tuple[str, ...],
    form: str,
    since: datetime | None,
    until: datetime | None,
    out: Path,
) -> None:
    """Write tables as files, a day each: OUT/sessions/date=2026-11-01/part.parquet.

    Run it again and it writes what is new: a day that is over for 72 hours, to which nothing was
    added and whose file is as it was, is left alone. People are pseudonyms; that you did stands in
    the audit.
    """
    if since and until and until <= since:
        message = "give a later day than --from"
        raise click.BadParameter(message, param_hint="--to")
    origin = Origin(request_id=token_hex(16))
    hidden = not sys.stderr.isatty()
    for table in dict.fromkeys(tables):
        with click.progressbar(length=1, label=table, file=sys.stderr, hidden=hidden) as bar:

            def begin(days: int) -> None:
                bar.length = days

            async def write(tools: Tools) -> Written:
                return await tools.export(
                    table,  # noqa: B023 - likewise
                    Format(form),
                    out,
                    since=since and since.date(),
                    until=until and until.date(),
                    origin=origin,
                    begin=begin,
                    done=bar.update,
                )

            try:
                written = run(_open_tools, write)
            except FolderRefusedError as refusal:
                fail(str(refusal))
            except NoRoomError:
                fail(
                    f"no room is left for {out}: make some and run it again, or give another --out"
                )
        click.echo(
            f"{table}: {written.days} days written with {written.rows} rows, "
            f"{written.kept} left as they were"
        )


@click.command("grant")
@click.argument("role")
def grant_command(role: str) -> None:
    """Let ROLE, a role of PostgreSQL, read the v1_ views and nothing else.

    Run it again after an upgrade, for views that are new. It refuses a role that may do more.
    """

    async def grant(tools: Tools) -> Granted:
        return await tools.grant(role, Origin(request_id=token_hex(16)))

    try:
        granted = run(_open_tools, grant)
    except RoleRefusedError as refusal:
        fail(str(refusal))
    click.echo(f"{role} may read {granted.views} views of the schema analytics")
    if granted.left:
        click.echo("limits are not set: whoever may alter roles still has to run")
        for statement in granted.left:
            click.echo(f"  {statement};")


@dataclass(frozen=True, slots=True)
class Tools:
    """What these commands work with."""

    export: ExportTables
    grant: GrantViews


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    async with open_stores(settings, seconds=STATEMENT_SECONDS) as stores:
        database = stores.database
        yield Tools(
            ExportTables(Copies(database), ExportDays(database), stores.events),
            GrantViews(ViewGrants(database), stores.events),
        )
