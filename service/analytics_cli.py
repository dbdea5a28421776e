"""The commands of whoever looks after the analytics."""

import asyncio
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from config.logging import configure_logging
from config.settings import Settings, read_settings
from service.domain.sessions import SessionPolicy
from service.export_cli import export_command, grant_command
from service.operations.simulate_traffic import Made, SimulateTraffic
from service.refusals import fail, refusals
from service.simulation import Plan
from service.store.aggregates import Aggregates
from service.store.database import Database, open_engine
from service.store.event_feed import EventFeed
from service.store.redis_pool import open_redis
from service.store.simulated_arrivals import SimulatedArrivals

COMMAND_SECONDS = 5.0
PAUSE_SECONDS = 0.1
REBUILD_SECONDS = 3600.0
ONE_DAY = timedelta(days=1)
DAY = click.DateTime(["%Y-%m-%d"])
INSTANT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def analytics() -> None:
    """Numbers of how people sign in and stay."""


analytics.add_command(export_command)
analytics.add_command(grant_command)


@analytics.command("simulate")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True)
@click.option("--people", type=click.IntRange(1, 50_000), default=2000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same makes the same.")
@click.option("--end", type=INSTANT, help="UTC, without that instant; now if not given.")
@click.option("--shuffled", is_flag=True, help="In any order, as no stream ever brings it.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="DATA_DIR",
    default=Path("var"),
    help="Of the `dev` that runs: var, or DATA_DIR.",
)
@click.option(
    "--yes-this-database-is-for-tests",
    "sure",
    is_flag=True,
    help="Not only in the database of a `dev`.",
)
def simulate_command(
    days: int,
    people: int,
    seed: int,
    end: datetime | None,
    data_dir: Path,
    *,
    shuffled: bool,
    sure: bool,
) -> None:
    """Make up days of traffic and store it as if it had happened. It cannot be taken back."""
    settings = read_settings()
    configure_logging(level="error", form="console", process="cli")
    if not sure and not _is_dev(settings, data_dir / "dev.env"):
        fail(
            "this is not the database of a `dev` that runs here, and what is made up stands in the "
            "audit for ever: --yes-this-database-is-for-tests if it may"
        )
    plan = Plan(
        end=datetime.now(UTC) if end is None else end.replace(tzinfo=UTC),
        days=days,
        people=people,
        policy=SessionPolicy(
            access_ttl=settings.access_token_ttl,
            idle_ttl=settings.session_idle_ttl,
            max_ttl=settings.session_max_ttl,
            replay_window=settings.refresh_replay_seconds,
        ),
    )
    begun = time.monotonic()
    with refusals(), click.progressbar(length=days, label="days") as bar:

        def move(done: int) -> None:
            if done > bar.pos:  # late events do not move it back
                bar.update(done - bar.pos)

        made = asyncio.run(_simulate(settings, plan, seed, shuffled=shuffled, days_done=move))
        move(days)
    click.echo(
        f"{made.events} events of {made.people} people, {made.sessions} sessions and {made.flows} "
        f"sign-ins over {days} days are stored, after {time.monotonic() - begun:.0f} s"
    )


@analytics.command("rebuild")
@click.option("--from", "since", type=DAY, help="First day, UTC; not before the first there is.")
@click.option("--to", "until", type=DAY, help="Day after the last; not after all there is.")
def rebuild_command(since: datetime | None, until: datetime | None) -> None:
    """Work out again, from the facts, what was added up: counts, active users, flows, concurrency.

    It changes nothing that was right. Facts outlive the audit's rows and the erasure of people, so
    any past can be rebuilt. Numbers can be asked for meanwhile; refreshes wait.
    """
    settings = read_settings()
    configure_logging(level="error", form="console", process="cli")
    begun = time.monotonic()
    with refusals():
        days = asyncio.run(_rebuild(settings, since and since.date(), until and until.date()))
    if days:
        click.echo(f"{days} days are worked out again, after {time.monotonic() - begun:.0f} s")
    else:
        click.echo("nothing to work out: give an earlier --from, or wait until something happened")


async def _rebuild(settings: Settings, since: date | None, until: date | None) -> int:
    """How many days that were."""
    url = settings.database_url.get_secret_value()
    engine = open_engine(url, connections=1, seconds=REBUILD_SECONDS)
    aggregates = Aggregates(Database(engine), settings.analytics_timezones)
    now = datetime.now(UTC)
    try:
        begin = await aggregates.first_day()
        if begin is None:
            return 0
        end = now.date() + 2 * ONE_DAY  # days of zones ahead of UTC
        first, last = max(since or begin, begin), min(until or end, end)
        if first >= last:
            return 0
        with click.progressbar(length=(last - first).days, label="days") as bar:
            await aggregates.rebuild(
                first, last, now, lambda day: bar.update((day - first).days - bar.pos)
            )
    finally:
        await engine.dispose()
    return (last - first).days


async def _simulate(
    settings: Settings,
    plan: Plan,
    seed: int,
    *,
    shuffled: bool,
    days_done: Callable[[int], None],
) -> Made:
    redis = open_redis(settings.redis_dsn, timeout=COMMAND_SECONDS)
    engine = open_engine(
        settings.database_url.get_secret_value(), connections=1, seconds=REBUILD_SECONDS
    )
    database = Database(engine)
    work = SimulateTraffic(
        EventFeed(redis),
        SimulatedArrivals(database, Aggregates(database, settings.analytics_timezones)),
        lambda: datetime.now(UTC),
        lambda: asyncio.sleep(PAUSE_SECONDS),
    )
    try:
        return await work(plan, seed, shuffled=shuffled, days_done=days_done)
    finally:
        await redis.aclose()
        await engine.dispose()


def _is_dev(settings: Settings, file: Path) -> bool:
    """Whether the settings lead to the stores of a running `dev`, as it wrote them down."""
    with suppress(OSError):
        running = dict(word.split("=", 1) for word in shlex.split(file.read_text()))
        return (
            running.get("DATABASE_URL") == settings.database_url.get_secret_value()
            and running.get("REDIS_URL") == settings.redis_url.get_secret_value()
        )
    return False
