"""config/env.example as data: it holds the only description of each setting."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.docs.sources import ROOT

ENV_EXAMPLE = ROOT / "config" / "env.example"


@dataclass(frozen=True, slots=True)
class Example:
    """A variable of env.example; `default` is None for one that must be set."""

    section: str
    name: str
    meaning: str
    default: str | None


def examples() -> Iterator[Example]:
    """The variables in their order, each with the comment above it."""
    section = ""
    comment: list[str] = []
    for line in ENV_EXAMPLE.read_text().splitlines():
        if heading := re.fullmatch(r"# --- (.+?) -+", line):
            section, comment = heading[1], []
        elif setting := re.fullmatch(r"(# )?([A-Z_]+)=(.*)", line):
            default = setting[3] if setting[1] else None
            yield Example(section, setting[2], " ".join(comment), default)
            comment = []
        elif line.startswith("# "):
            comment.append(line.removeprefix("# "))
        else:
            comment = []
