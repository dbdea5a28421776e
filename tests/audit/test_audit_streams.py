"""The audit as a file over HTTP: all of it or visibly broken, at the pace of who reads it."""

import asyncio
import csv
import io
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.engine import Engine

from service.contracts.events import Event, EventType
from service.domain.audit_rows import FIELDS
from service.store.audit import StreamedEvent
from service.store.audit_search import FETCHED
from service.web import streams
from service.wiring import audit as wiring
from tests.audit.auditors import AT_MS, Auditor, told
from tests.audit.conftest import Books
from tests.conftest import MakeSettings, ServeForReal, add_person
from tests.support.people import Browser
from tests.support.waiting import wait_until
from tests.web.wire import Served, refusal

LARGE = 6000
"""Rows of 4 KB: more than all buffers between two processes hold."""


async def fill(books: Books, rows: int, *, agent: str = "=agent()") -> None:
    for first in range(0, rows, 1000):
        events = [
            StreamedEvent(
                f"{AT_MS + n}-0",
                Event(type=EventType.LOGIN_FAILED, at_ms=AT_MS + n, user_agent=agent),
            )
            for n in range(first, min(first + 1000, rows))
        ]
        await books.audit.record(1, events)


@pytest.fixture
async def large(books: Books) -> Books:
    await fill(books, LARGE, agent="x" * 4000)
    return books


