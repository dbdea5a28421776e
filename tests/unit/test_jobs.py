"""Jobs come when they should, once at a time, and what came of them is counted."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from arq.cron import next_cron

from service.contracts.vitals import JobTally, Vitals
from service.domain.errors import ServiceUnavailableError
from workers.jobs import JOBS, Job
from workers.runs import JobRuns

NOW_MS = 1_789_000_000_000


@pytest.fixture
def vitals() -> Vitals:
    return Vitals()


@pytest.fixture
def runs(vitals: Vitals) -> JobRuns:
    return JobRuns(vitals, lambda: NOW_MS)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_comes_as_often_as_it_says(job: Job) -> None:
    """Through an hour and over its edge, by the clock that arq goes by."""
    minutes, seconds = job.ticks()
    at = next_cron(datetime(2026, 11, 23, 23, 0, tzinfo=UTC), minute=minutes, second=seconds)
    until = at + max(timedelta(minutes=90), timedelta(seconds=3 * job.every))
    while at < until:
        then = next_cron(at, minute=minutes, second=seconds)
        assert then - at == timedelta(seconds=job.every)
        at = then


def test_names_are_of_one_job_each() -> None:
    """A name is what the queue, the log and the metrics call it."""
    assert len({job.name for job in JOBS}) == len(JOBS)


async def test_one_run_at_a_time(runs: JobRuns, vitals: Vitals) -> None:
    """A tick finds the last run under way: it is skipped, and the next one is not."""
    free, ran = asyncio.Event(), []

    async def work() -> None:
        ran.append(1)
        await free.wait()

    first = asyncio.create_task(runs("slow", work, seconds=60))
    await asyncio.sleep(0)
    await runs("slow", work, seconds=60)
    free.set()
    await first
    await runs("slow", work, seconds=60)
    assert len(ran) == 2
    tally = vitals.jobs["slow"]
    assert (tally.done, tally.skipped, tally.failed, tally.done_ms) == (2, 1, 0, NOW_MS)


@pytest.mark.parametrize("error", [ServiceUnavailableError(), ConnectionError(), KeyError("bug")])
async def test_a_failure_is_counted_and_ends_nothing(
    runs: JobRuns, vitals: Vitals, error: Any
) -> None:
    """The next run goes on as if nothing had been."""

    async def fail() -> None:
        raise error

    async def work() -> None:
        pass

    await runs("job", fail, seconds=60)
    assert (vitals.jobs["job"].failed, vitals.jobs["job"].done_ms) == (1, 0)
    await runs("job", work, seconds=60)
    assert (vitals.jobs["job"].failed, vitals.jobs["job"].done) == (1, 1)


async def test_a_job_that_takes_too_long_is_cut_short(runs: JobRuns, vitals: Vitals) -> None:
    """By its own limit; that is a failure."""
    await runs("job", asyncio.Event().wait, seconds=0)
    assert (vitals.jobs["job"].failed, vitals.jobs["job"].done) == (1, 0)


async def test_a_worker_that_ends_is_no_failure(runs: JobRuns, vitals: Vitals) -> None:
    """What is cut short at a deploy was not the job's fault."""
    ending = asyncio.create_task(runs("job", asyncio.Event().wait, seconds=60))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert (vitals.jobs["job"].failed, vitals.jobs["job"].done) == (0, 0)


def test_vitals_of_another_release() -> None:
    """Fields come and go between releases; what both know is read."""
    vitals = Vitals(at_ms=5, stored=7, jobs={"a": JobTally(done=2, seconds=0.5)})
    assert Vitals.from_json(vitals.to_json().encode()) == vitals
    other = b'{"at_ms":5,"new":1,"jobs":{"a":{"done":2,"new":1}}}'
    assert Vitals.from_json(other) == Vitals(at_ms=5, jobs={"a": JobTally(done=2)})
