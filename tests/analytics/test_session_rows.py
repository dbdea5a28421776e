"""`GET /api/analytics/sessions`: each row once, by what was asked, and never unseen."""

import json
from typing import Any

import pytest
from redis.asyncio import Redis

from service.contracts import keys
from tests.analytics.conftest import Facts, person
from tests.support.people import Reply

DAYS = {"from": "2026-11-10", "to": "2026-11-12"}


async def ask(facts: Facts, **params: str) -> Reply:
    given = {**DAYS, **params}
    return await facts.browser.send(
        "GET", "/api/analytics/sessions", token=facts.token, params=given
    )


async def names(facts: Facts, **params: str) -> list[str]:
    """The ids of what is shown."""
    reply = await ask(facts, **params)
    assert reply.status == 200, reply
    return [row["session_id"] for row in reply.body["sessions"]]


async def test_a_row_says_what_it_promises(facts: Facts) -> None:
    await facts.session(
        "ada",
        "2026-11-10T08:00Z",
        "2026-11-10T09:00:00.123456Z",
        client_key=1,
        device_key=1,
        geo_key=1,
        auth_method="pwd otp",
        mfa_used=True,
        refresh_count=3,
        refresh_background_count=1,
    )
    assert (await ask(facts)).body == {
        "sessions": [
            {
                "session_id": "s-1",
                "user_key": person("ada"),
                "started_at": "2026-11-10T08:00:00.000Z",
                "last_active_at": "2026-11-10T08:00:00.000Z",
                "ended_at": "2026-11-10T09:00:00.123Z",
                "end_reason": "logout",
                "client": "inphora",
                "device_class": "mobile",
                "browser": "Firefox",
                "os": "Android",
                "country": "KE",
                "method": "pwd otp",
                "mfa_used": True,
                "refresh_count": 3,
                "refresh_background_count": 1,
                "reuse_detected": False,
            }
        ],
        "next_cursor": None,
    }


@pytest.mark.parametrize("at", ["started", "ended"])
async def test_pages_show_each_row_once(facts: Facts, at: str) -> None:
    """The newest first, also where many have the same instant and others come in meanwhile."""
    for number in range(23):
        begin = f"2026-11-10T08:{number // 5:02}Z"
        await facts.session(f"p{number}", begin, begin.replace("T08", "T09"))
    whole = await names(facts, at=at, limit="200")
    assert len(whole) == 23
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        reply = await ask(facts, at=at, limit="5", **cursor)
        rows = reply.body["sessions"]
        instants = [row[f"{at}_at"] for row in rows]
        assert instants == sorted(instants, reverse=True)
        seen += [row["session_id"] for row in rows]
        await facts.session("new", "2026-11-10T12:00Z", "2026-11-10T13:00Z")
        if reply.body["next_cursor"] is None:
            break
        cursor = {"cursor": reply.body["next_cursor"]}
    assert seen == whole


async def test_filters(facts: Facts) -> None:
    """Each alone leaves what it says; test accounts and bots only when asked for."""
    await facts.session("a", "2026-11-10T08:00Z", client_key=1, geo_key=1, device_key=1)
    await facts.session("b", "2026-11-11T08:00Z", "2026-11-12T08:00Z", reuse_detected=True)
    await facts.session("c", "2026-11-09T20:30Z", auth_method="pwd")
    await facts.session("t", "2026-11-10T08:00Z", is_test=True)
    await facts.session("bot", "2026-11-10T09:00Z", device_key=2)
    assert await names(facts) == ["s-2", "s-1"]
    assert await names(facts, tz="Africa/Nairobi") == ["s-2", "s-1"]
    assert await names(facts, tz="Asia/Tokyo") == ["s-2", "s-1", "s-3"]
    assert await names(facts, include_test="true") == ["s-2", "s-4", "s-1"]
    assert await names(facts, include_bots="true") == ["s-2", "s-5", "s-1"]
    for name, value in {
        "client": "inphora",
        "country": "KE",
        "device_class": "mobile",
        "browser": "Firefox",
        "os": "Android",
    }.items():
        assert await names(facts, **{name: value}) == ["s-1"], name
    assert await names(facts, reuse_detected="true") == ["s-2"]
    assert await names(facts, reuse_detected="false") == ["s-1"]
    assert await names(facts, end_reason="logout") == ["s-2"]
    assert await names(facts, at="ended", to="2026-11-13") == ["s-2"]
    assert await names(facts, country="' or true --") == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"to": "2026-11-10"}, "to"),
        ({"from": "x"}, "from"),
        ({"tz": "Mars/Olympus"}, "tz"),
        ({"at": "used"}, "at"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"wat": "1"}, "wat"),
    ],
    ids=str,
)
async def test_a_bad_parameter_is_named(facts: Facts, params: dict[str, str], field: str) -> None:
    reply = await ask(facts, **params)

    assert (reply.status, reply.code) == (422, "validation_failed"), reply
    assert field in {error["field"] for error in reply.body["errors"]}


async def test_a_cursor_is_of_its_search(facts: Facts) -> None:
    """With other filters it would leave rows out without a word."""
    for number in range(3):
        await facts.session(f"p{number}", "2026-11-10T08:00Z")
    cursor = (await ask(facts, limit="1")).body["next_cursor"]
    assert (await ask(facts, limit="1", cursor=cursor)).status == 200
    assert (await ask(facts, limit="1", cursor=cursor, include_bots="true")).status == 422


async def test_every_look_is_told(facts: Facts, redis: Redis) -> None:
    """Who, and for what, before a row is shown."""
    await ask(facts, country="KE")

    def mine(entry: dict[bytes, bytes]) -> Any:
        wanted = entry[b"type"] == b"analytics.searched" and b'"KE"' in entry[b"data"]
        return wanted and (entry[b"actor_id"], json.loads(entry[b"data"])["limit"])

    told = [
        mine(entry)
        for partition in range(keys.PARTITIONS)
        for _, entry in await redis.xrange(keys.events(partition))
        if mine(entry)
    ]
    me = await facts.browser.me(facts.token)
    assert (me.body["user"]["id"].encode(), 50) in told
