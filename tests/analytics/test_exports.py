"""Files for analysts over HTTP: all rows, no more, whole, and only for those who may have them."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.analytics_views import EXPORTED
from service.contracts.events import Event, EventType
from service.store.analytics_exports import AnalyticsExports
from service.store.event_facts import counts
from tests.analytics import exports as given
from tests.analytics.conftest import Facts
from tests.analytics.exports import duck
from tests.conftest import MakeSettings, Serve, add_person
from tests.support.people import Reply

PLACE = "/api/analytics/exports"
EVENTS = EXPORTED["events"]
DAYS = given.EVENTS_DAYS


async def ask(facts: Facts, **body: Any) -> Reply:
    return await facts.browser.send("POST", PLACE, token=facts.token, json={**DAYS, **body})


async def look(facts: Facts, export_id: str, token: str = "") -> Reply:
    return await facts.browser.send("GET", f"{PLACE}/{export_id}", token=token or facts.token)


async def made(facts: Facts, **body: Any) -> dict[str, Any]:
    """An export that a worker has made."""
    asked = await ask(facts, **body)
    assert asked.status == 202, asked
    await given.worker(facts.database)()
    reply = await look(facts, asked.body["id"])
    assert reply.body["status"] == "ready", reply
    export: dict[str, Any] = reply.body
    return export


def read_csv(folder: Path) -> list[dict[str, str]]:
    text = (folder / "events.csv").read_bytes().decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_parquet_is_what_postgresql_has(facts: Facts, tmp_path: Path) -> None:
    """Every row and value of three days, read by DuckDB from the files as they come; a file a day."""
    await given.add_events(facts, 60_000)
    asked = await ask(facts, table="events", format="parquet")
    assert (asked.status, asked.body["status"], asked.body["progress"]) == (202, "pending", 0)
    assert asked.body["files"] == []
    assert asked.headers["Location"] == f"{PLACE}/{asked.body['id']}"
    assert await given.worker(facts.database)() == 1

    found = (await look(facts, asked.body["id"])).body
    await given.fetch(facts, found["files"], tmp_path)
    expected = await given.sql_rows(facts, EVENTS)
    assert len(expected) == 60_000
    assert given.parquet_rows(EVENTS, tmp_path) == expected
    assert (found["status"], found["progress"], found["error"]) == ("ready", 1, None)
    assert [(file["name"], file["rows"]) for file in found["files"]] == [
        ("date=2026-11-01/part.parquet", 20_000),
        ("date=2026-11-02/part.parquet", 20_000),
        ("date=2026-11-03/part.parquet", 20_000),
        ("_schema.json", 0),
    ]
    columns = json.loads((tmp_path / "_schema.json").read_text())["columns"]
    with duck() as reader:
        rows = reader.read_parquet(f"{tmp_path}/*/*.parquet")
        types = dict(zip(rows.columns, map(str, rows.types), strict=True))
    types.pop("date", None)
    said = {
        each["name"]: each["type"].replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
        for each in columns
    }
    assert types == said
    assert all(each["comment"] for each in columns)


async def test_csv_is_for_spreadsheets(facts: Facts, tmp_path: Path) -> None:
    """One file with one head; no text is a formula; instants and flags as people read them."""
    await given.add_events(facts, 3000)
    found = await made(facts, table="events", format="csv")
    await given.fetch(facts, found["files"], tmp_path)
    assert [file["name"] for file in found["files"]] == ["events.csv", "_schema.json"]
    rows = read_csv(tmp_path)
    assert len(rows) == found["files"][0]["rows"] == 3000
    assert [row["event_id"] for row in rows] == [f"e{n}" for n in range(3000)]
    assert rows[3]["reason_code"] == "'=1+1"
    assert rows[6]["reason_code"] == "'-2"
    assert rows[4]["reason_code"] == 'a,"b\nü'
    assert rows[1]["occurred_at"] == "2026-11-01T00:01:26.400001Z"
    assert {row["is_test"] for row in rows} == {"true", "false"}


async def test_json_is_an_object_a_line(facts: Facts, tmp_path: Path) -> None:
    """With every value, whatever stands in a text."""
    await given.add_events(facts, 3000)
    found = await made(facts, table="events", format="json")
    await given.fetch(facts, found["files"], tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text().splitlines()]
    expected = await given.sql_rows(facts, EVENTS)
    places = [
        [each.name for each in EVENTS.columns].index(name) for name in ("event_id", "reason_code")
    ]
    assert [(row["event_id"], row["reason_code"]) for row in rows] == [
        tuple(row[place] for place in places) for row in expected
    ]


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
async def test_days_without_rows_come_first(facts: Facts, tmp_path: Path, form: str) -> None:
    """Nothing on two days is no file of two beginnings: of JSON such a day has not even a byte."""
    await given.add_events(facts, 3)
    days = {"from": "2026-10-29", "to": DAYS["to"]}
    found = await made(facts, table="events", format=form, **days)
    await given.fetch(facts, found["files"], tmp_path)
    assert sum(file["rows"] for file in found["files"]) == 3


@pytest.mark.parametrize("table", EXPORTED)
async def test_every_table(facts: Facts, tmp_path: Path, table: str) -> None:
    """What was added up, too."""
    for name in ("ada", "bob", "cyd"):
        await facts.active(name, "2026-11-01T09:00Z", "2026-11-02T09:30Z", device_key=1, geo_key=1)
        await facts.session(name, "2026-11-01T09:00Z", "2026-11-02T10:00Z")
        await facts.event("login.succeeded", "2026-11-01T09:00Z", name)
    await facts.refresh()
    view = EXPORTED[table]
    found = await made(facts, table=table, format="parquet")
    await given.fetch(facts, found["files"], tmp_path)
    within = f"{view.day} >= '2026-11-01 00:00+00' and {view.day} < '2026-11-04 00:00+00'"
    expected = await given.sql_rows(facts, view, within)
    assert expected
    assert given.parquet_rows(view, tmp_path) == expected


async def test_nothing_in_it_is_about_somebody(facts: Facts) -> None:
    """No column of what is exported can hold an address, a name or a user's id."""
    names = {column.name for view in EXPORTED.values() for column in view.columns}
    assert not names & {"user_id", "email", "ip", "user_agent", "name", "address"}


