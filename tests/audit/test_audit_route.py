"""`GET /api/audit` over HTTP: who sees which rows, page by page, and that they looked."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from sqlalchemy import select, text

from service.contracts.events import Outcome, outcome_of
from service.domain.audit_rows import FIELDS
from service.domain.instants import to_datetime, to_rfc3339
from service.embedded import EmbeddedServer
from service.store import audit_filters, audit_search
from service.store.audit import StreamedEvent
from service.wiring import audit as wiring
from tests.audit.auditors import AT_MS, IPS, ROWS, Auditor, happened, record, told
from tests.audit.conftest import Books
from tests.conftest import MakeSettings, ServeForReal, add_person
from tests.support.people import Browser
from tests.support.waiting import wait_until
from tests.web.wire import refusal


def place(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["occurred_at"], row["partition"], row["seq"]


# --- pages ----------------------------------------------------------------------------------------


async def test_a_page_is_the_newest_rows(filled: Books, auditor: Auditor) -> None:
    """Fifty, if nobody says otherwise, each with every field and opened."""
    reply = await auditor.get()

    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    rows = reply.body["rows"]
    assert len(rows) == 50
    assert [tuple(row) for row in rows] == [FIELDS] * 50
    assert rows == sorted(rows, key=place, reverse=True)
    assert rows[0]["occurred_at"] == to_rfc3339(AT_MS + (ROWS // 2 - 1) * 1000)
    assert {row["ip"] for row in rows} == set(IPS)
    assert {row["data"]["device"] for row in rows} == {"Ada's phone"}
    assert {row["erased"] for row in rows} == {False}


@pytest.mark.parametrize("limit", [1, 7, 40, 200])
async def test_pages_have_each_row_once_while_new_ones_are_written(
    filled: Books, auditor: Auditor, limit: int
) -> None:
    """Newer rows between the pages move nothing; the last page is no empty one."""
    before = {(row["partition"], row["seq"]) for row in (await auditor.walk(limit=200))[0]}
    chance, rows, sizes = Random(6), [], []  # noqa: S311 - rows, not secrets
    cursor: dict[str, Any] = {}
    for number in range(ROWS, 2 * ROWS):
        reply = await auditor.get(limit=limit, **cursor)
        rows += reply.body["rows"]
        sizes.append(len(reply.body["rows"]))
        if reply.body["next_cursor"] is None:
            break
        cursor = {"cursor": reply.body["next_cursor"]}
        await record(filled.audit, range(number, number + 1), chance)

    seen = Counter((row["partition"], row["seq"]) for row in rows)
    assert seen == Counter(before)
    assert rows == sorted(rows, key=place, reverse=True)
    assert sizes == [limit] * (ROWS // limit) + [ROWS % limit] * (ROWS % limit > 0)


async def test_an_empty_audit_is_one_empty_page(books: Books, auditor: Auditor) -> None:
    """With no cursor to go on by."""
    reply = await auditor.get()

    assert (reply.status, reply.body) == (200, {"rows": [], "next_cursor": None})


async def test_of_an_erased_person_only_what_is_not_personal_is_left(
    filled: Books, auditor: Auditor
) -> None:
    """Their rows say so; all others are as they were."""
    await filled.person_keys.destroy("ada")
    rows, _ = await auditor.walk()

    erased = [row for row in rows if row["erased"]]
    assert {row["user_id"] for row in erased} == {"ada"}
    assert {row["erased"] for row in rows if row["user_id"] == "ada"} == {True}
    assert {(row["ip"], row["user_agent"]) for row in erased} == {(None, None)}
    assert {tuple(row["data"]) for row in erased} == {("amr",)}


# --- filters --------------------------------------------------------------------------------------

MIDDLE = to_rfc3339(AT_MS + 20_000)
FILTERS = [
    pytest.param({"user_id": "ada"}, lambda row: row["user_id"] == "ada", id="user"),
    pytest.param({"session_id": "s-1"}, lambda row: row["session_id"] == "s-1", id="session"),
    pytest.param({"type": "login.failed"}, lambda row: row["type"] == "login.failed", id="type"),
    pytest.param(
        {"type": ["login.failed", "session.ended"]},
        lambda row: row["type"] in {"login.failed", "session.ended"},
        id="types",
    ),
    *[
        pytest.param({"outcome": each}, lambda row, each=each: row["outcome"] == each, id=each)
        for each in Outcome
    ],
    pytest.param({"ip": IPS[0]}, lambda row: row["ip"] == IPS[0], id="address"),
    pytest.param(
        {"ip": "2001:0DB8:0:0::7"},
        lambda row: row["ip"] == IPS[2],
        id="address in another spelling",
    ),
    pytest.param({"since": MIDDLE}, lambda row: row["occurred_at"] >= MIDDLE, id="since"),
    pytest.param({"until": MIDDLE}, lambda row: row["occurred_at"] < MIDDLE, id="until"),
    pytest.param(
        {"since": MIDDLE.replace("Z", "+00:00"), "until": to_rfc3339(AT_MS + 21_000)},
        lambda row: row["occurred_at"] == MIDDLE,
        id="one instant",
    ),
    pytest.param(
        {"user_id": "bob", "outcome": "success", "ip": IPS[1], "since": MIDDLE},
        lambda row: (
            row["user_id"] == "bob"
            and row["outcome"] == "success"
            and row["ip"] == IPS[1]
            and row["occurred_at"] >= MIDDLE
        ),
        id="several together",
    ),
    pytest.param({"user_id": "nobody"}, lambda _: False, id="nobody"),
]


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param({}, id="at once"),
        pytest.param({"FETCHED": 3, "LOOKED_AT": 4, "ROUNDS": 2}, id="bit by bit"),
        pytest.param({"FETCHED": 2, "LOOKED_AT": 5, "PAGE_SECONDS": -1}, id="without time"),
    ],
)
@pytest.mark.parametrize(("params", "matches"), FILTERS)
async def test_filters(
    filled: Books,
    auditor: Auditor,
    monkeypatch: pytest.MonkeyPatch,
    params: dict[str, Any],
    matches: Callable[..., Any],
    bounds: dict[str, Any],
) -> None:
    """Just the rows that match, in pages and in a stream; also when a page is not looked for long."""
    every, _ = await auditor.walk(limit=200)
    for name, value in bounds.items():
        monkeypatch.setattr(audit_search, name, value)
    rows, _ = await auditor.walk(**params, limit=5)
    streamed = await auditor.get(**params, format="ndjson")

    expected = [row for row in every if matches(row)]
    assert rows == expected
    assert [json.loads(line) for line in streamed.body.splitlines()] == expected[::-1]


@pytest.mark.parametrize("params", [{"ip": "192.0.2.1"}, {"outcome": "neutral", "user_id": "bob"}])
async def test_a_page_does_not_look_for_ever(
    filled: Books, auditor: Auditor, monkeypatch: pytest.MonkeyPatch, params: dict[str, str]
) -> None:
    """Many rows that do not match: short and empty pages with a cursor, until the end."""
    for name, value in {"FETCHED": 2, "LOOKED_AT": 2, "ROUNDS": 1}.items():
        monkeypatch.setattr(audit_search, name, value)
    _, sizes = await auditor.walk(**params)

    assert len(sizes) > 5
    assert 0 in sizes[:-1]


def test_the_rows_of_these_tests_have_every_outcome() -> None:
    """Also by a reason: else the filters above would show little."""
    chance = Random(5)  # noqa: S311 - rows, not secrets
    events = [happened(n, chance) for n in range(ROWS)]

    assert {outcome_of(e.type, e.reason) for e in events} == set(Outcome)
    assert {e.reason for e in events if e.type == "session.ended"} >= {"aborted", "logout"}


# --- that they looked -----------------------------------------------------------------------------


async def test_every_page_stands_in_the_audit(
    filled: Books, auditor: Auditor, redis: Redis
) -> None:
    """By whom and for what; the row that it becomes says nothing personal in plain."""
    await auditor.get(ip=IPS[0], type="login.failed", limit=3)
    [first] = await told(redis, auditor)
    assert (first.type, first.ip) == ("audit.searched", "127.0.0.1")
    assert first.data == {"filters": {"ip": IPS[0], "types": ["login.failed"]}, "limit": 3}

    await auditor.get(outcome="success")
    assert {"filters": {"outcome": "success"}, "limit": 50} in [
        event.data for event in await told(redis, auditor)
    ]

    await filled.audit.record(5, [StreamedEvent("1-1", first)])
    [row] = await filled.sql("select * from audit_log where partition = 5")
    assert row.actor_id == auditor.id
    assert not any(IPS[0] in str(value) for value in row)
    assert "filters" not in row.data
    opened, *_ = (await auditor.get(type="audit.searched")).body["rows"]
    assert opened["data"]["filters"]["ip"] == IPS[0]


async def test_without_redis_nothing_is_shown(
    filled: Books,
    serve_for_real: ServeForReal,
    make_settings: MakeSettings,
    fresh_database: str,
    own_valkey: EmbeddedServer,
) -> None:
    """503 with Retry-After, though the token still holds: what cannot be written down is not given."""
    served = await serve_for_real(
        make_settings(database_url=fresh_database, redis_url=own_valkey.url)
    )
    person = await add_person(filled.database, roles=["admin"])
    async with aiohttp.ClientSession() as http:
        browser = Browser(http, f"http://{served.host}:{served.port}")
        token = (await browser.login(person))["access_token"]
        assert (await browser.send("GET", "/api/audit", token=token)).status == 200
        own_valkey.kill()
        assert (await browser.me(token)).status == 200
        for form in ("json", "csv", "ndjson"):
            params = {"format": form}
            reply = await browser.send("GET", "/api/audit", token=token, params=params)
            assert refusal(reply) == (503, "service_unavailable"), form
            assert int(reply.headers["Retry-After"]) > 0


# --- the database ---------------------------------------------------------------------------------


async def test_a_question_that_takes_too_long_is_given_up(
    filled: Books,
    serve_for_real: ServeForReal,
    make_settings: MakeSettings,
    fresh_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """503 for those who read the audit, more of them than it has connections; others sign in."""
    monkeypatch.setattr(wiring, "AUDIT_SECONDS", 0.5)
    served = await serve_for_real(make_settings(database_url=fresh_database))
    person = await add_person(filled.database, roles=["auditor"])
    async with aiohttp.ClientSession() as http:
        browser = Browser(http, f"http://{served.host}:{served.port}")
        auditor = Auditor(browser, person.id, (await browser.login(person))["access_token"])
        async with filled.database.transaction() as connection:
            await connection.exec_driver_sql("lock table audit_log in access exclusive mode")
            asked = [asyncio.create_task(auditor.get()) for _ in range(6)]
            signed_in = await asyncio.gather(*[browser.login(person) for _ in range(3)])
            replies = await asyncio.gather(*asked)
        assert [refusal(reply) for reply in replies] == [(503, "service_unavailable")] * 6
        assert len({tokens["session_id"] for tokens in signed_in}) == 3

        async def well() -> bool:
            return (await auditor.get()).status == 200

        await wait_until(well)


def test_a_page_is_answered_in_seconds() -> None:
    """Whatever is asked: a statement has its time."""
    assert timedelta(seconds=wiring.AUDIT_SECONDS) <= timedelta(seconds=10)


async def test_an_index_leads_to_the_newest(filled: Books) -> None:
    """However many rows there are: neither a page nor a batch sorts them all."""
    await filled.sql("analyze audit_log")
    places = "occurred_at, partition, seq"
    for order, sign in (("desc", "<"), ("asc", ">")):
        ordered = ", ".join(f"{column} {order}" for column in places.split(", "))
        async with filled.database.transaction() as connection:
            for other in ("seqscan", "bitmapscan"):
                await connection.exec_driver_sql(f"set local enable_{other} = off")
            plan = await connection.execute(
                text(
                    f"explain {select(audit_filters.ROWS)} where ({places}) {sign} "
                    f"('{to_datetime(AT_MS + 9000)}', 1, 5) order by {ordered} limit 51"
                )
            )
            lines = "\n".join(row[0] for row in plan)
        assert "occurred_at_partition_" in lines
        assert "Sort  (cost" not in lines
