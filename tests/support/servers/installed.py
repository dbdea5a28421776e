"""Programs of this system: where they are, their versions, and what to do without one."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE

DEBIAN = Path("/etc/debian_version")


def find_program(name: str) -> Path | None:
    """A program, also one that is only on root's PATH."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    return Path(found) if found else None


def want(program: Path | None, package: str) -> Path:
    """The program; without it the test is skipped, and fails in CI, where all are installed."""
    if program is None:
        reason = f"{package} is not installed: scripts/install-packages"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    return program


@cache
def version_of(program: Path, flag: str = "--version") -> str:
    """The first version number in what the program says of itself."""
    said = subprocess.run(
        [program, flag], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    number = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    assert number is not None, said
    return number[0]


def distribution() -> str:
    """Whose packages the programs come from."""
    return "Debian" if DEBIAN.exists() else "system"