def test_what_analysts_do_is_not_counted() -> None:
    """Else looking at the numbers would change them."""
    kinds = [kind for kind in EventType if kind.startswith("analytics.")]
    assert len(kinds) == 4
    assert [kind for kind in kinds if counts(Event(kind, 0))] == []


async def test_who_asked_and_who_fetched_is_told(facts: Facts, redis: Redis) -> None:
    """A table or a query, of when, by whom; and each file."""
    await given.add_events(facts, 30)
    found = await made(facts, table="events", format="csv")
    await facts.browser.send("GET", found["files"][0]["url"])
    me = (await facts.browser.me(facts.token)).body["user"]["id"]
    told = [
        (entry[b"type"].decode(), entry[b"actor_id"].decode(), json.loads(entry[b"data"]))
        for partition in range(keys.PARTITIONS)
        for _, entry in await redis.xrange(keys.events(partition))
        if entry[b"type"].startswith(b"analytics.") and found["id"].encode() in entry[b"data"]
    ]
    asked = {"format": "csv", "range": "2026-11-01/2026-11-04", "table": "events"}
    assert sorted(told, key=lambda each: each[0]) == [
        ("analytics.exported", me, {"export": found["id"], **asked}),
        ("analytics.fetched", me, {"export": found["id"], "file": "events.csv"}),
    ]


