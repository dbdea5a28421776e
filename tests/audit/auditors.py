"""Somebody who may read the audit, what there is to read, and what the streams say of it."""

from random import Random
from typing import Any

from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.events import Event, EventType
from service.store.audit import AuditRecords, StreamedEvent
from tests.support.people import Browser, Reply

AT_MS = 1_789_000_000_000
IPS = ("203.0.113.7", "203.0.113.8", "2001:db8::7")
REASONS = ("", "logout", "aborted", "evicted", "wrong_password")
ROWS = 120
"""Two of each instant, in different partitions."""


def happened(number: int, chance: Random) -> Event:
    """Something, to one of a few people, from one of a few places."""
    return Event(
        type=chance.choice([*EventType, *[EventType.SESSION_ENDED] * 12]),
        at_ms=AT_MS + number // 2 * 1000,
        user_id=chance.choice(["", "ada", "bob"]),
        session_id=chance.choice(["", "s-1", "s-2"]),
        generation=chance.choice([None, 3]),
        ip=chance.choice(IPS),
        user_agent="=agent()",
        request_id=f"r-{number}",
        reason=chance.choice(REASONS),
        data={"amr": ["pwd"], "device": "Ada's phone"},
    )


async def record(audit: AuditRecords, numbers: range, chance: Random) -> None:
    for partition in range(2):
        events = [
            StreamedEvent(f"{AT_MS + n}-0", happened(n, chance))
            for n in numbers
            if n % 2 == partition
        ]
        await audit.record(partition, events)


class Auditor:
    """Somebody who may look, signed in."""

    def __init__(self, browser: Browser, user_id: str, token: str) -> None:
        self.browser, self.id, self.token = browser, user_id, token

    async def get(self, *, headers: dict[str, str] | None = None, **params: str | int) -> Reply:
        return await self.browser.send(
            "GET", "/api/audit", token=self.token, params=params, headers=headers or {}
        )

    async def walk(self, **params: str | int) -> tuple[list[dict[str, Any]], list[int]]:
        """All rows, page by page; and how many each page had."""
        rows: list[dict[str, Any]] = []
        sizes: list[int] = []
        more: dict[str, str] = {}
        while True:
            reply = await self.get(headers=None, **params, **more)
            assert reply.status == 200, reply
            rows += reply.body["rows"]
            sizes.append(len(reply.body["rows"]))
            if reply.body["next_cursor"] is None:
                return rows, sizes
            more = {"cursor": reply.body["next_cursor"]}


async def told(redis: Redis, auditor: Auditor) -> list[Event]:
    """What the streams say of what an auditor did."""
    entries = [e for p in range(keys.PARTITIONS) for e in await redis.xrange(keys.events(p))]
    own = auditor.id.encode()
    return [Event.read(fields) for _, fields in entries if fields.get(b"actor_id") == own]
