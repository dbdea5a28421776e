"""Stages run side by side; the closing line is pytest's."""

import asyncio
import os
import re
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain

from scripts.suite.stages import ROOT, Stage

Say = Callable[[str], None]
LONGEST_LINE = 2**24
CLOSING = re.compile(r"\b\d+ (passed|failed|errors?|skipped|xfailed|deselected)\b.* in [\d.]+ ?s")
"""As pytest ends its report; what libraries print at the end of a process may come after it."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a stage ended: its exit code, and how long it took."""

    stage: Stage
    code: int
    seconds: float
    output: str = ""


async def run_all(rows: Sequence[Sequence[Stage]], say: Say) -> int:
    """Run every row to its end; return 0 if all passed.

    The output of the first row's last stage appears as it comes, but for its last line, which is
    said last of all. That of another stage is said when it ends: what passes is one line.
    """
    started = time.monotonic()
    [[*first, main], *others] = rows
    beside = asyncio.gather(*(_in_turn(row, say) for row in others))
    before = await _in_turn(first, say)
    closing = await _follow(main, say)
    ended = [*before, closing, *chain.from_iterable(await beside)]
    for line in _summary(ended, time.monotonic() - started):
        say(line)
    say(closing.output)
    return max(abs(each.code) for each in ended)


async def _in_turn(row: Sequence[Stage], say: Say) -> Sequence[Done]:
    ended = []
    for stage in row:
        done = await _gather(stage)
        if done.code:
            say(f"\n== {stage.name} failed\n{done.output.rstrip()}\n")
        else:
            say(f"== {stage.name}: {done.seconds:.1f} s")
        ended.append(done)
    return ended


async def _gather(stage: Stage) -> Done:
    """Keep the output."""
    started = time.monotonic()
    async with _running(stage) as process:
        output, _ = await process.communicate()
    seconds = time.monotonic() - started
    return Done(stage, process.returncode or 0, seconds, output.decode(errors="replace"))


async def _follow(stage: Stage, say: Say) -> Done:
    """Say the output line by line, but for the closing line, which is the result's output."""
    started = time.monotonic()
    closing = ""
    async with _running(stage) as process:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace").rstrip("\n")
            if CLOSING.search(text):
                closing = text
            else:
                say(text)
        code = await process.wait()
    return Done(stage, code, time.monotonic() - started, closing)


@asynccontextmanager
async def _running(stage: Stage) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process of a stage, which is told to end when the block is left early."""
    process = await asyncio.create_subprocess_exec(
        *stage.command,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=LONGEST_LINE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _summary(ended: Sequence[Done], seconds: float) -> Sequence[str]:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    machine = f"{used.ru_utime + used.ru_stime:.0f} s of CPU, {os.cpu_count()} cores, load {load}"
    width = max(len(each.stage.name) for each in ended)
    return [
        "",
        "stages",
        *(
            f"  {each.stage.name:{width}}  {each.seconds:6.1f} s  {'FAILED' if each.code else 'ok'}"
            for each in ended
        ),
        f"  {'all':{width}}  {seconds:6.1f} s  {machine}",
    ]


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
