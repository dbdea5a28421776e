"""`analytics export`: files that are whole whatever happens, and only what is new the next time."""

import hashlib
import json
import shutil
import signal
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.analytics_views import EXPORTED
from service.store.copies import Copies, Format, NoRoomError
from service.store.export_folder import open_folder
from tests.analytics import exports as given
from tests.analytics.conftest import Facts
from tests.support.processes import python, running
from tests.support.waiting import wait_until

EVENTS, SESSIONS = EXPORTED["events"], EXPORTED["sessions"]
RANGE = ("--from", "2026-11-01", "--to", "2026-11-04")


@pytest.fixture
def env(facts_url: str, environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "DATABASE_URL": facts_url}


@pytest.fixture
def export(env: dict[str, str], tmp_path: Path) -> Any:
    """Runs `inphora-auth analytics export`; what it said."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        out = ("--out", str(tmp_path))
        return python("service", "analytics", "export", *out, *arguments, env=env)

    return run


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def manifest(folder: Path) -> dict[str, Any]:
    """Held against the files."""
    read: dict[str, Any] = json.loads((folder / "_manifest.json").read_text())
    for name, file in read["files"].items():
        body = (folder / name).read_bytes()
        assert (len(body), hashlib.sha256(body).hexdigest()) == (file["bytes"], file["sha256"])
    return read


def what_lies_there(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def test_days_as_files(facts: Facts, export: Any, tmp_path: Path, redis: Redis) -> None:
    """All rows, a file a day, a schema and a manifest beside them; it stands in the audit."""
    await given.add_events(facts, 3000)
    done = export("--table", "events", *RANGE)
    assert said(done) == "events: 3 days written with 3000 rows, 0 left as they were\n"
    expected = await given.sql_rows(facts, EVENTS)
    assert given.parquet_rows(EVENTS, tmp_path / "events") == expected
    assert what_lies_there(tmp_path / "events") == {
        ".lock",
        "_manifest.json",
        "_schema.json",
        *(f"date=2026-11-0{day}/part.parquet" for day in (1, 2, 3)),
    }
    assert [file["rows"] for file in manifest(tmp_path / "events")["files"].values()] == [1000] * 3
    told = [
        json.loads(entry[b"data"])
        for partition in range(keys.PARTITIONS)
        for _, entry in await redis.xrange(keys.events(partition))
        if entry[b"type"] == b"analytics.exported" and entry[b"reason"] == b"command_line"
    ]
    wanted = {"table": "events", "format": "parquet", "range": "2026-11-01/2026-11-04"}
    assert wanted in told


async def test_only_what_is_new(facts: Facts, export: Any, tmp_path: Path) -> None:
    """Final days stay; an open day, a damaged file and a day with a late event are written again."""
    await given.add_events(facts, 3000)
    await facts.refresh(now=datetime(2026, 11, 6, 6, tzinfo=UTC))  # two days are closed
    done = export("--table", "events", *RANGE)
    assert said(done) == "events: 3 days written with 3000 rows, 0 left as they were\n"
    closed = [file["closed"] for file in manifest(tmp_path / "events")["files"].values()]
    assert closed == [True, True, False]

    done = export("--table", "events", *RANGE)
    assert said(done) == "events: 1 days written with 1000 rows, 2 left as they were\n"

    (tmp_path / "events" / "date=2026-11-01" / "part.parquet").write_bytes(b"damaged")
    done = export("--table", "events", *RANGE)
    assert said(done) == "events: 2 days written with 2000 rows, 1 left as they were\n"

    now = datetime.now(UTC)
    await facts.event("login.failed", "2026-11-02T08:00Z", "late", received_at=now)
    path = tmp_path / "events" / "date=2026-11-02" / "part.parquet"
    before = path.read_bytes()
    with path.open("rb") as reader:
        done = export("--table", "events", *RANGE)
        assert reader.read() == before, "whoever reads a file reads it whole"
    assert path.read_bytes() != before
    assert said(done) == "events: 2 days written with 2001 rows, 1 left as they were\n"
    manifest(tmp_path / "events")
    assert given.parquet_rows(EVENTS, tmp_path / "events") == await given.sql_rows(facts, EVENTS)


async def test_a_session_that_goes_on_is_written_again(
    facts: Facts, export: Any, tmp_path: Path
) -> None:
    """Its day was final long ago; an event of today changed its row."""
    for name in ("ada", "bob"):
        day = "2026-11-01" if name == "ada" else "2026-11-02"
        await facts.session(name, f"{day}T08:00Z")
        await facts.event("login.succeeded", f"{day}T08:00Z", name)
    await facts.sql(
        "update analytics.fct_auth_events e set session_id = s.session_id "
        "from analytics.fct_sessions s where s.user_key = e.user_key"
    )
    await facts.refresh(now=datetime(2026, 11, 20, tzinfo=UTC))
    assert "2 days written" in said(export("--table", "sessions"))
    await facts.sql(
        "update analytics.fct_sessions set ended_at = '2026-11-21', end_reason = 'logout' "
        "where started_at < '2026-11-02'"
    )
    [row] = await facts.sql(
        "select session_id from analytics.fct_sessions where ended_at is not null"
    )
    await facts.event(
        "session.ended",
        "2026-11-21T00:00Z",
        "ada",
        session_id=row[0],
        received_at=datetime.now(UTC),
    )
    assert said(export("--table", "sessions")) == (
        "sessions: 1 days written with 1 rows, 1 left as they were\n"
    )
    rows = given.parquet_rows(SESSIONS, tmp_path / "sessions")
    assert rows == await given.sql_rows(facts, SESSIONS)


async def test_killed_it_leaves_whole_files(
    facts: Facts, env: dict[str, str], export: Any, tmp_path: Path
) -> None:
    """Whatever is there can be read; the next run tidies up and finishes."""
    await given.add_events(facts, 40_000)
    await facts.sql(
        "update analytics.fct_auth_events "
        "set occurred_at = timestamptz '2026-11-01' - substr(event_id, 2)::int % 40 * interval '1 day'"
    )
    folder = tmp_path / "events"
    command = ("service", "analytics", "export", "--table", "events", "--out", str(tmp_path))

    async def some() -> bool:
        return len(list(folder.glob("*/*.parquet"))) > 2

    with running(*command, env=env, log=tmp_path / "log") as process:
        await wait_until(some)
        process.send_signal(signal.SIGKILL)
    before = given.parquet_rows(EVENTS, folder)
    assert 0 < len(before) < 40_000
    done = export("--table", "events")
    assert said(done) == "events: 40 days written with 40000 rows, 0 left as they were\n"
    assert [name for name in what_lies_there(folder) if ".part-" in name] == []
    assert given.parquet_rows(EVENTS, folder) == await given.sql_rows(facts, EVENTS)
    manifest(folder)


async def test_the_other_forms(facts: Facts, export: Any, tmp_path: Path) -> None:
    """CSV has a head in every file; a folder has one form."""
    await given.add_events(facts, 30)
    assert "30 rows" in said(export("--table", "events", "--format", "csv"))
    files = sorted((tmp_path / "events").glob("*/part.csv"))
    assert [path.read_text().count("event_id,event_name") for path in files] == [1, 1, 1]
    refused = export("--table", "events", "--format", "json")
    assert refused.returncode == 1
    assert "holds csv" in refused.stderr
    shutil.rmtree(tmp_path / "events")
    assert "30 rows" in said(export("--table", "events", "--format", "json"))
    lines = (tmp_path / "events" / "date=2026-11-01" / "part.ndjson").read_text().splitlines()
    assert [json.loads(line)["event_id"] for line in lines] == [f"e{n}" for n in range(10)]


async def test_what_it_refuses(facts: Facts, export: Any, tmp_path: Path) -> None:
    """One line that says what to do; 2 for wrong usage, else 1."""
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "_manifest.json").write_text("{")
    cases = [
        (2, ("--table", "events", "--from", "2026-11-02", "--to", "2026-11-02"), "later day"),
        (1, ("--table", "events"), "not ours"),
    ]
    await given.add_events(facts, 30)
    for code, arguments, line in cases:
        done = export(*arguments)
        assert (done.returncode, line in done.stderr) == (code, True), done.stderr
    with open_folder(tmp_path / "sessions", SESSIONS, Format.PARQUET):
        await facts.session("ada", "2026-11-01T08:00Z")
        done = export("--table", "sessions")
        assert (done.returncode, "another export" in done.stderr) == (1, True), done.stderr


async def test_a_full_disk_is_no_outage(facts: Facts) -> None:
    """It is said as what it is, not as a PostgreSQL that does not answer."""
    await given.add_events(facts, 3)
    with pytest.raises(NoRoomError):
        await Copies(facts.database).write_day(
            EVENTS, date(2026, 11, 1), Format.CSV, Path("/dev/full")
        )
