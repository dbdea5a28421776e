"""Which core the measured server has to itself, and how much of it a process has used."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SCHEDULER_CLOCK = 2  # CPUCLOCK_SCHED of Linux's posix-timers.h


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the server, the others for whoever asks it; the same one if there is no other."""

    server: frozenset[int]
    others: frozenset[int]

    @classmethod
    def choose(cls) -> "Cores":
        """The last core that this process may use, and the rest."""
        allowed = os.sched_getaffinity(0)
        server = frozenset({max(allowed)})
        return cls(server, frozenset(allowed - server) or server)

    @property
    def apart(self) -> bool:
        """Whether the server really is alone."""
        return not self.server & self.others


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, to some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all its threads so far, to the nanosecond.

    The clock of clock_getcpuclockid(3): /proc/<pid>/stat has the same figure in hundredths.
    """
    return time.clock_gettime((~pid << 3) | _SCHEDULER_CLOCK)


def resident_bytes(pid: int) -> int:
    """What a process holds in memory at this moment (VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    message = f"process {pid} has ended"
    raise ProcessLookupError(message)
