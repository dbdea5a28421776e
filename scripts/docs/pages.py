"""The pages that are written from the code: a module each, `render` gives its text."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.docs import (
    configuration,
    dictionary,
    errors,
    events,
    jobs,
    metrics,
    privacy,
    views,
)
from scripts.docs.sources import ROOT

DOCS = ROOT / "docs"
PAGES: Mapping[str, Callable[[], str]] = {
    "configuration.md": configuration.render,
    "data-dictionary.md": dictionary.render,
    "errors.md": errors.render,
    "events.md": events.render,
    "jobs.md": jobs.render,
    "metrics.md": metrics.render,
    "privacy.md": privacy.render,
    "views.md": views.render,
}


def stale(docs: Path = DOCS) -> dict[str, str]:
    """The pages that differ from what the code says, with the text that they should have."""
    rendered = {name: render() for name, render in PAGES.items()}
    return {
        name: text
        for name, text in rendered.items()
        if not (docs / name).is_file() or (docs / name).read_text() != text
    }


def check(docs: Path = DOCS) -> int:
    """Name the stale pages; the exit code."""
    old = stale(docs)
    sys.stderr.writelines(
        f"stale: docs/{name}; run .venv/bin/python scripts/docs\n" for name in old
    )
    return 1 if old else 0


def write(docs: Path = DOCS) -> int:
    """Write the stale pages; the exit code."""
    for name, text in stale(docs).items():
        (docs / name).write_text(text)
        sys.stdout.write(f"wrote docs/{name}\n")
    return 0
