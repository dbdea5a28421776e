"""The commands of whoever looks after webhooks."""

import asyncio
import getpass
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from secrets import token_bytes, token_hex
from typing import TypeVar

import click

from config.settings import Settings
from service.clocks import now_ms
from service.commands import AS_JSON, INSTANT, open_stores, run
from service.domain.errors import NotFoundError
from service.domain.instants import to_datetime
from service.domain.reach import Reach
from service.domain.sessions import Origin
from service.operations.add_webhook import AddWebhook, Told
from service.operations.manage_webhook import ManageWebhook
from service.operations.replay_webhooks import ReplayWebhooks
from service.outbound.urls import check_url
from service.refusals import fail
from service.store.webhook_deliveries import Shown, WebhookDeliveries
from service.store.webhook_endpoints import Endpoint, WebhookEndpoints
from service.webhooks_text import (
    delivery_fields,
    delivery_line,
    endpoint_fields,
    endpoint_state,
    outcome,
)

TEST_SECONDS = 15.0
POLL_SECONDS = 0.2
NO_ENDPOINT = "there is no such endpoint; `inphora-auth webhooks list` shows them"
T = TypeVar("T")


@click.group()
def webhooks() -> None:
    """Tell products of events, by signed requests: docs/webhooks.md."""


@webhooks.command()
@click.argument("url")
@click.option("--type", "types", multiple=True, required=True, help="session.ended, 'user.*', '*'.")
@AS_JSON
def add(url: str, types: tuple[str, ...], *, as_json: bool) -> None:
    """Tell URL of what happens from now on; prints its secret, once."""

    async def do(tools: Tools) -> Told:
        return await tools.add(url, types, origin(), actor())

    _show_secret(_run(do), as_json=as_json)


@webhooks.command("list")
@AS_JSON
def list_endpoints(*, as_json: bool) -> None:
    """Show the endpoints and how they do."""

    async def do(tools: Tools) -> list[Endpoint]:
        return await tools.endpoints.all()

    for each in _run(do):
        if as_json:
            click.echo(json.dumps(endpoint_fields(each)))
        else:
            state = endpoint_state(each)
            click.echo(f"{each.id}  {state:<28}{each.url}\n{'':17}{', '.join(each.types)}")


@webhooks.command()
@click.argument("endpoint")
@click.confirmation_option(prompt="Forget the endpoint, and what waits for it?")
def remove(endpoint: str) -> None:
    """Forget ENDPOINT and its deliveries."""
    _run(lambda tools: tools.manage.remove(endpoint, origin(), actor()))
    click.echo(f"{endpoint} is removed")


@webhooks.command()
@click.argument("endpoint")
def enable(endpoint: str) -> None:
    """Deliver to ENDPOINT again; what waited for it goes first."""
    _run(lambda tools: tools.manage.enable(endpoint, origin(), actor()))
    click.echo(f"{endpoint} is enabled; what waited is sent now")


@webhooks.command()
@click.argument("endpoint")
def disable(endpoint: str) -> None:
    """Deliver to ENDPOINT no more; what happens meanwhile waits for it."""
    changed = _run(lambda tools: tools.manage.disable(endpoint, origin(), actor()))
    click.echo(f"{endpoint} {'is' if changed else 'was already'} disabled")


@webhooks.command("rotate-secret")
@click.argument("endpoint")
@click.option("--keep", type=click.IntRange(0, 720), default=24, show_default=True, metavar="HOURS")
@AS_JSON
def rotate_secret(endpoint: str, keep: int, *, as_json: bool) -> None:
    """Print a new secret for ENDPOINT, once; the former one signs too for HOURS."""

    async def do(tools: Tools) -> Told:
        hours = timedelta(hours=keep)
        return await tools.manage.rotate_secret(endpoint, origin(), actor(), keep=hours)

    _show_secret(_run(do), as_json=as_json)


