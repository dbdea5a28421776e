"""Which servers a test needs, by its fixtures; the end of a run says what ran on what."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from service.embedded.postgres import find_program as embedded_postgres
from service.embedded.valkey import find_binary as embedded_valkey
from tests.support.servers.installed import distribution, find_program, version_of
from tests.support.servers.postgresql import find_binaries

PROPERTY = "servers"
REQUEST: pytest.StashKey[pytest.FixtureRequest] = pytest.StashKey()


@dataclass(frozen=True, slots=True)
class Server:
    """A server, the fixtures that start or find it, and its program where it is installed."""

    name: str
    fixtures: frozenset[str]
    program: Callable[[], Path | None]
    flag: str = "--version"
    embedded: bool = False

    @property
    def title(self) -> str:
        """Its name, version and origin, such as `Redis 7.0.15 (Debian)`."""
        program = self.program()
        version = version_of(program, self.flag) if program else "not installed"
        return f"{self.name} {version} ({'embedded' if self.embedded else distribution()})"


def _system_postgres() -> Path | None:
    binaries = find_binaries()
    return binaries / "postgres" if binaries else None


SERVERS = (
    Server(
        "PostgreSQL",
        frozenset({"postgres"}),
        lambda: embedded_postgres("postgres"),
        embedded=True,
    ),
    Server(
        "Valkey",
        frozenset({"valkey", "own_valkey", "sentinels", "cluster", "shared_cluster"}),
        embedded_valkey,
        embedded=True,
    ),
    Server("PostgreSQL", frozenset({"system_postgres"}), _system_postgres),
    Server("Redis", frozenset({"redis7"}), lambda: find_program("redis-server")),
    Server("PgBouncer", frozenset({"pgbouncer"}), lambda: find_program("pgbouncer")),
    Server("nginx", frozenset({"nginx"}), lambda: find_program("nginx"), flag="-v"),
    Server("promtool", frozenset({"promtool"}), lambda: find_program("promtool")),
)
FIXTURES = frozenset().union(*(server.fixtures for server in SERVERS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs servers, so that `make check` can leave it out."""
    for item in items:
        if FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)


@pytest.fixture(autouse=True)
def _remember_request(request: pytest.FixtureRequest) -> None:
    """Its list of fixtures grows by those that are asked for by name while the test runs."""
    request.node.stash[REQUEST] = request


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Write down the servers of a test that ran, or that was skipped for want of one."""
    request = item.stash.get(REQUEST, None)
    if call.when == "teardown" or request is None:
        return
    used = set(request.fixturenames)
    found = [at for at, server in enumerate(SERVERS) if server.fixtures & used]
    kept = [(name, value) for name, value in item.user_properties if name != PROPERTY]
    item.user_properties[:] = [*kept, (PROPERTY, found)]


@dataclass(slots=True, eq=False)  # a plugin is hashed
class RanOn:
    """Counts the reports, which with xdist come from the workers."""

    ran: Counter[int] = field(default_factory=Counter)
    expected_to_fail: Counter[int] = field(default_factory=Counter)
    skipped: Counter[int] = field(default_factory=Counter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: by its call, or by the skip in its setup."""
        if report.when == "teardown" or (report.when == "setup" and not report.skipped):
            return
        used = _servers_of(report)
        if hasattr(report, "wasxfail") and report.skipped:
            self.expected_to_fail.update(used)
        counter = self.skipped if _was_skipped(report) else self.ran
        counter.update(used)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Print one line a server."""
        lines = list(self.lines())
        if lines:
            terminalreporter.section("what ran on what")
        for line in lines:
            terminalreporter.write_line(line)

    def lines(self) -> Iterator[str]:
        """The table's lines."""
        seen = [(at, server) for at, server in enumerate(SERVERS) if self._has(at)]
        titles = {at: server.title for at, server in seen}
        width = max(map(len, titles.values()), default=0)
        for at, title in titles.items():
            noun = "test" if self.ran[at] == 1 else "tests"
            yield f"{title:<{width}}  {self.ran[at]:>6,} {noun}{self._rest(at)}"

    def _has(self, at: int) -> bool:
        return bool(self.ran[at] or self.skipped[at])

    def _rest(self, at: int) -> str:
        failing, skipped = self.expected_to_fail[at], self.skipped[at]
        parts = [f"{failing} of them expected to fail"] if failing else []
        parts += [f"{skipped} skipped"] if skipped else []
        return "".join(f", {part}" for part in parts)


def _servers_of(report: pytest.TestReport) -> list[int]:
    for name, found in report.user_properties:
        if name == PROPERTY and isinstance(found, list):
            return found
    return []


def _was_skipped(report: pytest.TestReport) -> bool:
    return report.skipped and not hasattr(report, "wasxfail")


def pytest_configure(config: pytest.Config) -> None:
    """Count where the report is printed."""
    config.pluginmanager.register(RanOn(), "ran-on")
