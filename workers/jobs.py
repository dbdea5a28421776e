"""Every job of the workers, once: what it does, how often, how long, and what waits when it fails.

No job carries anything of value: each decides from SQL what is due, so a missed tick, a killed
worker or an emptied queue only delays. docs/jobs.md is written from here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from workers.resources import Resources

MINUTE = 60
HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. It runs `every` so many seconds, `after` so many of them, for `seconds` at most.

    `every` divides a minute, or an hour by whole minutes. `late` is what people notice when it
    does not run.
    """

    name: str
    does: str
    every: int
    after: int
    seconds: int
    late: str
    run: Callable[[Resources], Awaitable[object]]

    def ticks(self) -> tuple[set[int] | None, set[int]]:
        """The minutes (None: all) and seconds of the clock when it is due."""
        if self.every <= MINUTE:
            return None, set(range(self.after, MINUTE, self.every))
        first, second = divmod(self.after, MINUTE)
        return set(range(first, MINUTE, self.every // MINUTE)), {second}


async def _apply_ends(resources: Resources) -> int:
    await resources.reapply_ends()
    return await resources.apply_ends()


@dataclass(frozen=True, slots=True)
class Incident:
    """What may happen to any job, and what follows."""

    what: str
    then: str


INCIDENTS = (
    Incident("a tick, several workers", "one of them runs it"),
    Incident(
        "the last run of a job is still under way in this worker",
        "the tick is skipped, so that a slow job leaves room for the others",
    ),
    Incident(
        "it takes longer than it may, or fails",
        "it is cut short; `job.failed` in the log with the reason, "
        "`inphora_worker_job_failures_total`; the next tick does what is left",
    ),
    Incident(
        "PostgreSQL or Redis is away", "`job.store_away` in the log; the next tick tries again"
    ),
    Incident(
        "Redis is away for the queue",
        "arq's worker ends; a new one begins when Redis is back, and the streams are drained "
        "meanwhile",
    ),
    Incident(
        "`SIGTERM`",
        "no new job begins, those under way have 10 s, then they are cut short; the batch of "
        "events under way is stored; the process ends within 25 s with exit code 0",
    ),
    Incident(
        "`kill -9`",
        "another worker takes the unread events after 10 s, and what was due is due at its next "
        "tick",
    ),
)

JOBS = (
    Job(
        name="heartbeat",
        does="proves that jobs run and that the streams are drained, and tells the worker's counts",
        every=5,
        after=0,
        seconds=10,
        late="`/api/health` says that no worker lives",
        run=lambda resources: resources.heartbeat(),
    ),
    Job(
        name="make_exports",
        does="makes the archives that people asked for; drops those that expired",
        every=5,
        after=2,
        seconds=300,
        late="people wait for their archive; expired ones are kept, and given out no more",
        run=lambda resources: resources.make_exports(),
    ),
    Job(
        name="make_tables",
        does="makes the files that analysts asked for, a day at a time; drops those that expired",
        every=5,
        after=4,
        seconds=1800,
        late="analysts wait for their files; expired ones are kept, and given out no more",
        run=lambda resources: resources.make_tables(),
    ),
    Job(
        name="send_mails",
        does="sends the mails that are due; gives up those that nobody takes",
        every=5,
        after=1,
        seconds=300,
        late="people wait for links and notices; none is lost",
        run=lambda resources: resources.send_mails(),
    ),
    Job(
        name="apply_ends",
        does="tells Redis of ends that were committed while it was away, or that it has lost",
        every=10,
        after=3,
        seconds=60,
        late="sign-outs answered 202 are known to the web processes only, by their copy of SQL",
        run=_apply_ends,
    ),
    Job(
        name="finish_erasures",
        does="erases people whose time of grace is over; tells Redis of those it has not heard of",
        every=10,
        after=5,
        seconds=60,
        late="people who asked to be forgotten are signed out and shut out, and not yet erased",
        run=lambda resources: resources.finish_erasures(),
    ),
    Job(
        name="lift_locks",
        does="lets people in again whom an administrator locked out until now",
        every=10,
        after=8,
        seconds=60,
        late="they are locked out for longer than they should",
        run=lambda resources: resources.lift_locks(),
    ),
    Job(
        name="keep_checkpoints",
        does="signs where the audit's chains end, when it is time, and gives that to the sink",
        every=10,
        after=7,
        seconds=300,
        late="the newest audit rows are not yet proven against whoever can write to PostgreSQL",
        run=lambda resources: resources.keep_checkpoints(),
    ),
    Job(
        name="sweep_expired",
        does="ends sessions past a limit",
        every=30,
        after=10,
        seconds=300,
        late="nobody gets in by an expired session; its row and its event come late",
        run=lambda resources: resources.sweep_expired(),
    ),
    Job(
        name="sweep_consumers",
        does="forgets the names of workers that are gone, once nothing is pending for them",
        every=HOUR,
        after=7 * MINUTE,
        seconds=60,
        late="a few bytes of Redis a start of a worker",
        run=lambda resources: resources.sweep_consumers(),
    ),
    Job(
        name="forget_unknown",
        does="makes unreadable what old events say of people whom nobody knows",
        every=HOUR,
        after=17 * MINUTE,
        seconds=60,
        late="addresses of failed sign-ins stay readable for longer than AUDIT_UNKNOWN_DAYS",
        run=lambda resources: resources.forget_unknown(),
    ),
    Job(
        name="sweep_deliveries",
        does="drops webhook deliveries of old",
        every=HOUR,
        after=27 * MINUTE,
        seconds=60,
        late="they take room",
        run=lambda resources: resources.sweep_deliveries(),
    ),
    Job(
        name="keep_months",
        does="makes the audit's tables of the months ahead, and drops those past AUDIT_RETENTION_DAYS",
        every=600,
        after=3 * MINUTE,
        seconds=900,
        late="ingestion makes the month that it misses; the audit is kept for longer than it should",
        run=lambda resources: resources.keep_months(),
    ),
    Job(
        name="sweep_old",
        does="deletes rows past their time: ended sessions, replayed letters, expired "
        "links, old failures, devices trusted no more, what a released hold had kept",
        every=600,
        after=8 * MINUTE,
        seconds=300,
        late="they are kept for longer than they should",
        run=lambda resources: resources.sweep_old(),
    ),
    Job(
        name="rotate_keys",
        does="makes a new signing key every SIGNING_KEY_DAYS; destroys those that sign no more",
        every=600,
        after=5 * MINUTE,
        seconds=60,
        late="the key that signs is older than it should be; nobody notices",
        run=lambda resources: resources.rotate_keys(),
    ),
    Job(
        name="reseal",
        does="seals anew, under SECRET_KEY, what is sealed under SECRET_KEY_PREVIOUS",
        every=600,
        after=6 * MINUTE,
        seconds=500,
        late="SECRET_KEY_PREVIOUS is needed for longer; doctor says so",
        run=lambda resources: resources.reseal(),
    ),
    Job(
        name="tell_live_numbers",
        does="counts who is signed in and what the last 30 minutes brought, for analysts' live view",
        every=10,
        after=4,
        seconds=30,
        late="`/api/analytics/live` is as old as it says; after a minute it answers 503",
        run=lambda resources: resources.tell_live_numbers(datetime.now(UTC)),
    ),
    Job(
        name="refresh_analytics",
        does="takes what happened into the numbers that analysts are shown, also what came late",
        every=2 * MINUTE,
        after=45,
        seconds=3600,  # the first one reads every fact there is
        late="numbers are as old as their watermark says",
        run=lambda resources: resources.refresh_analytics(),
    ),
)
