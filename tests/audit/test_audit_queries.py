"""What `GET /api/audit` does not take for a search: named, and nothing was looked at."""

import pytest
from redis.asyncio import Redis
from yarl import URL

from service.contracts.events import EventType
from tests.audit.auditors import Auditor, told
from tests.audit.conftest import Books
from tests.support.damage import altered
from tests.support.people import Reply
from tests.web.wire import refusal


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("nonsense=1", "nonsense", id="unknown"),
        pytest.param("User_id=ada", "User_id", id="in other letters"),
        pytest.param("=1", "", id="without a name"),
        pytest.param("user_id=", "user_id", id="empty, which is not all"),
        pytest.param("user_id=a&user_id=b", "user_id", id="twice"),
        pytest.param("cursor=a&cursor=b", "cursor", id="two cursors"),
        pytest.param("user_id=%00", "user_id", id="a NUL"),
        pytest.param("user_id=" + "x" * 65, "user_id", id="a long user"),
        pytest.param("session_id=%0a", "session_id", id="a line break"),
        pytest.param("type=moon.landed", "type.0", id="an unknown type"),
        pytest.param("type=login.failed&type=", "type.1", id="an empty type"),
        pytest.param(
            "type=login.failed&" * (len(EventType) + 1), "type", id="more types than there are"
        ),
        pytest.param("outcome=SUCCESS", "outcome", id="an outcome in capitals"),
        pytest.param("ip=localhost", "ip", id="a name of a host"),
        pytest.param("ip=203.0.113.0/24", "ip", id="a network"),
        pytest.param("since=yesterday", "since", id="a word"),
        pytest.param("since=1789000000", "since", id="seconds"),
        pytest.param("since=2026-11-23", "since", id="a day"),
        pytest.param("since=2026-11-23T08:00:00", "since", id="no time zone"),
        pytest.param("since=2026-11-23T08:00:00+01:00", "since", id="a plus that is a space"),
        pytest.param("until=2026-02-30T08:00:00Z", "until", id="a day that is none"),
        pytest.param("until=0001-01-01T00:00:00%2B14:00", "until", id="before all time"),
        pytest.param("until=9999-12-31T23:59:59-14:00", "until", id="after all time"),
        pytest.param("limit=0", "limit", id="none"),
        pytest.param("limit=201", "limit", id="too many"),
        pytest.param("limit=-1", "limit", id="a negative number"),
        pytest.param("limit=5.0", "limit", id="a float"),
        pytest.param("limit=1_0", "limit", id="a number of Python"),
        pytest.param("limit=%D9%A5", "limit", id="digits of another script"),
        pytest.param("limit=" + "9" * 5000, "limit", id="a number of 5,000 digits"),
        pytest.param("cursor=" + "A" * 44, "cursor", id="a cursor of nobody's"),
        pytest.param("cursor=" + "A" * 5000, "cursor", id="a long cursor"),
        pytest.param("cursor=%F0%9F%98%80", "cursor", id="an emoji"),
        pytest.param("format=xml", "format", id="a form that there is not"),
        pytest.param("format=csv&limit=5", "limit", id="a page of a stream"),
        pytest.param("format=ndjson&cursor=A", "cursor", id="a place in a stream"),
    ],
)
async def test_what_is_no_search_is_named(
    books: Books, auditor: Auditor, redis: Redis, query: str, field: str
) -> None:
    """422 for the field, without its value; nothing was looked at, so nothing is told."""
    url = f"{auditor.browser.base}/api/audit?{query}"
    headers = {"Authorization": f"Bearer {auditor.token}"}
    async with auditor.browser.http.get(URL(url, encoded=True), headers=headers) as answer:
        reply = Reply(answer.status, answer.headers, await answer.json(content_type=None))

    assert refusal(reply) == (422, "validation_failed")
    assert reply.body["errors"][0]["field"] == field
    assert await told(redis, auditor) == []


@pytest.mark.parametrize("text", ["%ff%fe", "%ed%a0%80", "%25%5F", "'%20or%201=1--", "*"])
async def test_an_odd_text_is_nobody(filled: Books, auditor: Auditor, text: str) -> None:
    """Bytes, patterns, SQL: compared as it is, and nobody has it."""
    url = f"{auditor.browser.base}/api/audit?user_id={text}"
    headers = {"Authorization": f"Bearer {auditor.token}"}
    async with auditor.browser.http.get(URL(url, encoded=True), headers=headers) as answer:
        assert (answer.status, await answer.json()) == (200, {"rows": [], "next_cursor": None})


async def test_a_cursor_is_of_its_search(filled: Books, auditor: Auditor) -> None:
    """Another filter, or a character changed: refused by name. Another limit is the same search."""
    page = await auditor.get(limit=5, user_id="ada")
    cursor = page.body["next_cursor"]
    forged = altered(cursor)

    for params in (
        {"cursor": cursor},
        {"cursor": cursor, "user_id": "bob"},
        {"cursor": cursor, "user_id": "ada", "outcome": "success"},
        {"cursor": forged, "user_id": "ada"},
    ):
        reply = await auditor.get(**params)
        assert refusal(reply) == (422, "validation_failed")
        assert [fault["field"] for fault in reply.body["errors"]] == ["cursor"]
    assert (await auditor.get(cursor=cursor, user_id="ada", limit=9)).status == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*;q=0"])
async def test_a_form_that_there_is_not(
    books: Books, auditor: Auditor, redis: Redis, accept: str
) -> None:
    """406; nothing was looked at."""
    reply = await auditor.get(headers={"Accept": accept})

    assert refusal(reply) == (406, "not_acceptable")
    assert await told(redis, auditor) == []
