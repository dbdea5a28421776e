"""What `make test` says and returns."""

import sys

import pytest

from scripts.suite.run import run_all
from scripts.suite.stages import Stage


def stage(name: str, code: int, *lines: str) -> Stage:
    """A command that prints lines and exits."""
    program = f"import sys; print({chr(10).join(lines)!r}); sys.exit({code})"
    return Stage(name, (sys.executable, "-c", program))


@pytest.mark.parametrize(
    ("main", "other", "expected"),
    [
        pytest.param(0, 0, 0, id="all pass"),
        pytest.param(1, 0, 1, id="the tests fail"),
        pytest.param(0, 2, 2, id="a check beside them fails"),
    ],
)
async def test_any_failure_fails_the_run(main: int, other: int, expected: int) -> None:
    said: list[str] = []
    rows = [[stage("tests", main, "1 passed")], [stage("lint", other, "E1"), stage("types", 0)]]

    assert await run_all(rows, said.append) == expected
    assert any(line.startswith("== types") for line in said), "what comes after a failure runs, too"


async def test_a_failure_before_the_tests_fails_the_run() -> None:
    """They run all the same."""
    said: list[str] = []
    rows = [[stage("bytecode", 3, "E3"), stage("tests", 0, "1 passed in 1 s")], [stage("lint", 0)]]

    assert await run_all(rows, said.append) == 3
    assert said[-1] == "1 passed in 1 s"


async def test_the_closing_line_is_the_tests_own() -> None:
    """And before it comes what each stage took."""
    said: list[str] = []
    await run_all([[stage("tests", 0, "....", "2 passed in 1 s")], [stage("lint", 0)]], said.append)

    assert said[0] == "...." or said[1] == "...."
    assert said[-1] == "2 passed in 1 s"
    summary = said[said.index("stages") :]
    assert [line.split()[0] for line in summary[1:-1]] == ["tests", "lint", "all"]


async def test_what_failed_is_shown() -> None:
    """With all that it printed; what passed is one line."""
    said: list[str] = []
    rows = [[stage("tests", 0, "ok")], [stage("lint", 1, "line too long"), stage("types", 0, "x")]]
    await run_all(rows, said.append)

    assert any("lint failed" in line and "line too long" in line for line in said)
    assert "x" not in said
