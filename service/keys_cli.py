"""`inphora-auth keys`: which keys sign access tokens, and how they are replaced (docs/keys.md)."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click

from config.settings import Settings
from service.clocks import now_ms
from service.commands import AS_JSON, open_stores, run
from service.domain.instants import to_rfc3339
from service.domain.key_ring import RingKey
from service.refusals import fail
from service.store.key_rotation import KeyRotation, Rotated
from service.store.resealing import Resealing
from service.store.signing_keys import SigningKeyRecords


@dataclass(frozen=True, slots=True)
class Tools:
    """What these commands work with."""

    records: SigningKeyRecords
    rotation: KeyRotation
    resealing: Resealing
    algorithm: str


@asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[Tools]:
    async with open_stores(settings) as stores:
        records = SigningKeyRecords(stores.database, stores.sealer)
        rotation = KeyRotation(records, stores.events, settings.access_token_ttl)
        resealing = Resealing(stores.database, stores.sealer, stores.events)
        yield Tools(records, rotation, resealing, settings.jwt_algorithm)


@click.group()
def keys() -> None:
    """Show and replace the keys that sign access tokens; seal secrets anew."""


@keys.command("list")
@AS_JSON
def list_keys(*, as_json: bool) -> None:
    """Show every key there ever was, the newest first."""

    async def show(tools: Tools) -> list[RingKey]:
        return await tools.records.everything()

    now = now_ms()
    for key in run(open_tools, show):
        told = {
            "kid": key.key.kid,
            "algorithm": key.key.algorithm,
            "state": key.state(now).value,
            "since": to_rfc3339(_since_ms(key, now)),
            "last_used": key.used_ms and to_rfc3339(key.used_ms),
        }
        plain = (
            f"{told['kid']}  {told['algorithm']:<6} {told['state']:<9}"
            f"since {told['since']}  last used {told['last_used'] or 'never'}"
        )
        click.echo(json.dumps(told) if as_json else plain)


def _since_ms(key: RingKey, now: int) -> int:
    """When it came to be in the state that it is in."""
    steps = (key.published_until_ms, key.retired_ms, key.signs_from_ms, key.created_ms)
    return max((at for at in steps if at is not None and at <= now), default=key.created_ms)


@keys.command()
@click.option("--now", "at_once", is_flag=True, help="Sign with it at once: see docs/keys.md.")
@click.option("--revoke", is_flag=True, help="With --now: no token of any key before is taken.")
def rotate(*, at_once: bool, revoke: bool) -> None:
    """Make a new key of JWT_ALGORITHM; nobody is signed out, and no token dies before its time."""
    if revoke and not at_once:
        fail("--revoke needs --now: without a key that signs at once nothing could be signed")

    async def replace(tools: Tools) -> Rotated:
        if revoke:
            return await tools.rotation.replace_leaked(tools.algorithm)
        return await tools.rotation.rotate(tools.algorithm, at_once=at_once)

    rotated = run(open_tools, replace)
    when = to_rfc3339(rotated.signs_from_ms)
    done = "is new" if rotated.made else "was waiting already"
    click.echo(f"{rotated.kid} ({rotated.algorithm}) {done}; it signs from {when}.")
    if revoke:
        click.echo(
            "Processes refuse all tokens of other keys within a minute; clients refresh by themselves. "
            "Services that keep our keys take those tokens until they read them again."
        )


@keys.command()
def reseal() -> None:
    """Seal all secrets at rest anew, under SECRET_KEY; to be broken off and run again at will."""

    async def work(tools: Tools) -> int:
        await tools.resealing.note_key()
        begin = await tools.resealing.standing()
        click.echo(f"{sum(begin.left.values())} values are not sealed under SECRET_KEY.")
        done = 0
        async for batch in tools.resealing():
            done += batch.resealed
            failed = f", {batch.unreadable} cannot be opened" if batch.unreadable else ""
            click.echo(f"{batch.column}: {batch.resealed}{failed}; {done} so far")
        return sum((await tools.resealing.standing()).left.values())

    left = run(open_tools, work)
    if left:
        fail(f"{left} are left: set SECRET_KEY_PREVIOUS to the key that sealed them, and try again")
    click.echo("All are sealed under SECRET_KEY; doctor says when SECRET_KEY_PREVIOUS may go.")
