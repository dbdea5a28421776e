"""The commands of whoever looks after dead letters."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_bytes
from typing import TypeVar

import click

from config.settings import Settings
from service.clocks import now_ms
from service.commands import AS_JSON, open_stores, run
from service.domain.instants import to_ms, to_rfc3339
from service.operations.replay_dead_letters import ReplayDeadLetters, Replayed
from service.store.audit import AuditRecords
from service.store.dead_letters import DeadLetters
from service.store.person_keys import PersonKeys

T = TypeVar("T")


@click.group()
def events() -> None:
    """Look after the events on their way into the audit."""


@events.group()
def dead() -> None:
    """Stream entries that could not become audit rows."""


@dead.command("list")
@click.option("--all", "replayed", is_flag=True, help="Also those that were replayed.")
@AS_JSON
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

    letters: DeadLetters
    replay: ReplayDeadLetters


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    async with open_stores(settings) as stores:
        person_keys = PersonKeys(stores.database, stores.sealer, token_bytes)
        letters = DeadLetters(stores.database, person_keys)
        audit = AuditRecords(stores.database, person_keys, now_ms)
        yield Tools(letters, ReplayDeadLetters(letters, audit))


def _run(work: Callable[[Tools], Awaitable[T]]) -> T:
    return run(_open_tools, work)
