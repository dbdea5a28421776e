"""The commands of auditors as they meet them, and the twenty lines that docs/audit.md gives them."""

import asyncio
import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.events import Event, EventType
from service.domain.audit_rows import FIELDS
from service.domain.checkpoint import Checkpoint
from service.outbound.checkpoint_sinks import open_sink
from service.store.audit import StreamedEvent
from service.store.dead_letters import DeadLetter
from tests.audit.archive import archive_on
from tests.audit.conftest import PARTITIONS, ROWS, Books
from tests.conftest import now_ms
from tests.support.forked import ROOT
from tests.support.processes import python
from tests.support.receiver import receiver
from workers.checkpoints import KeepCheckpoints

EVERY = timedelta(minutes=1)
PAGE = (ROOT / "docs" / "audit.md").read_text()


@pytest.fixture
def command(
    fresh_database: str, environment: dict[str, str], tmp_path: Path
) -> Callable[..., CompletedProcess[str]]:
    """Runs `inphora-auth …` on the books' database."""
    sink = {"AUDIT_CHECKPOINT_SINK": str(tmp_path / "sink.ndjson")}
    env = {**environment, "DATABASE_URL": fresh_database, **sink}
    return lambda *arguments: python("service", *arguments, env=env)


async def test_an_outsider_checks_all_of_it(
    written: Books, command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """The lines of the page, an export and the sink's file are enough; both see the same edit."""
    signed = command("audit", "checkpoint")
    assert signed.returncode == 0, signed.stderr
    sink = tmp_path / "sink.ndjson"
    assert sink.read_text().splitlines()[-1] == signed.stdout.strip()
    assert len(sink.read_text().splitlines()) == 3
    [public_key] = re.findall(r"  (\w{64})\n", command("audit", "public-key").stdout)
    chain, check = tmp_path / "chain.ndjson", tmp_path / "check.py"
    [lines] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    check.write_text(lines)
    assert len([line for line in lines.splitlines() if line]) <= 25

    def outsider() -> subprocess.CompletedProcess[str]:
        chain.write_text(command("audit", "export", "--format", "chain").stdout)
        arguments = [sys.executable, check, chain, sink, public_key]
        return subprocess.run(arguments, capture_output=True, text=True, check=False)

    assert outsider().returncode == 0
    assert len(chain.read_text().splitlines()) == ROWS * len(PARTITIONS)
    found = command("audit", "verify", "--checkpoints", str(sink), "--public-key", public_key)
    assert (found.returncode, found.stderr) == (0, "")
    assert f"{ROWS * len(PARTITIONS)} rows are what was written; 3 checkpoints hold" in found.stdout
    stranger = command("audit", "verify", "--public-key", "ab" * 32)
    assert stranger.returncode == 1
    assert "a key that is not ours" in stranger.stdout

    await written.sql("update audit_log set reason = 'x' where seq = 17")
    found = command("audit", "verify")
    assert found.returncode == 1
    assert [line.partition(": it is")[0] for line in found.stdout.splitlines()] == [
        f"BAD  partition {partition:02d}, row 17: edited" for partition in PARTITIONS
    ]
    assert "bad row" in outsider().stderr


async def test_an_outsider_checks_what_retention_left(
    books: Books, command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """A chain that begins with stubs, and a sink with both: well; with a stub less: not."""
    archive = archive_on(books)
    await archive.write_months(5)
    assert len(await archive.drop_all()) == 2
    sink, chain, check = (tmp_path / name for name in ("sink.ndjson", "chain.ndjson", "check.py"))
    sink.write_text("".join(await archive.exported()))
    check.write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0])
    [public_key] = re.findall(r"  (\w{64})\n", command("audit", "public-key").stdout)
    exported = command("audit", "export", "--format", "chain").stdout
    assert ["body" in json.loads(line) for line in exported.splitlines()] == 2 * [True] + 108 * [
        False
    ]

    def outsider(text: str) -> str:
        chain.write_text(text)
        arguments = [sys.executable, check, chain, sink, public_key]
        return subprocess.run(arguments, capture_output=True, text=True, check=False).stderr

    assert outsider(exported) == ""
    first, second, *rest = exported.splitlines(keepends=True)
    assert "bad row" in outsider("".join([first, *rest]))
    assert "InvalidSignature" in outsider("".join([first, second.replace("36", "35"), *rest]))
    found = command("audit", "verify", "--checkpoints", str(sink), "--public-key", public_key)
    assert (found.returncode, found.stderr) == (0, "")
    told = "72 more were dropped by retention, all until the end of 2026-02; 0 of them are held"
    assert told in found.stdout


async def test_what_an_outsider_finds(
    written: Books, command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """A chain that was made anew from its first row is well in itself, but not for a checkpoint."""
    command("audit", "checkpoint")
    await written.sql("delete from audit_log where seq > 58")
    chain, check = tmp_path / "chain.ndjson", tmp_path / "check.py"
    check.write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0])
    chain.write_text(command("audit", "export", "--format", "chain").stdout)
    [public_key] = re.findall(r"  (\w{64})\n", command("audit", "public-key").stdout)
    arguments = [sys.executable, check, chain, tmp_path / "sink.ndjson", public_key]
    found = await asyncio.to_thread(subprocess.run, arguments, capture_output=True, check=False)
    assert found.returncode == 1