@webhooks.command()
@click.option("--endpoint", help="Only of this one.")
@click.option("--failed", is_flag=True, help="Only those that were given up.")
@click.option("--waiting", is_flag=True, help="Only those that are still tried.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@AS_JSON
def deliveries(
    endpoint: str | None, limit: int, *, failed: bool, waiting: bool, as_json: bool
) -> None:
    """Show what was sent and what came of it, the newest first."""

    async def do(tools: Tools) -> list[Shown]:
        return await tools.deliveries.newest(
            endpoint_id=endpoint, failed=failed, waiting=waiting, limit=limit
        )

    for each in _run(do):
        click.echo(json.dumps(delivery_fields(each)) if as_json else delivery_line(each))


@webhooks.command()
@click.argument("ids", type=int, nargs=-1)
@click.option("--since", type=INSTANT, help="What was stored from this instant on; UTC.")
@click.option("--endpoint", help="Only of this one.")
@click.option("--failed", is_flag=True, help="Only those that were given up.")
def replay(
    ids: tuple[int, ...], since: datetime | None, endpoint: str | None, *, failed: bool
) -> None:
    """Send again, with the same webhook-id: deliveries of these IDS, or all that options name."""
    if not (ids or since or failed):
        message = "name deliveries by id, or give --since or --failed"
        raise click.UsageError(message)

    async def do(tools: Tools) -> int:
        return await tools.replay(
            origin(),
            actor(),
            ids=ids,
            endpoint_id=endpoint,
            since=since and since.replace(tzinfo=UTC),
            failed=failed,
        )

    click.echo(f"{_run(do)} will be sent again")


@webhooks.command()
@click.argument("endpoint")
def test(endpoint: str) -> None:
    """Send ENDPOINT an event of type webhook.test, by a worker; exit code 1 unless it takes it."""
    tried = _run(partial(_test, endpoint))
    if tried is None:
        fail("there is no such endpoint, or it is disabled; `inphora-auth webhooks list`")
    if tried.last_try_at is None:
        fail(
            "nobody tried it within 15 seconds: no worker runs (`inphora-auth doctor`), or what "
            "waits for a failing endpoint goes first (`inphora-auth webhooks list`)"
        )
    click.echo(delivery_line(tried))
    if tried.delivered_at is None:
        fail(f"it was not taken: {outcome(tried)}; it is tried again")


async def _test(endpoint_id: str, tools: "Tools") -> Shown | None:
    known = {each.id for each in await tools.endpoints.all() if each.disabled_at is None}
    if endpoint_id not in known:
        return None
    at_ms, event_id = now_ms(), f"evt_test_{token_hex(8)}"
    number = await tools.deliveries.add_test(endpoint_id, event_id, to_datetime(at_ms), at_ms)
    deadline = time.monotonic() + TEST_SECONDS
    while True:
        shown = await tools.deliveries.find(number)
        if shown is None or shown.last_try_at is not None or time.monotonic() > deadline:
            return shown
        await asyncio.sleep(POLL_SECONDS)


def origin() -> Origin:
    """What leads from the audit to this command."""
    return Origin(request_id=token_hex(16))


def actor() -> str:
    """Who runs the command, as the system knows them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"


def _show_secret(told: Told, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**endpoint_fields(told.endpoint), "secret": told.secret}))
        return
    click.echo(f"{told.endpoint.id}  {told.endpoint.url}\n{told.secret}")
    click.echo("Give the receiver this secret now: nobody is shown it again.", err=True)


@dataclass(frozen=True, slots=True)
class Tools:
    """What these commands work with."""

    endpoints: WebhookEndpoints
    deliveries: WebhookDeliveries
    add: AddWebhook
    manage: ManageWebhook
    replay: ReplayWebhooks


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Tools]:
    check = partial(check_url, reach=Reach(settings.webhook_private_addresses))
    async with open_stores(settings) as stores:
        database, events = stores.database, stores.events
        endpoints = WebhookEndpoints(database, stores.sealer)
        rows = WebhookDeliveries(database, stores.sealer)
        yield Tools(
            endpoints,
            rows,
            AddWebhook(endpoints, events, check, token_bytes),
            ManageWebhook(endpoints, events, token_bytes, now_ms),
            ReplayWebhooks(rows, events, now_ms),
        )


def _run(work: Callable[[Tools], Awaitable[T]]) -> T:
    async def found(tools: Tools) -> T:
        try:
            return await work(tools)
        except NotFoundError:
            fail(NO_ENDPOINT)

    return run(_open_tools, found)
