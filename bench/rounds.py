"""Interleaved rounds: every route in every round, so that a busy neighbour hits all alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from bench.client import Window, drive
from bench.cores import cpu_seconds
from bench.routes import BARE, Visitor, callers
from bench.servers import Server, Stores

WARM_UP_SECONDS = 0.5
SETTLE_SECONDS = 60.0
SETTLE_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One route in one round. `busy` is the share of a core that the server used."""

    requests: int
    requests_per_second: float
    cpu_us: float
    busy: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, window: Window) -> "Round":
        return cls(
            requests=window.requests,
            requests_per_second=window.requests / window.seconds,
            cpu_us=window.cpu_seconds / window.requests * 1e6,
            busy=window.cpu_seconds / window.seconds,
            p50_ms=percentile(window.latencies, 0.50) * 1e3,
            p99_ms=percentile(window.latencies, 0.99) * 1e3,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best of each figure over a route's rounds: neighbours can only make them worse."""

    requests_per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    busy: float

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> "Best":
        return cls(
            requests_per_second=max(r.requests_per_second for r in rounds),
            cpu_us=min(r.cpu_us for r in rounds),
            p50_ms=min(r.p50_ms for r in rounds),
            p99_ms=min(r.p99_ms for r in rounds),
            busy=max(r.busy for r in rounds),
        )

    def ratios(self, ceiling: "Best") -> dict[str, float]:
        """How much of the ceiling is reached, by CPU and by requests per second."""
        return {
            "cpu": ceiling.cpu_us / self.cpu_us,
            "requests_per_second": self.requests_per_second / ceiling.requests_per_second,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, for how long."""

    routes: Sequence[str]
    connections: int
    rounds: int
    seconds: float


async def measure(
    plan: Plan,
    *,
    ceiling: Server,
    server: Server,
    on: Stores,
    visitors: Sequence[Visitor],
    say: Callable[[str], None],
) -> dict[str, list[Round]]:
    """The rounds of the bare handler and of every route. Raises BenchError for a bad reply."""
    measured: dict[str, list[Round]] = {route: [] for route in (BARE, *plan.routes)}
    for number in range(1, plan.rounds + 1):
        for route, rounds in measured.items():
            target = ceiling if route == BARE else server
            result = await one_round(route, target, visitors, seconds=plan.seconds)
            rounds.append(result)
            waited = settle(on)
            say(
                f"round {number}/{plan.rounds}  {route:<8}"
                f"{result.requests_per_second:>8.0f}/s {result.cpu_us:>8.1f} µs CPU"
                f"  p99 {result.p99_ms:.1f} ms"
                + (f"  (worker drained after {waited:.1f} s)" if waited > 0.5 else "")
            )
    return measured


async def one_round(
    route: str, target: Server, visitors: Sequence[Visitor], *, seconds: float
) -> Round:
    """One route for a while."""
    window = await drive(
        target.port,
        callers(route, visitors),
        warm_up=WARM_UP_SECONDS,
        seconds=seconds,
        cpu=lambda: cpu_seconds(target.pid),
    )
    return Round.of(window)


def settle(on: Stores) -> float:
    """Let the worker finish a round's events, lest it steal from the next; the seconds it took."""
    started = time.monotonic()
    while on.backlog() and time.monotonic() - started < SETTLE_SECONDS:
        time.sleep(SETTLE_POLL_SECONDS)
    return time.monotonic() - started


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed."""
    return ordered[max(ceil(len(ordered) * share) - 1, 0)]


def as_json(
    measured: Mapping[str, Sequence[Round]], rss_bytes: Mapping[str, int]
) -> dict[str, Any]:
    """Every round, and what the table shows of them."""
    ceiling = Best.of(measured[BARE])
    return {
        route: {
            "best": asdict(Best.of(rounds)),
            "ratio": Best.of(rounds).ratios(ceiling),
            "rounds": [asdict(r) for r in rounds],
            "server_rss_bytes": rss_bytes[BARE if route == BARE else "service"],
        }
        for route, rounds in measured.items()
    }
