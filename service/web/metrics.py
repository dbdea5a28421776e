"""What one process counts, as Prometheus text (OpenMetrics' older sibling).

Counting is three additions a request; everything else happens when somebody asks. Series are of one
process: behind gunicorn a scrape reaches one of them, which `inphora_process_info` names.
"""

import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Something that is read when it is asked for; `total` for what only grows."""

    name: str
    help: str
    read: Callable[[], float]
    total: bool = False


class Metrics(Collector):
    """Requests by route and status, their durations, and the readings of this process."""

    def __init__(self, readings: Sequence[Reading] = ()) -> None:
        self.readings = list(readings)
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._durations: dict[str, list[int]] = {}
        self._sums: defaultdict[str, float] = defaultdict(float)

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests[method, route, status] += 1
        buckets = self._durations.get(route)
        if buckets is None:
            buckets = self._durations[route] = [0] * (len(SECONDS) + 1)
        buckets[bisect_left(SECONDS, seconds)] += 1
        self._sums[route] += seconds

    def render(self, *others: Collector) -> bytes:
        """Everything, for one scrape."""
        collectors = CollectorRegistry(auto_describe=False)
        for each in (self, *others):
            collectors.register(each)
        return generate_latest(collectors)

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks for."""
        yield InfoMetricFamily(
            "inphora_process", "the process that answers", {"pid": str(os.getpid())}
        )
        requests = CounterMetricFamily(
            "inphora_http_requests",
            "requests answered",
            labels=("method", "route", "status"),
        )
        for (method, route, status), count in self._requests.items():
            requests.add_metric((method, route, str(status)), count)
        yield requests
        yield self._histogram()
        for reading in self.readings:
            kind = CounterMetricFamily if reading.total else GaugeMetricFamily
            yield kind(f"inphora_{reading.name}", reading.help, value=reading.read())

    def _histogram(self) -> HistogramMetricFamily:
        durations = HistogramMetricFamily(
            "inphora_http_request_duration_seconds", "time to answer", labels=("route",)
        )
        bounds = [*(str(bound) for bound in SECONDS), "+Inf"]
        for route, counts in self._durations.items():
            running, buckets = 0, []
            for bound, count in zip(bounds, counts, strict=True):
                running += count
                buckets.append((bound, running))
            durations.add_metric((route,), buckets, self._sums[route])
        return durations
