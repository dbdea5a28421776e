"""Asking for an archive as a client does."""

from tests.support.waiting import wait_until

EXPORT = "/api/auth/me/export"


async def fetch(browser, token, headers=None):
    """Ask until it is made; what it holds."""

    async def made():
        reply = await browser.send("GET", EXPORT, token=token, headers=headers or {})
        assert reply.status in {200, 202}, reply
        if reply.status == 202:
            assert reply.body["status"] == "pending"
            assert int(reply.headers["Retry-After"]) > 0
            return None
        assert reply.headers["Cache-Control"] == "no-store"
        return reply.body

    return await wait_until(made, seconds=30)
