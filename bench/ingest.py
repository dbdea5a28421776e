"""Events a second of one worker with the chain on, next to a bare COPY of the rows it wrote."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
from redis.asyncio import Redis
from sqlalchemy import make_url

from bench.cores import Cores, cpu_seconds
from bench.errors import BenchError
from bench.servers import Stores, ingesting_worker
from service.contracts import keys
from service.domain.ids import make_id

PEOPLE = 2000
POLL_SECONDS = 0.01
LONGEST_SECONDS = 600.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0"


@dataclass(frozen=True, slots=True)
class Round:
    """One drain, and COPY of the same rows with the same indexes, and with none."""

    events: int
    seconds: float
    cpu_seconds: float
    copy_seconds: float
    plain_copy_seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All rounds."""

    rounds: Sequence[Round]

    def as_json(self) -> list[Mapping[str, float]]:
        """Every figure."""
        return [asdict(each) for each in self.rounds]

    def text(self) -> str:
        """The best of each column: neighbours only ever make one worse."""
        events = self.rounds[0].events
        worker = events / min(each.seconds for each in self.rounds)
        cpu = min(each.cpu_seconds for each in self.rounds) / events * 1e6
        copy = events / min(each.copy_seconds for each in self.rounds)
        plain = events / min(each.plain_copy_seconds for each in self.rounds)
        return "\n".join(
            [
                f"{'':<44}{'events/s':>12}{'of COPY':>10}",
                f"{'one worker, chain and sealing on':<44}{worker:>12.0f}{worker / copy:>10.2f}",
                f"{'COPY of its rows, the same indexes':<44}{copy:>12.0f}{1:>10.2f}",
                f"{'COPY of its rows, no index':<44}{plain:>12.0f}{plain / copy:>10.2f}",
                "",
                f"Each is the best of {len(self.rounds)} rounds of {events} events, nine in ten of",
                f"them refreshes of {PEOPLE} sessions, whose rows it moves too.",
                f"CPU of the worker: {cpu:.0f} µs an event.",
            ]
        )


async def measure_ingest(
    on: Stores, cores: Cores, *, events: int, rounds: int, say: Callable[[str], None]
) -> Figures:
    """Fill the streams while the worker is halted, then let it run until they are empty."""
    redis: Redis = Redis.from_url(on.redis_url)
    sql = await asyncpg.connect(_plain(on.database_url))
    try:
        sessions = await _add_sessions(sql)
        measured = []
        with ingesting_worker(on, cores) as pid:
            for number in range(rounds):
                say(f"Round {number + 1} of {rounds} …")
                measured.append(await _round(redis, sql, pid, sessions, events))
    finally:
        await redis.aclose()
        await sql.close()
    return Figures(measured)


async def _round(
    redis: Redis, sql: Any, pid: int, sessions: Sequence[tuple[str, str]], events: int
) -> Round:
    await _halt_and_empty(sql, pid)
    try:
        await _fill(redis, sessions, events)
        await sql.execute("checkpoint")
        cpu = cpu_seconds(pid)
        started = time.perf_counter()
    finally:
        os.kill(pid, signal.SIGCONT)
    while await _backlog(redis):
        await asyncio.sleep(POLL_SECONDS)
        if time.perf_counter() - started > LONGEST_SECONDS:
            message = f"the worker is not done after {LONGEST_SECONDS:.0f} s"
            raise BenchError(message)
    seconds = time.perf_counter() - started
    cpu = cpu_seconds(pid) - cpu
    stored = await sql.fetchval("select count(*) from audit_log where hash is not null")
    if stored != events:
        message = f"{stored} rows of {events} events"
        raise BenchError(message)
    os.kill(pid, signal.SIGSTOP)
    try:
        rows = [tuple(row) for row in await sql.fetch("select * from audit_log")]
        copy = await _copy(sql, rows, "including all")
        plain = await _copy(sql, rows, "")
    finally:
        os.kill(pid, signal.SIGCONT)
    return Round(events, seconds, cpu, copy, plain)


async def _halt_and_empty(sql: Any, pid: int) -> None:
    """Halt the worker, but not in the middle of a transaction that reads what is to be emptied."""
    await sql.execute("set lock_timeout = '1s'")
    deadline = time.perf_counter() + LONGEST_SECONDS
    while time.perf_counter() < deadline:
        os.kill(pid, signal.SIGSTOP)
        try:
            await sql.execute("truncate audit_log, audit_heads")
        except asyncpg.LockNotAvailableError:
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(POLL_SECONDS)
        else:
            return
    message = "the worker holds on to the audit's tables"
    raise BenchError(message)


async def _copy(sql: Any, rows: list[tuple[Any, ...]], how: str) -> float:
    await sql.execute(f"create table bare (like audit_log {how})")
    await sql.execute("checkpoint")
    started = time.perf_counter()
    await sql.copy_records_to_table("bare", records=rows)
    seconds = time.perf_counter() - started
    await sql.execute("drop table bare")
    return seconds


async def _backlog(redis: Redis) -> int:
    async with redis.pipeline(transaction=False) as pipeline:
        for partition in range(keys.PARTITIONS):
            pipeline.xlen(keys.events(partition))
        return sum(await pipeline.execute())


async def _add_sessions(sql: Any) -> list[tuple[str, str]]:
    """People with a session each: ids of both."""
    chance, now = Random(1), datetime.now(UTC)  # noqa: S311 - rows, not secrets
    people = [str(UUID(bytes=chance.randbytes(16))) for _ in range(PEOPLE)]
    sessions = [(p, make_id(keys.partition_of(p), chance.randbytes(16))) for p in people]
    await sql.executemany(
        "insert into users (id, email, email_key) values ($1, $2, $2)",
        [(person, f"{person}@bench.example") for person in people],
    )
    await sql.executemany(
        "insert into sessions (id, user_id, created_at, last_used_at, generation, ip, user_agent,"
        " device, amr) values ($1, $2, $3, $3, 1, '192.0.2.1', $4, 'Chrome on Linux', '{pwd}')",
        [(session, person, now, AGENT) for person, session in sessions],
    )
    return sessions


async def _fill(redis: Redis, sessions: Sequence[tuple[str, str]], events: int) -> None:
    chance, start_ms = Random(events), time.time_ns() // 1_000_000  # noqa: S311 - as above
    for first in range(0, events, 2000):
        async with redis.pipeline(transaction=False) as pipeline:
            for n in range(first, min(first + 2000, events)):
                person, session = sessions[chance.randrange(PEOPLE)]
                fields = {
                    "type": "token.refreshed" if n % 10 else "login.succeeded",
                    "at_ms": start_ms + n // 10,
                    "user_id": person,
                    "session_id": session,
                    "generation": 2 + n // PEOPLE,
                    "ip": f"198.51.100.{n % 250}",
                    "user_agent": AGENT,
                    "request_id": f"{n:016x}",
                    "data": '{"tab":"foreground"}'
                    if n % 10
                    else '{"amr":["pwd"],"device":"Chrome on Linux"}',
                }
                pipeline.xadd(keys.events(keys.partition_of(person)), fields)  # type: ignore[arg-type]
            await pipeline.execute()


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
