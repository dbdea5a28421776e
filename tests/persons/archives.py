"""Asking for an archive as a client does."""

from typing import Any

from tests.support.people import Browser
from tests.support.waiting import wait_until

EXPORT = "/api/auth/me/export"


async def fetch(browser: Browser, token: str, headers: dict[str, str] | None = None) -> Any:
    """Ask until it is made; what it holds."""

    async def made() -> Any:
        reply = await browser.send("GET", EXPORT, token=token, headers=headers or {})
        assert reply.status in {200, 202}, reply
        if reply.status == 202:
            assert reply.body["status"] == "pending"
            assert int(reply.headers["Retry-After"]) > 0
            return None
        assert reply.headers["Cache-Control"] == "no-store"
        return reply.body

    return await wait_until(made)
