"""What the workers say of themselves, as metrics: any web process tells all of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.contracts.vitals import JobTally, Vitals
from service.store.health import WorkerState

WORKER_COUNTS: dict[str, tuple[str, Callable[[Vitals], float]]] = {
    "events_stored": ("events this worker took to the tables", lambda vitals: vitals.stored),
    "event_batches": ("transactions it did that in", lambda vitals: vitals.batches),
    "dead_letters": ("entries it could not store", lambda vitals: vitals.dead),
    "mails_sent": ("mails that a mail server took from it", lambda vitals: vitals.mails_sent),
    "mails_failed": ("mails that it gave up", lambda vitals: vitals.mails_failed),
}
JOB_COUNTS: dict[str, tuple[str, Callable[[JobTally], float]]] = {
    "job_runs": ("runs that did their work", lambda tally: tally.done),
    "job_failures": ("runs that failed", lambda tally: tally.failed),
    "job_skips": ("ticks at which the last run was still under way", lambda tally: tally.skipped),
    "job_seconds": ("what all runs took together", lambda tally: tally.seconds),
}


@dataclass(frozen=True, eq=False)
class WorkerMetrics(Collector):
    """The streams' backlog, and what each worker has counted since it started."""

    state: WorkerState
    now_ms: int

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks for."""
        if (beat_ms := self.state.last_heartbeat_ms) is not None:
            yield GaugeMetricFamily(
                "inphora_worker_heartbeat_age_seconds",
                "since a worker last proved that jobs run and streams are drained",
                value=self._age(beat_ms),
            )
        yield from self._streams()
        yield from self._mails()
        for name, (help_, count) in WORKER_COUNTS.items():
            family = CounterMetricFamily(f"inphora_worker_{name}", help_, labels=("worker",))
            for worker, vitals in self.state.vitals.items():
                family.add_metric((worker,), count(vitals))
            yield family
        for name, (help_, of) in JOB_COUNTS.items():
            family = CounterMetricFamily(f"inphora_worker_{name}", help_, labels=("worker", "job"))
            for worker, vitals in self.state.vitals.items():
                for job, tally in vitals.jobs.items():
                    family.add_metric((worker, job), of(tally))
            yield family
        yield self._last_done()

    def _streams(self) -> Iterator[Metric]:
        backlog = GaugeMetricFamily(
            "inphora_events_backlog", "events that are in no table yet", labels=("partition",)
        )
        lag = GaugeMetricFamily(
            "inphora_events_lag_seconds", "age of the oldest of them", labels=("partition",)
        )
        for stream in self.state.streams:
            label = (f"{stream.partition:02d}",)
            backlog.add_metric(label, stream.backlog)
            lag.add_metric(label, 0 if stream.oldest_ms is None else self._age(stream.oldest_ms))
        yield from (backlog, lag)

    def _mails(self) -> Iterator[Metric]:
        """As the worker saw them that looked last."""
        told = max(self.state.vitals.values(), key=lambda vitals: vitals.mails_at_ms, default=None)
        if told is None or not told.mails_at_ms:
            return
        oldest_ms = told.mails_oldest_ms
        yield GaugeMetricFamily("inphora_mails_waiting", "mails to be sent", told.mails_waiting)
        yield GaugeMetricFamily(
            "inphora_mails_oldest_age_seconds",
            "age of the oldest of them",
            value=self._age(oldest_ms) if oldest_ms else 0,
        )

    def _last_done(self) -> Metric:
        """The newest success of any worker: what an alert on a job should look at."""
        family = GaugeMetricFamily(
            "inphora_job_last_done_age_seconds", "since any worker finished it", labels=("job",)
        )
        newest: dict[str, int] = {}
        for vitals in self.state.vitals.values():
            for job, tally in vitals.jobs.items():
                newest[job] = max(newest.get(job, 0), tally.done_ms)
        for job, done_ms in newest.items():
            if done_ms:
                family.add_metric((job,), self._age(done_ms))
        return family

    def _age(self, at_ms: int) -> float:
        return max(self.now_ms - at_ms, 0) / 1000
