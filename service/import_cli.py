"""Letting people move in from another system, for operators."""

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import click

from config.settings import Settings
from service.commands import open_stores, run
from service.domain.user_file import LineFault, Newcomer, read_people
from service.operations.import_users import Imported, ImportUsers
from service.store.user_imports import UserImports

FAULTS_SHOWN = 50
TOLD_EVERY = 1000


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    help="By the file's name, unless given: .csv, .ndjson or .jsonl.",
)
@click.option("--dry-run", is_flag=True, help="Check every line and count; add nobody.")
def import_command(file: Path, form: str | None, *, dry_run: bool) -> None:
    """Add people with the password hashes they have: bcrypt, PBKDF2 (Django, passlib), argon2id.

    Every line is checked first; with a fault in any of them nobody is added. Then 200 are added at a
    time; whoever is there already is left as they are, so it can be run again.
    """
    people = _read(file, form or _form_of(file))

    async def load(imports: ImportUsers) -> Imported:
        return await imports(people, said=_said(len(people)), dry=dry_run)

    done = run(_open, load)
    click.echo(
        f"{done.added} {'would be added' if dry_run else 'added'}, "
        f"{done.known} were there already and are as they were"
    )


def _read(file: Path, form: str) -> Sequence[Newcomer]:
    """Everybody in the file, or the end of the command with what is wrong, by line."""
    people: list[Newcomer] = []
    faults: list[LineFault] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for one in read_people(lines, ndjson=form == "ndjson", now=datetime.now(UTC)):
                if isinstance(one, LineFault):
                    faults.append(one)
                else:
                    people.append(one)
    except UnicodeDecodeError:
        message = "the file is not UTF-8"
        raise click.ClickException(message) from None
    for fault in faults[:FAULTS_SHOWN]:
        click.echo(f"{file}:{fault.line}: {fault.message}", err=True)
    if faults:
        more = f", the first {FAULTS_SHOWN} are above" if len(faults) > FAULTS_SHOWN else ""
        click.echo(f"{len(faults)} lines are wrong{more}; nobody was added", err=True)
        sys.exit(1)
    return people


def _form_of(file: Path) -> str:
    forms = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
    if file.suffix.lower() not in forms:
        message = "say --format csv or --format ndjson: the file's name does not"
        raise click.UsageError(message)
    return forms[file.suffix.lower()]


def _said(total: int) -> Callable[[int], None]:
    def say(done: int) -> None:
        if done % TOLD_EVERY == 0:
            click.echo(f"{done} of {total}", err=True)

    return say


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[ImportUsers]:
    async with open_stores(settings) as stores:
        yield ImportUsers(UserImports(stores.database), stores.events, lambda: str(uuid4()))
