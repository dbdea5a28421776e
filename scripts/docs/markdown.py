"""Pages, tables and sentences in Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path

Row = Sequence[str]


def page(title: str, source: str, *parts: str) -> str:
    """A page that names its source."""
    note = f"<!-- Written by scripts/docs from {source}; change that, then run scripts/docs. -->"
    return "\n\n".join([f"# {title}", note, *parts]) + "\n"


def table(head: Row, rows: Iterable[Row]) -> str:
    """A Markdown table; a pipe in a cell stays text."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def bullets(items: Iterable[str]) -> str:
    """A list, one item a line."""
    return "\n".join(f"- {item}" for item in items)


def codes(names: Iterable[str]) -> str:
    """Names in code style, in the order given."""
    return ", ".join(f"`{name}`" for name in names)


def sentence(text: str) -> str:
    """A comment as a sentence; empty stays empty."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def first_sentence(docstring: str | None) -> str:
    """The first sentence of a docstring, on one line."""
    return " ".join((docstring or "").split()).partition(". ")[0].rstrip(".") + "."


def link(path: str) -> str:
    """A link from docs/ to a file of the repository."""
    return f"[{Path(path).name}](../{path})"
