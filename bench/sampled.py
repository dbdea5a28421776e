"""Runs the service's command line and samples its stack: python -m bench.sampled FILE serve …

SIGUSR1 begins, the end of the process writes FILE. A sample is taken when 2 ms of CPU time have
passed (as fine as the kernel's tick) and the interpreter is between two instructions: what C code
costs is booked on the line of Python that called it, or that it calls next.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from service.cli import main

EVERY_SECONDS = 0.002
ROOT = Path(__file__).parent.parent


class Sampler:
    """Counts stacks, each a tuple of `file:function` from the root to the leaf."""

    def __init__(self) -> None:
        self._stacks: Counter[tuple[str, ...]] = Counter()

    def begin(self, *_: object) -> None:
        """Forget what was seen so far and count from now on."""
        self._stacks.clear()
        signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)

    def take(self, _: int, frame: FrameType | None) -> None:
        """Count the stack that was interrupted."""
        names: list[str] = []
        while frame is not None:
            names.append(f"{_place(frame.f_code.co_filename)}:{frame.f_code.co_qualname}")
            frame = frame.f_back
        self._stacks[tuple(reversed(names))] += 1

    def write(self, path: Path) -> None:
        """Stop, and keep the counts as JSON: a list of [stack, count]."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        path.write_text(json.dumps(list(self._stacks.items())))


def _place(filename: str) -> str:
    """A module's file, from its package on."""
    path = Path(filename)
    if "site-packages" in path.parts:
        return "/".join(path.parts[path.parts.index("site-packages") + 1 :])
    if path.is_relative_to(ROOT):
        return str(path.relative_to(ROOT))
    return f"python/{path.name}"


def run() -> None:
    """Run the rest of the command line under a sampler."""
    out, sampler = Path(sys.argv[1]), Sampler()
    signal.signal(signal.SIGPROF, sampler.take)
    signal.signal(signal.SIGUSR1, sampler.begin)
    try:
        main(sys.argv[2:])
    finally:
        sampler.write(out)


if __name__ == "__main__":
    run()
