"""docs/security.md cannot rot: every clause has a test, and every test that it names is there."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(
    r"`(tests/[\w/]+\.py)::(test_\w+)`|`(frontend/[\w/.-]+\.test\.m?js)` \"([^\"]+)\""
)
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
CLAUSES = re.compile(r"^\| ([PCKSJOAT]\d+) \| (.+)$", re.MULTILINE)
PROOFS = re.compile(r"^\| (\d+) \| (.+)$", re.MULTILINE)


@cache
def names_in(path: str) -> frozenset[Any] | frozenset[str]:
    """The names of a file's tests; none of a file that isn't there."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    if file.suffix != ".py":
        return frozenset(re.findall(r"\w*[tT]est\(\s*[\"'`](.+?)[\"'`],", file.read_text()))
    return frozenset(
        each.name
        for each in ast.walk(ast.parse(file.read_text()))
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def missing(text: str) -> list[str]:
    """The tests that a text names and nobody has written."""
    named = [(p or q, n or m) for p, n, q, m in NAMED.findall(text)]
    return [f"{path}::{name}" for path, name in named if name not in names_in(path)]


def test_every_test_that_it_names_is_there() -> None:
    """Who renames or removes a test says so here."""
    assert missing(PAGE) == []


def test_every_clause_has_a_test() -> None:
    """A line of a table without one is a wish."""
    clauses = CLAUSES.findall(PAGE)

    assert len(clauses) >= 75
    assert len({number for number, _ in clauses}) == len(clauses)
    assert [number for number, row in clauses if not NAMED.search(row)] == []


def test_every_section_of_the_checklist_is_there() -> None:
    """None of the tables was dropped."""
    assert SECTION.findall(PAGE) == [
        "Passwords and signing in",
        "One-time codes",
        "Passkeys",
        "Sessions",
        "Access tokens",
        "For other services",
        "API and operation",
        "Traps found by trying",
        "Proof that these tests bite",
    ]


def test_what_bites_is_named_with_its_file() -> None:
    """The defences that were taken out: at least 14, each in a file that is there."""
    proofs = PROOFS.findall(PAGE)
    files = [re.search(r"`((?:service|config|workers)/[\w/.]+)`", row) for _, row in proofs]

    assert len(proofs) >= 14
    assert all(found and (ROOT / found[1]).is_file() for found in files)
    assert all(NAMED.search(row) for _, row in proofs)


def test_a_test_that_is_not_there_is_missed() -> None:
    """The check can fail."""
    text = "`tests/unit/test_docs.py::test_nobody_wrote_this` `tests/no/file.py::test_x`"

    assert len(missing(text)) == 2
