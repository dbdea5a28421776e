"""What is checked, and which checks wait for each other."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = ROOT / ".venv" / "bin"


@dataclass(frozen=True, slots=True)
class Stage:
    """One command that passes or fails."""

    name: str
    command: Sequence[str]


def _tool(name: str, *arguments: str) -> Sequence[str]:
    return (str(BIN / name), *arguments)


def _npm(script: str) -> Sequence[str]:
    return ("npm", "--prefix", "frontend", "run", "--silent", script)


STATIC = (
    Stage("ruff check", _tool("ruff", "check", "--quiet", ".")),
    Stage("ruff format", _tool("ruff", "format", "--quiet", "--check", ".")),
    Stage("mypy --strict", _tool("mypy")),
    Stage("import contracts", _tool("lint-imports", "--no-logo")),
    Stage("frontend types", _npm("typecheck")),
)
UNITS = Stage("frontend units", _npm("test"))
BROWSERS = Stage("browsers", _npm("test:browser"))


def python_tests(*arguments: str, workers: int) -> Stage:
    """Pytest; its slowest tests are named at the end."""
    spread = ("-n", str(workers), "--dist", "worksteal")
    return Stage("pytest", _tool("pytest", *spread, *arguments))


def _collect_once() -> Sequence[Stage]:
    """The bytecode of the tests is written by one process, not by each of those that run them."""
    is_there = (ROOT / "tests" / "__pycache__").is_dir()
    return [] if is_there else [Stage("bytecode", _tool("pytest", "--collect-only", "-q"))]


def everything() -> Sequence[Sequence[Stage]]:
    """`make test`. The stages of a row run one after the other, the rows side by side.

    Pytest has two processes a core, for most tests wait; the other row takes what it leaves.
    """
    workers = min((os.cpu_count() or 1) * 2, 8)
    return [
        [*_collect_once(), python_tests("--durations=20", workers=workers)],
        [*STATIC, UNITS, BROWSERS],
    ]


def quick() -> Sequence[Sequence[Stage]]:
    """`make check`: no servers, no browser."""
    workers = min(os.cpu_count() or 1, 4)
    return [[python_tests("-m", "not server", workers=workers)], [*STATIC, UNITS]]
