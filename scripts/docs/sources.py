"""The repository's own Python files. Each is read once in a run."""

from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def text_of(path: Path) -> str:
    """What a file holds."""
    return path.read_text()


@cache
def modules(folder: str) -> tuple[Path, ...]:
    """The modules in one folder of the repository, without those in folders below."""
    return tuple(sorted((ROOT / folder).glob("*.py")))


@cache
def all_modules(folder: str) -> tuple[Path, ...]:
    """The modules in a folder of the repository and in all folders below."""
    return tuple((ROOT / folder).rglob("*.py"))
