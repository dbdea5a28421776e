"""Where the server's time goes for one route, from samples of its stack."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from signal import SIGUSR1

from bench.errors import BenchError
from bench.rounds import Round, one_round
from bench.routes import Visitor
from bench.servers import Server

TOP = 30
Stacks = Sequence[tuple[Sequence[str], int]]


async def sample(route: str, server: Server, visitors: Sequence[Visitor], seconds: float) -> Round:
    """Load a server that runs under `bench.sampled`, whose samples begin after a second's warmth."""
    asyncio.get_running_loop().call_later(1.0, os.kill, server.pid, SIGUSR1)
    return await one_round(route, server, visitors, seconds=seconds + 1.0)


def read(path: Path) -> Stacks:
    """The samples that the server wrote at its end."""
    return [(stack, count) for stack, count in json.loads(path.read_text())]


def describe(stacks: Stacks, cpu_us: float) -> str:
    """Shares of all samples, and what they are of `cpu_us` a request: by package, by function.

    Raises BenchError when there are none.
    """
    packages: Counter[str] = Counter()
    selves: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for stack, count in stacks:
        leaf = stack[-1]
        packages[_package(leaf)] += count
        selves[leaf] += count
        for name in set(stack):
            totals[name] += count
    every = sum(packages.values())
    if not every:
        message = "no samples: give it more --rounds or --seconds"
        raise BenchError(message)
    for name in [name for name, count in totals.items() if count == every]:
        del totals[name]  # what only runs the loop

    def section(title: str, counts: Counter[str]) -> list[str]:
        rows = [
            f"  {count / every:6.1%} {count / every * cpu_us:7.1f} µs  {name}"
            for name, count in counts.most_common(TOP)
        ]
        return ["", title, *rows]

    return "\n".join(
        [
            f"{every} samples, {cpu_us:.0f} µs CPU a request (sampling included)",
            *section("by package, itself", packages),
            *section("by function, itself", selves),
            *section("by function, with what it calls", totals),
        ]
    )


def _package(place: str) -> str:
    """Our own code by file, other people's by package."""
    file = place.partition(":")[0]
    if file.startswith(("service/", "config/", "python/")):
        return file
    return file.partition("/")[0]