async def test_an_answer_is_ready_at_once(facts: Facts, tmp_path: Path) -> None:
    """As GET /query gives it, small cells merged; in every form."""
    for number in range(7):
        await facts.active(f"p{number}", "2026-11-02T09:00Z", geo_key=1 + (number > 5))
    await facts.refresh()
    for form in ("csv", "json", "parquet"):
        reply = await ask(facts, query={"metrics": "dau", "by": "country"}, format=form)
        assert (reply.status, reply.body["status"]) == (202, "ready"), reply
        await given.fetch(facts, reply.body["files"], tmp_path)
    csv_file = (tmp_path / "answer.csv").read_text()
    assert csv_file == "window,country,dau\n2026-11-02,other,7\n"
    shown = await facts.get(metrics="dau", by="country", since="2026-11-01", until="2026-11-04")
    assert json.loads((tmp_path / "answer.json").read_text()) == shown.body
    with duck() as reader:
        rows = reader.read_parquet(f"{tmp_path}/answer.parquet").fetchall()
    assert rows == [("2026-11-02", "other", 7.0)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "csv"}, "table"),
        ({"format": "csv", "table": "events", "query": {}}, "table"),
        ({"format": "csv", "table": "users"}, "table"),
        ({"format": "xlsx", "table": "events"}, "format"),
        ({"format": "csv", "table": "events", "to": "2026-11-01"}, "to"),
        ({"format": "csv", "table": "events", "from": "2020-01-01"}, "to"),
        ({"format": "csv", "table": "events", "from": "yesterday"}, "from"),
        ({"format": "csv", "query": {"metrics": "nonsense"}}, "metrics"),
        ({"format": "csv", "query": {}}, "query.metrics"),
        ({"format": "csv", "query": {"metrics": "dau", "wat": "1"}}, "query.wat"),
        ({"format": "csv", "query": {"metrics": "dau", "format": "csv"}}, "query.format"),
        ({"format": "csv", "query": {"metrics": "dau", "from": "2026-11-01"}}, "query.from"),
    ],
    ids=str,
)
async def test_a_bad_request_is_named(facts: Facts, body: dict[str, Any], field: str) -> None:
    reply = await ask(facts, **body)

    assert (reply.status, reply.code) == (422, "validation_failed"), reply
    assert field in {error["field"] for error in reply.body["errors"]}


async def test_others_do_not_see_it(facts: Facts) -> None:
    """Another analyst gets 404; an admin sees it; nobody else gets that far."""
    await given.add_events(facts, 30)
    found = await made(facts, table="events", format="csv")
    for roles, status in ((["analyst"], 404), (["admin"], 200), ([], 403)):
        somebody = await add_person(facts.database, roles=roles)
        token = (await facts.browser.login(somebody))["access_token"]
        assert (await look(facts, found["id"], token)).status == status
    assert (await look(facts, "nonsense")).status == 404


async def test_a_link_is_for_one_file_and_a_while(
    facts: Facts, facts_url: str, serve: Serve, make_settings: MakeSettings
) -> None:
    """Changed by a character it leads nowhere; neither does it after a quarter of an hour."""
    await given.add_events(facts, 30)
    url = (await made(facts, table="events", format="csv"))["files"][0]["url"]
    path, _, ticket = url.partition("=")
    assert (await facts.browser.send("GET", url)).status == 200
    for place in range(len(ticket)):
        forged = ticket[:place] + ("A" if ticket[place] != "A" else "B") + ticket[place + 1 :]
        assert (await facts.browser.send("GET", f"{path}={forged}")).status == 404
    from service.web.keys import FETCH_FILE

    own = await serve(make_settings(database_url=facts_url))
    fetch = own.http.app[FETCH_FILE]
    now_ms = fetch.now_ms
    for minutes, status in ((14, 200), (15, 404)):
        later = minutes * 60_000
        object.__setattr__(fetch, "now_ms", lambda later=later: now_ms() + later)
        assert (await own.send("GET", url)).status == status


async def test_what_expired_is_gone(facts: Facts) -> None:
    """The sweep takes files and pieces along; before it ran nothing is given out any more."""
    await given.add_events(facts, 30)
    found = await made(facts, table="events", format="csv")
    await facts.sql("update analytics.export_job set expires_at = now() - interval '1 second'")
    assert (await look(facts, found["id"])).status == 404
    assert (await facts.browser.send("GET", found["files"][0]["url"])).status == 404
    await given.worker(facts.database)()
    for table in ("export_job", "export_file", "export_piece"):
        assert await facts.sql("table analytics." + table) == []


