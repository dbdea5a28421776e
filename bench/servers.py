"""Every process of a run: started, awaited, pinned, and gone when the run is, however it ends."""

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from signal import SIGTERM
from urllib.error import URLError
from urllib.request import urlopen

from redis import Redis

from bench.cores import Cores, pinned
from bench.errors import BenchError
from service.contracts import keys
from service.embedded import start_postgres, start_valkey
from service.embedded.leash import Leash
from service.store.migrations.run import migrate

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
TAIL_LINES = 15
LAST = ("nice", "-n", "19")


@dataclass(frozen=True, slots=True)
class Stores:
    """A migrated PostgreSQL and a Valkey, and the settings of a process on them."""

    home: Path
    database_url: str
    redis_url: str
    environment: Mapping[str, str]

    def backlog(self) -> int:
        """How many events wait for the worker."""
        with Redis.from_url(self.redis_url) as redis:
            return sum(
                int(redis.xlen(keys.events(partition))) for partition in range(keys.PARTITIONS)
            )


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers on 127.0.0.1."""

    pid: int
    port: int


@contextmanager
def stores(home: Path) -> Iterator[Stores]:
    """The embedded stores; nothing waits for the disk, which is not what is measured."""
    with (
        start_postgres(home / "postgres", durable=False) as postgres,
        start_valkey(home / "valkey", durable=False) as valkey,
    ):
        migrate(postgres.url)
        settings = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "SECRET_KEY": token_hex(32),
            "ACCESS_TOKEN_TTL": "86400",  # a long run must not outlive its tokens
            "RATE_LIMITS": "dry-run",  # counted, but one address may send everything
        }
        yield Stores(home, postgres.url, valkey.url, settings)


@contextmanager
def service(
    on: Stores, cores: Cores, *, module: Sequence[str] = ("service",), changes: Mapping[str, str]
) -> Iterator[Server]:
    """One web process of the service, alone on its core; `changes` are settings of the caller's."""
    port = _free_port()
    environment = {**on.environment, **changes, "PORT": str(port)}
    command = [*module, "serve", "--host", "127.0.0.1"]
    with _running("service", command, environment, on.home, cores.server) as leash:
        _await(f"http://127.0.0.1:{port}/api/health/ready", leash, on.home / "service.log")
        yield Server(leash.pid, port)


@contextmanager
def bare(home: Path, cores: Cores) -> Iterator[Server]:
    """The ceiling, on the same core as the service."""
    port = _free_port()
    with _running("bare", ["bench.bare", str(port)], {}, home, cores.server) as leash:
        _await(f"http://127.0.0.1:{port}/", leash, home / "bare.log")
        yield Server(leash.pid, port)


@contextmanager
def worker(on: Stores, cores: Cores) -> Iterator[None]:
    """The worker, with the stores and the client, and behind them: it catches up after a round."""
    with _running("worker", ["workers"], on.environment, on.home, cores.others, prefix=LAST):
        yield


@contextmanager
def ingesting_worker(on: Stores, cores: Cores) -> Iterator[int]:
    """The worker, on any core like its stores; its process id, once it drains."""
    every = cores.server | cores.others
    with _running("worker", ["workers"], on.environment, on.home, every) as leash:
        deadline = time.monotonic() + START_SECONDS
        with Redis.from_url(on.redis_url) as redis:
            while leash.alive and not redis.exists(keys.HEARTBEAT):
                if time.monotonic() > deadline:
                    break
                time.sleep(POLL_SECONDS)
            if not redis.exists(keys.HEARTBEAT):
                message = "the worker did not start"
                raise BenchError(message)
        yield leash.pid


@contextmanager
def _running(
    name: str,
    module: Sequence[str],
    environment: Mapping[str, str],
    home: Path,
    cores: frozenset[int],
    *,
    prefix: Sequence[str] = (),
) -> Iterator[Leash]:
    with (home / f"{name}.log").open("ab") as log, pinned(cores):
        leash = Leash(
            [sys.executable, "-m", *module],
            prefix=prefix,
            stop_signal=SIGTERM,
            pid_file=home / f"{name}.pid",
            log=log,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **environment},
        )
    try:
        yield leash
    finally:
        leash.stop(STOP_SECONDS)


def _await(url: str, leash: Leash, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while leash.alive and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - our own
                return
        except (URLError, OSError):
            time.sleep(POLL_SECONDS)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
    message = f"{url} did not answer; the end of its log:\n{tail}"
    raise BenchError(message)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
