"""Somebody who may read the audit, and what the streams say of it."""

from redis.asyncio import Redis

from service.contracts import keys
from service.contracts.events import Event
from tests.support.people import Browser


class Auditor:
    """Somebody who may look, signed in."""

    def __init__(self, browser: Browser, user_id: str, token: str) -> None:
        self.browser, self.id, self.token = browser, user_id, token

    async def get(self, *, headers=None, **params):
        return await self.browser.send(
            "GET", "/api/audit", token=self.token, params=params, headers=headers or {}
        )

    async def walk(self, **params):
        """All rows, page by page; and how many each page had."""
        rows, sizes, more = [], [], {}
        while True:
            reply = await self.get(**params, **more)
            assert reply.status == 200, reply
            rows += reply.body["rows"]
            sizes.append(len(reply.body["rows"]))
            if reply.body["next_cursor"] is None:
                return rows, sizes
            more = {"cursor": reply.body["next_cursor"]}


async def told(redis: Redis, auditor: Auditor) -> list[Event]:
    """What the streams say of what an auditor did."""
    entries = [e for p in range(keys.PARTITIONS) for e in await redis.xrange(keys.events(p))]
    events = [Event.read(fields) for _, fields in entries]
    return [event for event in events if event.actor_id == auditor.id]