async def test_a_worker_goes_on_where_another_died(facts: Facts, tmp_path: Path) -> None:
    """Every day is there once, whichever worker made it; a late one adds nothing."""
    await given.add_events(facts, 300)
    asked = await ask(facts, table="events", format="csv")
    exports = AnalyticsExports(facts.database)
    first = await exports.claim(lease=timedelta(minutes=1))
    assert first is not None
    slow = given.worker(facts.database)
    view, path = EVENTS, tmp_path / "day"
    assert await slow._add_day(first, view, path) is not None
    assert await slow._add_day(first, view, path) is None, "somebody has added that day"
    running = await look(facts, asked.body["id"])
    assert (running.body["status"], running.body["progress"]) == ("running", 0.333)
    assert running.headers["Retry-After"] == "2"
    assert await given.worker(facts.database)() == 0, "somebody is at it"

    assert await given.worker(facts.database, lease=timedelta(0))() == 1
    assert await slow._add_day(first, view, path) is None
    await exports.finish(first, b"{}", keep=timedelta(0))
    await exports.fail(first, "a late worker gives up", keep=timedelta(0))
    found = (await look(facts, asked.body["id"])).body
    await given.fetch(facts, found["files"], tmp_path)
    assert [row["event_id"] for row in read_csv(tmp_path)] == [f"e{n}" for n in range(300)]


async def test_what_kills_workers_is_given_up(facts: Facts) -> None:
    """After a few tries the analyst is told, and the worker is free for others."""
    asked = await ask(facts, table="events", format="csv")
    exports = AnalyticsExports(facts.database)
    for _ in range(5):
        assert await exports.claim(lease=timedelta(0))
    await given.worker(facts.database, lease=timedelta(0))()
    found = (await look(facts, asked.body["id"])).body
    assert found["status"] == "failed"
    assert "given up" in found["error"]
    assert found["files"] == []


async def test_one_person_does_not_fill_the_database(facts: Facts) -> None:
    """The twenty-first that has not expired is refused."""
    replies = [await ask(facts, table="concurrency", format="csv") for _ in range(21)]
    assert [reply.status for reply in replies] == [202] * 20 + [409]


async def test_too_large_is_said(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is left of it."""
    monkeypatch.setattr("service.store.analytics_exports.MOST_BYTES", 5000)
    await given.add_events(facts, 3000)
    asked = await ask(facts, table="events", format="csv")
    await given.worker(facts.database)()
    found = (await look(facts, asked.body["id"])).body
    assert (found["status"], found["files"]) == ("failed", [])
    assert "fewer days" in found["error"]
    assert await facts.sql("select 1 from analytics.export_piece") == []


async def test_without_the_extra_it_says_what_to_do(
    facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Web: 501 at once, CSV as ever. Worker: the export fails and says why."""
    asked = await ask(facts, table="events", format="parquet")
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    await given.worker(facts.database)()
    found = (await look(facts, asked.body["id"])).body
    assert (found["status"], "inphora-auth[analytics]" in found["error"]) == ("failed", True)
    refused = await ask(facts, table="events", format="parquet")
    assert (refused.status, refused.code) == (501, "parquet_missing")
    range_: dict[str, Any] = {"since": "2026-11-01", "until": "2026-11-02"}
    refused = await facts.get(metrics="dau", format="parquet", **range_)
    assert (refused.status, refused.code) == (501, "parquet_missing")
    assert (await ask(facts, table="events", format="csv")).status == 202


async def test_parquet_by_accept(facts: Facts, tmp_path: Path) -> None:
    """GET /query gives it too, to whoever says so."""
    await facts.active("ada", "2026-11-02T09:00Z")
    await facts.refresh()
    params = {"metrics": "dau,mfa_use", **DAYS}
    media_type = "application/vnd.apache.parquet"
    headers = {"Authorization": f"Bearer {facts.token}", "Accept": media_type}
    url = f"{facts.browser.base}/api/analytics/query"
    async with facts.browser.http.get(url, params=params, headers=headers) as reply:
        assert (reply.status, reply.headers["Content-Type"]) == (200, media_type)
        (tmp_path / "a.parquet").write_bytes(await reply.read())
    with duck() as reader:
        rows = reader.read_parquet(f"{tmp_path}/a.parquet").fetchall()
    assert rows == [
        ("2026-11-01", 0, None, 0, 0),
        ("2026-11-02", 1, None, 0, 0),
        ("2026-11-03", 0, None, 0, 0),
    ]
