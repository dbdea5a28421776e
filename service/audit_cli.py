"""The commands of auditors and of whoever looks after dead letters."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes, token_hex
from typing import Any, TypeVar

import click

from config.logging import configure_logging
from config.settings import Settings, read_settings
from service.arguments import line_of
from service.contracts.events import EventType, Outcome
from service.domain.audit_rows import to_csv, to_ndjson
from service.domain.instants import to_ms, to_rfc3339
from service.domain.secrets import at_rest
from service.domain.sessions import Origin
from service.domain.signed import kid_of
from service.operations.export_audit import ExportAudit
from service.operations.replay_dead_letters import ReplayDeadLetters, Replayed
from service.operations.verify_audit import Verdict, VerifyAudit
from service.outbound.checkpoint_sinks import CheckpointSink, open_sink
from service.refusals import fail, refusals
from service.store.audit import AuditRecords
from service.store.audit_filters import Filters
from service.store.audit_search import AuditSearch
from service.store.checkpoints import Checkpoints
from service.store.database import Database, open_engine
from service.store.dead_letters import DeadLetters
from service.store.event_log import EventLog
from service.store.person_keys import PersonKeys
from service.store.redis_pool import open_redis
from service.store.script_client import ScriptClient

PUBLIC_KEY_BYTES = 32
COMMAND_SECONDS = 2.0
STATEMENT_SECONDS = 3600.0
"""Sorting or counting all of the audit takes its time."""
SHORT = line_of(64)
INSTANT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])
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


@click.group()
def events() -> None:
    """Look after the events on their way into the audit."""


@events.group()
def dead() -> None:
    """Stream entries that could not become audit rows."""


@dead.command("list")
@click.option("--all", "replayed", is_flag=True, help="Also those that were replayed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_dead(*, replayed: bool, as_json: bool) -> None:
    """Show them, the oldest first, without what may be about a person."""

    async def show(tools: Tools) -> None:
        async for letter in tools.letters.kept(replayed=replayed):
            received = to_rfc3339(to_ms(letter.received_at))
            if as_json:
                shown = {
                    "id": letter.id,
                    "partition": letter.partition,
                    "stream_id": letter.stream_id,
                    "received_at": received,
                    "replayed": letter.replayed_at is not None,
                    "error": letter.error,
                    "fields": letter.shown,
                }
                click.echo(json.dumps(shown))
            else:
                kind = letter.shown.get("type", "-")
                done = "  (replayed)" if letter.replayed_at else ""
                click.echo(f"{letter.id:<8}{received}  {kind:<24}{letter.error[:120]}{done}")

    _run(show)


@dead.command("replay")
@click.argument("ids", type=int, nargs=-1)
def replay_dead(ids: tuple[int, ...]) -> None:
    """Try again to store them: those of these IDS, or all. Exit code 1 if one stays."""

    async def try_again(tools: Tools) -> Replayed:
        return await tools.replay(ids)

    replayed = _run(try_again)
    for letter_id, error in replayed.refused.items():
        click.echo(f"{letter_id:<8}{error}", err=True)
    click.echo(f"{replayed.stored} replayed, {len(replayed.refused)} stay")
    sys.exit(1 if replayed.refused else 0)


@dataclass(frozen=True, slots=True)
class Tools:
    """What these commands work with."""

    verify: VerifyAudit
    export: ExportAudit
    checkpoints: Checkpoints
    sink: CheckpointSink | None
    letters: DeadLetters
    replay: ReplayDeadLetters


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    engine = open_engine(
        settings.database_url.get_secret_value(), connections=2, seconds=STATEMENT_SECONDS
    )
    redis = open_redis(settings.redis_dsn, timeout=COMMAND_SECONDS)
    scripts = ScriptClient(redis)
    database, sealer = Database(engine), at_rest(settings.secrets, token_bytes)
    person_keys = PersonKeys(database, sealer, token_bytes)
    checkpoints = Checkpoints(database, sealer, _now_ms)
    letters = DeadLetters(database, person_keys)
    sink, token = settings.audit_checkpoint_sink, settings.checkpoint_token
    try:
        async with open_sink(sink, token=token) as opened:
            yield Tools(
                verify=VerifyAudit(database, checkpoints),
                export=ExportAudit(AuditSearch(database, person_keys), EventLog(scripts)),
                checkpoints=checkpoints,
                sink=opened,
                letters=letters,
                replay=ReplayDeadLetters(letters, AuditRecords(database, person_keys, _now_ms)),
            )
    finally:
        await scripts.aclose()
        await redis.aclose()
        await engine.dispose()


def _run(work: Callable[[Tools], Awaitable[T]]) -> T:
    settings = read_settings()
    configure_logging(level="error", form="console", process="cli")

    async def with_tools() -> T:
        async with _open_tools(settings) as tools:
            return await work(tools)

    with refusals():
        return asyncio.run(with_tools())


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


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
