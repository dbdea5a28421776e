"""python -m bench: figures of this machine, in one run."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

import click
import uvloop

from bench import enumeration as enumeration_of
from bench import people, profiling, report, rounds, servers
from bench.analytics import DAYS, END, measure_analytics
from bench.cores import Cores, pinned, resident_bytes
from bench.errors import BenchError
from bench.ingest import measure_ingest
from bench.memory import measure_memory
from bench.rounds import Plan
from bench.routes import SERVICE_ROUTES, Visitor
from bench.traffic import Size
from service.embedded import EmbeddedError, start_postgres
from service.store.migrations.run import migrate

JSON_OPTION = click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Also write every figure there."
)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--connections", default=64, show_default=True, type=click.IntRange(1, 4096))
@click.option("--rounds", "count", default=8, show_default=True, type=click.IntRange(1, 1000))
@click.option(
    "--seconds", default=1.0, show_default=True, type=click.FloatRange(0.2, 600), help="Per round."
)
@click.option("--only", default=",".join(SERVICE_ROUTES), show_default=True)
@click.option(
    "--profile", type=click.Choice(SERVICE_ROUTES), help="Where a route's time goes, instead."
)
@JSON_OPTION
@click.pass_context
def main(
    context: click.Context,
    connections: int,
    count: int,
    seconds: float,
    only: str,
    profile: str | None,
    json_file: Path | None,
) -> None:
    """Measure me, refresh and login against a bare aiohttp handler on uvloop."""
    if context.invoked_subcommand is not None:
        return
    routes = [name.strip() for name in only.split(",") if name.strip()]
    unknown = sorted(set(routes) - set(SERVICE_ROUTES))
    if unknown or not routes:
        known = f"choose from {', '.join(SERVICE_ROUTES)}"
        raise click.BadParameter(known, param_hint="--only")
    plan = Plan(routes, connections, count, seconds)
    with running() as (home, cores):
        if profile:
            profile_route(profile, plan, home, cores)
        else:
            compare(plan, home, cores, json_file)


@main.command()
@click.option("--sessions", default=100_000, show_default=True, type=click.IntRange(1000))
@JSON_OPTION
def memory(sessions: int, json_file: Path | None) -> None:
    """Measure what a session costs Valkey, and whether refresh minds how many there are."""
    with running() as (home, _):
        figures = uvloop.run(measure_memory(home, sessions, say))
        click.echo(f"\n{figures.text()}")
        keep(json_file, figures.as_json())


@main.command()
@click.option("--events", default=100_000, show_default=True, type=click.IntRange(1000))
@click.option("--rounds", "count", default=3, show_default=True, type=click.IntRange(1, 100))
@JSON_OPTION
def ingest(events: int, count: int, json_file: Path | None) -> None:
    """Measure how many events a worker stores, next to a bare COPY of the same rows."""
    with running() as (home, cores), servers.stores(home) as on:
        figures = uvloop.run(measure_ingest(on, cores, events=events, rounds=count, say=say))
        click.echo(f"\n{figures.text()}")
        keep(json_file, figures.as_json())


@main.command()
@click.option("--sessions", default=1_000_000, show_default=True, type=click.IntRange(1000))
@click.option("--people", default=100_000, show_default=True, type=click.IntRange(100))
@click.option("--rounds", "count", default=3, show_default=True, type=click.IntRange(1, 100))
@click.option("--plans", type=click.Path(path_type=Path), help="Also write query plans there.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Keep the database there, and use it again; else it goes with the run.",
)
@JSON_OPTION
def analytics(
    sessions: int,
    people: int,
    count: int,
    plans: Path | None,
    data_dir: Path | None,
    json_file: Path | None,
) -> None:
    """Measure every question of the analytics over 90 days of traffic, ten events a session."""
    size = Size(sessions, people, DAYS, END)
    with running() as (home, cores), pinned(cores.server | cores.others):
        with start_postgres(data_dir or home / "postgres", durable=False) as postgres:
            migrate(postgres.url)
            figures = uvloop.run(
                measure_analytics(
                    postgres.url, size, rounds=count, say=say, explain=plans is not None
                )
            )
        click.echo(f"\n{figures.text()}")
        keep(json_file, figures.as_json())
        if plans is not None:
            plans.write_text(figures.plans)


@main.command()
@click.option("--pairs", default=500, show_default=True, type=click.IntRange(40, 100_000))
@click.option("--seed", default=1, show_default=True)
def enumeration(pairs: int, seed: int) -> None:
    """Compare what known and unknown addresses cost, in turn, on every route that takes one."""
    with running() as (home, cores), servers.stores(home) as on:
        count = pairs + enumeration_of.WARM
        emails = uvloop.run(people.add_people(on.database_url, count + 1))
        with servers.service(on, cores, changes=enumeration_of.SETTINGS) as server:
            (visitor,) = people.sign_in(server.port, emails[:1])
            say(f"Asking for {pairs} known and as many unknown, {len(enumeration_of.ROUTES)} times")
            token, known = visitor.access_token, emails[1:]
            found = enumeration_of.compare(server.port, token, known, seed=seed)
    click.echo(f"\n{enumeration_of.table(found)}")


def compare(plan: Plan, home: Path, cores: Cores, json_file: Path | None) -> None:
    """All rounds, and the table."""
    with ExitStack() as stack:
        on = stack.enter_context(servers.stores(home))
        server = stack.enter_context(servers.service(on, cores, changes={}))
        ceiling = stack.enter_context(servers.bare(home, cores))
        stack.enter_context(servers.worker(on, cores))
        visitors = enter(plan, on, server)
        measured = uvloop.run(
            rounds.measure(plan, ceiling=ceiling, server=server, on=on, visitors=visitors, say=say)
        )
        rss = {"service": resident_bytes(server.pid), "bare": resident_bytes(ceiling.pid)}
    click.echo(f"\n{report.table(plan, measured, rss)}")
    if not cores.apart:
        click.echo("one core only: client, stores and server shared it, so do not trust req/s")
    keep(json_file, rounds.as_json(measured, rss))


def profile_route(route: str, plan: Plan, home: Path, cores: Cores) -> None:
    """One long round of one route under the sampler."""
    samples = home / "samples.json"
    module = ("bench.sampled", str(samples))
    with ExitStack() as stack:
        on = stack.enter_context(servers.stores(home))
        stack.enter_context(servers.worker(on, cores))
        with servers.service(on, cores, module=module, changes={}) as server:
            visitors = enter(plan, on, server)
            say(f"Sampling {route} …")
            seconds = plan.rounds * plan.seconds
            result = uvloop.run(profiling.sample(route, server, visitors, seconds))
    click.echo(f"\n{profiling.describe(profiling.read(samples), result.cpu_us)}")


def enter(plan: Plan, on: servers.Stores, server: servers.Server) -> list[Visitor]:
    """Somebody signed in for each connection."""
    emails = uvloop.run(people.add_people(on.database_url, plan.connections))
    say(f"Signing {plan.connections} people in …")
    visitors = people.sign_in(server.port, emails)
    rounds.settle(on)
    return visitors


@contextmanager
def running() -> Iterator[tuple[Path, Cores]]:
    """A directory and cores for one run; a BenchError, Ctrl-C or SIGTERM ends it in one line."""
    signal.signal(signal.SIGTERM, _interrupt)
    cores = Cores.choose()
    try:
        with TemporaryDirectory(prefix="inphora-bench-") as name, pinned(cores.others):
            say("Starting …")
            yield Path(name), cores
    except (BenchError, EmbeddedError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted")


def keep(path: Path | None, figures: object) -> None:
    """Write figures where they were wanted."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=2) + "\n")


say: Callable[[str], None] = partial(print, flush=True)


def fail(message: str) -> NoReturn:
    """Say why on standard error and end with exit code 1."""
    click.echo(f"bench: {message}", err=True)
    sys.exit(1)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