async def test_export(
    written: Books, command: Callable[..., CompletedProcess[str]], redis: Redis
) -> None:
    """Filtered, opened, in order; each export is an event of its own, with its filters."""
    unread = {p: await redis.xlen(keys.events(p)) for p in range(keys.PARTITIONS)}
    told = command(
        "audit", "export", "--user", "ada", "--type", "login.failed", "--since", "2026-01-01"
    )
    assert told.returncode == 0, told.stderr
    rows = [json.loads(line) for line in told.stdout.split("\n") if line]
    [(number,)] = await written.sql(
        "select count(*) from audit_log where user_id = 'ada' and type = 'login.failed'"
    )
    assert len(rows) == number > 0
    assert rows == sorted(rows, key=lambda row: row["occurred_at"])
    assert {row["ip"] for row in rows} == {"203.0.113.7"}
    assert {row["data"]["device"] for row in rows} == {"Ada's phone"}
    entries = [
        fields
        for p in range(keys.PARTITIONS)
        if await redis.xlen(keys.events(p)) > unread[p]
        for _, fields in await redis.xrevrange(keys.events(p), count=1)
    ]
    [said] = [fields for fields in entries if fields[b"type"] == b"audit.exported"]
    assert json.loads(said[b"data"])["filters"]["user_id"] == "ada"

    every = [line for line in command("audit", "export").stdout.split("\n") if line]
    failed = command("audit", "export", "--outcome", "failure").stdout.split("\n")
    assert failed[:-1] == [line for line in every if '"outcome":"failure"' in line]
    assert 0 < len(failed[:-1]) < len(every)
    assert command("audit", "export", "--outcome", "splendid").returncode == 2

    await written.person_keys.destroy("ada")
    table = csv.DictReader(
        io.StringIO(command("audit", "export", "--format", "csv").stdout, newline="")
    )
    lines = list(table)
    assert tuple(table.fieldnames or ()) == FIELDS
    assert len(lines) == ROWS * len(PARTITIONS)
    assert {(line["ip"], line["erased"]) for line in lines} == {
        ("", "True"),
        ("203.0.113.7", "False"),
    }


@pytest.mark.parametrize("name", ["--user", "--session", "--ip"])
@pytest.mark.parametrize("value", ["", " ", "x" * 65, "a\nb", "\udcff"], ids=ascii)
def test_an_export_of_nobody_is_refused(
    command: Callable[..., CompletedProcess[str]], name: str, value: str
) -> None:
    """A variable that was never set must not export everybody; its event must hold what was asked."""
    told = command("audit", "export", name, value)
    assert (told.returncode, told.stdout) == (2, "")
    assert name in told.stderr


def test_a_sink_of_another_encoding(
    written: Books, command: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """What is no UTF-8 is a line that we did not export."""
    (tmp_path / "sink").write_bytes(b"\xff\xfe\n")
    told = command("audit", "verify", "--checkpoints", str(tmp_path / "sink"))
    assert (told.returncode, told.stderr) == (1, "")
    assert "an exported line is not a line that was exported here" in told.stdout


async def test_no_formula_reaches_a_spreadsheet(
    books: Books, command: Callable[..., CompletedProcess[str]]
) -> None:
    """A text that begins like a formula is quoted in CSV, and as it is in NDJSON."""
    hostile = StreamedEvent("1-1", hostile_event())
    await books.audit.record(1, [hostile])
    assert "'=cmd" in command("audit", "export", "--format", "csv").stdout
    assert '"user_agent":"=cmd' in command("audit", "export").stdout


def hostile_event() -> Event:
    return Event(type=EventType.LOGIN_FAILED, at_ms=1, user_agent="=cmd|'/c calc'!A1")


async def test_dead_letters(books: Books, command: Callable[..., CompletedProcess[str]]) -> None:
    """Listed without what is about a person; a replay says what stays, with exit code 1."""
    good = {b"type": b"login.failed", b"at_ms": b"1", b"ip": b"203.0.113.9"}
    letters = [
        DeadLetter("1-1", {**good, b"type": b"moon.landed"}, "UnknownEventTypeError: moon.landed"),
        DeadLetter("1-2", good, "UnknownEventTypeError: login.failed"),
    ]
    await books.letters.bury(1, letters, received_ms=now_ms())
    listed = command("events", "dead", "list")
    assert "moon.landed" in listed.stdout
    assert "203.0.113.9" not in listed.stdout + command("events", "dead", "list", "--json").stdout
    replayed = command("events", "dead", "replay")
    assert (replayed.returncode, replayed.stdout) == (1, "1 replayed, 1 stay\n")
    assert "UnknownEventTypeError: moon.landed" in replayed.stderr
    lines = command("events", "dead", "list", "--all", "--json").stdout.splitlines()
    assert [json.loads(line)["replayed"] for line in lines] == [False, True]


async def test_a_sink_gets_each_checkpoint_in_order(written: Books) -> None:
    """By POST too; while it refuses, checkpoints wait for it."""
    async with receiver() as there, open_sink(there.url) as sink:
        keep = KeepCheckpoints(written.audit, written.checkpoints, EVERY, sink)
        there.status = 500
        assert await keep() is None
        assert len(await written.checkpoints.undelivered()) == 3
        there.got.clear()
        there.status = 200
        await keep()
    assert await written.checkpoints.undelivered() == []
    lines = [each.body.decode() for each in there.got]
    assert [Checkpoint.from_line(line).number for line in lines] == [1, 2, 3]


async def test_a_checkpoint_when_something_happened(written: Books) -> None:
    """None without news, none before it is time."""
    keep = KeepCheckpoints(written.audit, written.checkpoints, EVERY, None)
    now = KeepCheckpoints(written.audit, written.checkpoints, EVERY * 0, None)
    assert await now() is None
    await written.audit.record(1, [StreamedEvent("9-9", hostile_event())])
    assert await keep() is None
    assert await now() == 4
    assert (await written.verify()).flaws == ()
