"""Figures as a page of text."""

from collections.abc import Mapping, Sequence

from bench.rounds import Best, Plan, Round
from bench.routes import BARE, LOGIN_CONNECTIONS, PATHS

MIB = 1024 * 1024
QUIET = 0.9
"""A closed loop keeps the bare handler busier than this, unless others want its core."""


def table(plan: Plan, measured: Mapping[str, Sequence[Round]], rss_bytes: Mapping[str, int]) -> str:
    """Every route beside the bare handler, and how to read it."""
    ceiling = Best.of(measured[BARE])
    names = ("conns", "req/s", "p50 ms", "p99 ms", "CPU µs", "CPU ratio", "req/s ratio", "busy")
    lines = [" " * 22 + "".join(f"{name:>12}" for name in names)]
    for route, rounds in measured.items():
        best = Best.of(rounds)
        ratios = best.ratios(ceiling)
        lines.append(
            f"{PATHS[route]:<22}{connections(plan, route):>12}{best.requests_per_second:>12.0f}"
            f"{best.p50_ms:>12.2f}{best.p99_ms:>12.2f}{best.cpu_us:>12.1f}"
            f"{ratios['cpu']:>12.3f}{ratios['requests_per_second']:>12.3f}{best.busy:>12.0%}"
        )
    service, bare = (rss_bytes[name] / MIB for name in ("service", BARE))
    lines += [
        "",
        f"memory of the server (RSS): service {service:.0f} MiB, bare handler {bare:.0f} MiB",
        f"Each figure is the best of {plan.rounds} interleaved rounds of {plan.seconds:g} s;",
        "CPU µs is the server's CPU time a request, CPU ratio the bare handler's divided by it.",
    ]
    if ceiling.busy < QUIET:
        lines.append(
            f"The machine was busy: the bare handler had {ceiling.busy:.0%} of its core at best."
            " Only the CPU columns mean something."
        )
    if "login" in measured:
        lines.append("login: argon2 is nearly all of its cost, on purpose.")
    return "\n".join(lines)


def connections(plan: Plan, route: str) -> int:
    """How many a route is measured with."""
    return min(plan.connections, LOGIN_CONNECTIONS) if route == "login" else plan.connections