@pytest.fixture
def start(
    serve_for_real: ServeForReal, make_settings: MakeSettings, fresh_database: str, books: Books
) -> Callable[[], AbstractAsyncContextManager[Auditor]]:
    """Serves the books to one auditor, whose connections take in little at a time."""

    def narrow(address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return made

    @asynccontextmanager
    async def serving() -> AsyncIterator[Auditor]:
        base = (await serve_for_real(make_settings(database_url=fresh_database))).base
        person = await add_person(books.database, roles=["auditor"])
        connector = aiohttp.TCPConnector(socket_factory=narrow)
        async with aiohttp.ClientSession(connector=connector, read_bufsize=4096) as http:
            browser = Browser(http, base)
            token = (await browser.login(person))["access_token"]
            yield Auditor(browser, person.id, token)

    return serving


@pytest.fixture
def batches() -> Iterator[list[str]]:
    """How many times this process has asked for rows of the audit."""
    seen = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "audit_log.personal" in statement:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def begin(auditor: Auditor, form: str = "ndjson") -> Any:
    """A stream that is read by hand."""
    headers = {"Authorization": f"Bearer {auditor.token}"}
    return auditor.browser.http.get(
        f"{auditor.browser.base}/api/audit", params={"format": form}, headers=headers
    )


async def free(auditor: Auditor) -> bool:
    """Whether somebody may export just now."""
    return (await auditor.get(format="csv", user_id="nobody")).status == 200


async def none_open(books: Books) -> bool:
    """Whether nobody else is in a transaction and does nothing in it."""
    return not await books.sql(
        "select 1 from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and state like 'idle in transaction%'"
    )


# --- whole ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, FETCHED, 2 * FETCHED + 1])
async def test_a_stream_has_all_rows(books: Books, auditor: Auditor, rows: int) -> None:
    """In the order of their instants, in both forms, with the same values."""
    await fill(books, rows)
    ndjson = await auditor.get(headers={"Accept": "application/x-ndjson"})
    table = await auditor.get(headers={"Accept": "text/csv"})

    given = [json.loads(line) for line in ndjson.body.splitlines()]
    assert [row["seq"] for row in given] == list(range(1, rows + 1))
    head, *cells = csv.reader(io.StringIO(table.body, newline=""))
    assert tuple(head) == FIELDS
    assert [line[FIELDS.index("seq")] for line in cells] == [str(row["seq"]) for row in given]
    assert {row["user_agent"] for row in given} <= {"=agent()"}
    assert {line[FIELDS.index("user_agent")] for line in cells} <= {"'=agent()"}


@pytest.mark.parametrize(
    ("form", "media_type"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson")]
)
async def test_a_stream_says_what_it_is(
    books: Books, auditor: Auditor, redis: Redis, form: str, media_type: str
) -> None:
    """A file to keep, nothing for caches; with every header of any other answer."""
    get = await auditor.get(format=form)
    told_of_get = await told(redis, auditor)
    head = await auditor.browser.send(
        "HEAD", "/api/audit", token=auditor.token, params={"format": form}
    )

    for reply in (get, head):
        assert reply.status == 200
        assert reply.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        assert reply.headers["Cache-Control"] == "no-store"
        assert re.fullmatch(
            rf'attachment; filename="audit-\d{{8}}T\d{{6}}Z\.{form}"',
            reply.headers["Content-Disposition"],
        )
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["RateLimit"].startswith('"audit"')
        assert len(reply.headers["X-Request-ID"]) == 32
    assert len(told_of_get) == 1
    assert await told(redis, auditor) == told_of_get, "HEAD gives nothing out"


async def test_an_export_stands_in_the_audit_before_its_first_row(
    large: Books, start: Callable[[], AbstractAsyncContextManager[Auditor]], redis: Redis
) -> None:
    """By whom and for what; also when it is never read to its end."""
    async with start() as auditor:
        async with begin(auditor) as reply:
            assert reply.status == 200
            [said] = await told(redis, auditor)
        assert (said.type, said.reason, said.data) == ("audit.exported", "ndjson", {"filters": {}})
        await auditor.get(format="csv", ip="203.0.113.7")
        assert ("csv", {"filters": {"ip": "203.0.113.7"}}) in [
            (event.reason, event.data) for event in await told(redis, auditor)
        ]


async def test_rows_that_come_meanwhile_are_for_the_next(
    large: Books, start: Callable[[], AbstractAsyncContextManager[Auditor]]
) -> None:
    """A stream ends where the audit ended when it began, however slowly it is read."""
    async with start() as auditor:
        async with begin(auditor) as reply:
            await reply.content.readline()
            late = Event(type=EventType.LOGIN_FAILED, at_ms=AT_MS + LARGE)
            await large.audit.record(1, [StreamedEvent("9999999999999-0", late)])
            rest = (await reply.read()).splitlines()
        assert len(rest) == LARGE - 1
        assert json.loads(rest[-1])["seq"] == LARGE


# --- broken ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "ndjson"])
async def test_a_stream_that_breaks_is_seen_to_be_broken(
    large: Books,
    start: Callable[[], AbstractAsyncContextManager[Auditor]],
    form: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The table goes away half-way: the client's read fails, and no end of the body was sent."""
    async with start() as auditor:
        try:
            async with begin(auditor, form) as reply:
                await reply.content.readline()
                await large.sql("alter table audit_log rename to gone")
                with pytest.raises(aiohttp.ClientError):
                    await reply.read()
        finally:
            await large.sql("alter table if exists gone rename to audit_log")
        assert await wait_until(lambda: free(auditor))
        assert "stream.broken" in capfd.readouterr().out


async def test_what_was_sent_of_a_broken_stream(
    large: Books, start: Callable[[], AbstractAsyncContextManager[Auditor]]
) -> None:
    """Byte by byte: chunks, and not the one of length 0 that ends a body (RFC 9112 §7.1)."""
    async with start() as auditor:
        reader, writer = await asyncio.open_connection(*_address(auditor), limit=4096)
        writer.write(_request(auditor, "HTTP/1.1"))
        await reader.readuntil(b"\r\n\r\n")
        await large.sql("alter table audit_log rename to gone")
        try:
            sent = b""
            while part := await reader.read(65536):
                sent = (sent + part)[-100:]
        except ConnectionError:
            pass
        finally:
            await large.sql("alter table gone rename to audit_log")
            writer.close()
        assert sent
        assert not sent.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("form", ["csv", "ndjson"])
async def test_what_goes_wrong_before_the_first_row_is_a_problem(
    books: Books,
    start: Callable[[], AbstractAsyncContextManager[Auditor]],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    """No 200 with nothing behind it; and whoever could not begin is in nobody's way."""
    monkeypatch.setattr(wiring, "AUDIT_SECONDS", 0.5)
    monkeypatch.setattr(wiring, "AUDIT_EXPORTS", 1)
    async with start() as auditor:
        async with books.database.transaction() as connection:
            await connection.exec_driver_sql("lock table audit_log in access exclusive mode")
            reply = await auditor.get(format=form)
        assert refusal(reply) == (503, "service_unavailable")
        assert await wait_until(lambda: free(auditor))


async def test_a_client_that_cannot_see_a_break_gets_nothing(
    books: Books, start: Callable[[], AbstractAsyncContextManager[Auditor]]
) -> None:
    """HTTP/1.0 ends a body by closing, which a break does too."""
    async with start() as auditor:
        reply = await Served(*_address(auditor)).send(_request(auditor, "HTTP/1.0"))

    assert refusal(reply) == (400, "bad_request")


# --- slow -----------------------------------------------------------------------------------------


async def test_a_reader_who_stops_holds_nothing_that_others_need(
    large: Books,
    start: Callable[[], AbstractAsyncContextManager[Auditor]],
    monkeypatch: pytest.MonkeyPatch,
    batches: list[str],
) -> None:
    """Neither the rows in memory nor the only connection; just their place among the exports."""
    monkeypatch.setattr(wiring, "AUDIT_CONNECTIONS", 1)
    monkeypatch.setattr(wiring, "AUDIT_EXPORTS", 1)
    async with start() as auditor:
        async with begin(auditor) as reply:
            assert reply.status == 200
            assert (await auditor.get(limit=200)).status == 200
            busy = await auditor.get(format="csv")
            assert refusal(busy) == (503, "service_unavailable")
            assert int(busy.headers["Retry-After"]) > 1
            assert len(batches) < LARGE // FETCHED
            assert await wait_until(lambda: none_open(large)), "what holds one holds it for good"
        assert await wait_until(lambda: free(auditor)), "who leaves is noticed"
        assert len(batches) < LARGE // FETCHED


async def test_a_reader_who_stops_for_too_long_is_cut_off(
    large: Books,
    start: Callable[[], AbstractAsyncContextManager[Auditor]],
    monkeypatch: pytest.MonkeyPatch,
    batches: list[str],
) -> None:
    """Not given the end, and another may export."""
    monkeypatch.setattr(streams, "WRITE_SECONDS", 0.2)
    monkeypatch.setattr(wiring, "AUDIT_EXPORTS", 1)
    async with start() as auditor, begin(auditor) as reply:
        assert await wait_until(lambda: free(auditor))
        assert len(batches) < LARGE // FETCHED
        with pytest.raises(aiohttp.ClientError):
            await reply.read()


async def test_a_slow_reader_gets_all_of_it(
    large: Books, start: Callable[[], AbstractAsyncContextManager[Auditor]]
) -> None:
    """As slowly as they like, as long as they go on."""
    async with start() as auditor, begin(auditor) as reply:
        size = 0
        while part := await reply.content.read(1 << 16):
            size += part.count(b"\n")
            await asyncio.sleep(0)
        assert size == LARGE


def _address(auditor: Auditor) -> tuple[str, int]:
    host, _, port = auditor.browser.base.removeprefix("http://").partition(":")
    return host, int(port)


def _request(auditor: Auditor, version: str) -> bytes:
    lines = [
        f"GET /api/audit?format=csv {version}",
        "Host: x",
        f"Authorization: Bearer {auditor.token}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
