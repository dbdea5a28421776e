"""What must not be older or smaller than it is: libraries with known faults below, and bounds of time."""

import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiohttp import http_parser
from redis.asyncio import BlockingConnectionPool, ConnectionPool

from config import gunicorn
from service.store.redis_pool import open_pool, open_redis
from service.web import server

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
FLOORS = {"aiohttp": (3, 14, 4), "pyjwt": (2, 15), "redis": (5, 3)}


ENV = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "REDIS_URL": "redis://127.0.0.1:1",
    "SECRET_KEY": "k" * 40,
}


ASKED = """
import json, sys
import service.app
from workers.main import FINISHING_SECONDS, STOPPING_SECONDS, WorkerSettings as worker
pool = worker.redis_pool.connection_pool
told = {
    "pool": [type(pool).__name__, pool.timeout, pool.connection_kwargs["socket_connect_timeout"],
             pool.connection_kwargs["socket_timeout"]],
    "reads JSON": worker.job_deserializer is json.loads,
    "jobs": [[job.run_at_startup, job.unique] for job in worker.cron_jobs],
    "stops within": FINISHING_SECONDS + STOPPING_SECONDS,
    "modules": list(sys.modules),
}
print(json.dumps(told))
"""


@cache
def a_process() -> dict[str, Any]:
    """What web and worker are made of, in a process that is set up as on a platform."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env={**os.environ, **ENV},
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def numbers(text: str | Any) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


@pytest.mark.parametrize("name", FLOORS)
def test_floors_of_libraries(name: str) -> None:
    """aiohttp 3.14.4, PyJWT 2.15, redis-py 5.3: no older one is installed, or would be."""
    (asked,) = [line for line in PROJECT if re.match(rf"{name}\b", line)]
    floor = re.search(r">=([\d.]+)", asked)
    pins = (ROOT / "requirements.txt").read_text()

    assert numbers(version(name)) >= FLOORS[name]
    assert floor is not None
    assert numbers(floor[1]) >= FLOORS[name]
    pinned = re.search(rf"^{name}(?:\[\w+\])?==([\d.]+)", pins, re.MULTILINE)
    assert pinned is not None
    assert numbers(pinned[1]) >= FLOORS[name]


def test_redis_py_is_one_that_arq_takes() -> None:
    """arq 0.28 wants less than 6."""
    assert numbers(version("redis")) < (6,)


def test_aiohttp_has_its_c_parser() -> None:
    """The one in Python is lenient where request smuggling begins, and slow."""
    assert http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy


def test_stops_within_25_seconds_of_sigterm() -> None:
    """The longest that each process gives to what is in flight, before a platform kills it."""
    assert server.STOP_SECONDS < gunicorn.graceful_timeout < 25
    assert a_process()["stops within"] < 25


def bounds(pool: ConnectionPool | BlockingConnectionPool) -> list[Any]:
    """The seconds that anybody waits for a connection of it, to connect, and to be answered."""
    assert isinstance(pool, BlockingConnectionPool)
    given = pool.connection_kwargs
    return [pool.timeout, given["socket_connect_timeout"], given["socket_timeout"]]


async def test_every_wait_for_redis_is_bounded() -> None:
    """redis-py's default pool turns a silent server into many seconds."""
    assert max(bounds(open_redis("redis://127.0.0.1:1").connection_pool)) <= 1
    assert max(bounds(open_pool("redis://127.0.0.1:1", timeout=1, connections=1, wait=1))) <= 1


def test_arq_has_a_bounded_pool_of_its_own() -> None:
    """arq's own has no read timeout: what a worker really has, and that it takes no pickles."""
    kind, *seconds = a_process()["pool"]

    assert kind == "BlockingConnectionPool"
    assert max(seconds) <= 5
    assert a_process()["reads JSON"]


def test_no_job_runs_once_per_worker() -> None:
    """`run_at_startup` would run a job in every worker at each deploy."""
    jobs = a_process()["jobs"]

    assert jobs
    assert set(map(tuple, jobs)) == {(False, True)}


def test_nothing_cuts_a_stream() -> None:
    """`XADD MAXLEN` and XTRIM drop entries that nobody has read."""
    found = [
        path
        for folder in ("service", "workers")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".lua"}
        and re.search(r"maxlen|xtrim|minid", path.read_text(), re.IGNORECASE)
    ]

    assert found == []


def test_no_default_accounts_outside_dev() -> None:
    """ASVS 6.3.2: neither the service nor a worker so much as loads the demo's people."""
    modules = a_process()["modules"]

    assert {"service.app", "workers.main"} <= set(modules)
    assert not {"service.demo_users", "service.dev"} & set(modules)
