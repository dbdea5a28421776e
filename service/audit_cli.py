"""The commands of auditors."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes, token_hex
from typing import Any, TypeVar

import click

from config.settings import Settings
from service.arguments import line_of
from service.clocks import now_ms
from service.commands import INSTANT, open_stores, run
from service.contracts.events import EventType, Outcome
from service.domain.audit_rows import to_csv, to_ndjson
from service.domain.sessions import Origin
from service.domain.signed import kid_of
from service.operations.export_audit import ExportAudit
from service.operations.verify_audit import Verdict, VerifyAudit
from service.outbound.checkpoint_sinks import CheckpointSink, open_sink
from service.refusals import fail
from service.store.audit_filters import Filters
from service.store.audit_search import AuditSearch
from service.store.checkpoints import Checkpoints
from service.store.person_keys import PersonKeys

PUBLIC_KEY_BYTES = 32
STATEMENT_SECONDS = 3600.0
"""Sorting or counting all of the audit takes its time."""
SHORT = line_of(64)
T = TypeVar("T")


@click.group()
def audit() -> None:
    """Prove what happened."""


@audit.command()
@click.option(
    "--checkpoints",
    "file",
    type=click.File(encoding="utf-8", errors="replace"),
    help="Also hold the audit against checkpoints that AUDIT_CHECKPOINT_SINK kept.",
)
@click.option(
    "--public-key",
    "public_keys",
    multiple=True,
    metavar="HEX",
    help="Believe checkpoints of this key, instead of the one that SECRET_KEY opens.",
)
def verify(file: Iterator[str] | None, public_keys: tuple[str, ...]) -> None:
    """Check every row and checkpoint; name the first bad row of each partition. Exit code 1."""
    keys = dict(map(_public_key, public_keys)) or None
    exported = [line for line in file or () if line.strip()]
    with _progress() as (begin, progress):

        async def check(tools: Tools) -> Verdict:
            return await tools.verify(
                exported=exported, public_keys=keys, begin=begin, progress=progress
            )

        verdict = _run(check)
    for flaw in verdict.flaws:
        click.echo(click.style("BAD  ", fg="red") + str(flaw))
    if verdict.flaws:
        sys.exit(1)
    click.echo(
        click.style("ok   ", fg="green")
        + f"{verdict.rows} rows are what was written; {verdict.checkpoints} checkpoints hold"
    )
    if verdict.dropped:
        click.echo(
            f"     {verdict.dropped} more were dropped by retention, all until the end of "
            f"{verdict.until}; {verdict.held} of them are held"
        )
    if not verdict.checkpoints and not exported:
        click.echo(
            "     no checkpoint yet: whoever can write to the database could have "
            "chained all of it anew"
        )


@audit.command()
def checkpoint() -> None:
    """Sign now where the chains end, print it, and give it to AUDIT_CHECKPOINT_SINK."""

    async def sign(tools: Tools) -> str:
        await tools.checkpoints.make()
        while tools.sink is not None and (waiting := await tools.checkpoints.undelivered()):
            for each in waiting:
                await tools.sink.deliver(each)
                await tools.checkpoints.note_delivered(each.number)
        last = await tools.checkpoints.latest()
        return last.to_line() if last else ""

    line = _run(sign)
    if not line:
        fail("nothing has happened yet")
    click.echo(line, nl=False)


@audit.command("public-key")
def public_key() -> None:
    """Print what outsiders check checkpoints with: key id and Ed25519 key in hex."""

    async def show(tools: Tools) -> dict[str, bytes]:
        return await tools.checkpoints.public_keys()

    keys = _run(show)
    if not keys:
        fail("no checkpoint was signed yet; `inphora-auth audit checkpoint` signs one")
    for kid, key in keys.items():
        click.echo(f"{kid}  {key.hex()}")


@audit.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["ndjson", "csv", "chain"]),
    default="ndjson",
    show_default=True,
    help="chain: every row as its hash covers it, personal fields sealed.",
)
@click.option("--user", "user_id", callback=SHORT, help="A user's id.")
@click.option("--session", "session_id", callback=SHORT, help="A session's id.")
@click.option("--type", "types", multiple=True, type=click.Choice([t.value for t in EventType]))
@click.option("--outcome", type=click.Choice([each.value for each in Outcome]))
@click.option("--since", type=INSTANT, help="UTC; that instant too.")
@click.option("--until", type=INSTANT, help="UTC; without that instant.")
@click.option("--ip", callback=SHORT, help="The client's address, as it was written down.")
def export(form: str, since: datetime | None, until: datetime | None, **which: Any) -> None:
    """Write rows to standard output, personal fields opened; that you did stands in the audit."""
    filters = Filters(
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
        **which,
    )
    if form == "chain" and filters.said():
        message = "a chain is exported whole, without filters"
        raise click.UsageError(message)

    async def write(tools: Tools) -> None:
        origin, reason = Origin(request_id=token_hex(16)), "command_line"
        if form == "chain":
            async for row in tools.export.sealed(origin, reason=reason):
                sys.stdout.write(to_ndjson([row]))
            return
        if form == "csv":
            sys.stdout.write(to_csv([], head=True))
        async for rows in tools.export(filters, origin, reason=reason):
            sys.stdout.write(to_csv(rows) if form == "csv" else to_ndjson(rows))

    _run(write)


@dataclass(frozen=True, slots=True)
class Tools:
    """What these commands work with."""

    verify: VerifyAudit
    export: ExportAudit
    checkpoints: Checkpoints
    sink: CheckpointSink | None


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    sink, token = settings.audit_checkpoint_sink, settings.checkpoint_token
    async with (
        open_sink(sink, token=token) as opened,
        open_stores(settings, seconds=STATEMENT_SECONDS) as stores,
    ):
        database = stores.database
        checkpoints = Checkpoints(database, stores.sealer, now_ms)
        search = AuditSearch(database, PersonKeys(database, stores.sealer, token_bytes))
        yield Tools(
            verify=VerifyAudit(database, checkpoints),
            export=ExportAudit(search, stores.events),
            checkpoints=checkpoints,
            sink=opened,
        )


def _run(work: Callable[[Tools], Awaitable[T]]) -> T:
    return run(_open_tools, work)


@contextmanager
def _progress() -> Iterator[tuple[Callable[[int], object], Callable[[int], object]]]:
    """A bar on a terminal, and nothing elsewhere."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1, label="Verifying", file=sys.stderr, hidden=hidden) as bar:

        def begin(rows: int) -> None:
            bar.length = rows

        yield begin, bar.update


def _public_key(text: str) -> tuple[str, bytes]:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        message = "give the 64 hex digits that `audit public-key` prints"
        raise click.BadParameter(message, param_hint="--public-key")
    return kid_of(key), key
