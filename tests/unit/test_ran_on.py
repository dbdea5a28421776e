"""The table at the end of a run counts what ran, what is expected to fail, and what was skipped."""

from typing import Literal

import pytest

from tests.plugins.ran_on import PROPERTY, SERVERS, RanOn

POSTGRES, VALKEY = 0, 1


def report(
    used: list[int],
    *,
    when: Literal["setup", "call", "teardown"] = "call",
    outcome: Literal["passed", "failed", "skipped"] = "passed",
    expected: bool = False,
) -> pytest.TestReport:
    """One phase of a test that used these servers."""
    made = pytest.TestReport(
        nodeid="a test",
        location=("", None, ""),
        keywords={},
        outcome=outcome,
        longrepr=None,
        when=when,
        user_properties=[("another", "of theirs"), (PROPERTY, used)],
    )
    if expected:
        made.wasxfail = "a reason"
    return made


def test_each_test_is_one_on_each_of_its_servers() -> None:
    """By its call alone, whether it passed or failed."""
    counted = RanOn()
    for when in ("setup", "call", "teardown"):
        counted.pytest_runtest_logreport(report([POSTGRES, VALKEY], when=when))
    counted.pytest_runtest_logreport(report([POSTGRES], outcome="failed"))
    counted.pytest_runtest_logreport(report([]))

    postgres, valkey = counted.lines()
    assert postgres.split() == [*SERVERS[POSTGRES].title.split(), "2", "tests"]
    assert valkey.split() == [*SERVERS[VALKEY].title.split(), "1", "test"]


def test_what_did_not_run_is_named() -> None:
    """A test that is expected to fail has run; one that was skipped in its setup has not."""
    counted = RanOn()
    counted.pytest_runtest_logreport(report([VALKEY], outcome="skipped", expected=True))
    counted.pytest_runtest_logreport(report([VALKEY], when="setup", outcome="skipped"))

    (line,) = counted.lines()
    assert line.endswith(" 1 test, 1 of them expected to fail, 1 skipped")


def test_a_version_is_asked_of_the_program() -> None:
    """Such as `PostgreSQL 18.4 (embedded)`."""
    for at in (POSTGRES, VALKEY):
        name, version, origin = SERVERS[at].title.split()
        assert name == SERVERS[at].name
        assert version[0].isdigit()
        assert origin == "(embedded)"
