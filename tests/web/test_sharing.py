"""CORS: the origins that are named may read answers, no other."""

import pytest

from service.web.routes import ROUTES
from tests.conftest import MakeSettings, Share
from tests.support.people import Browser, Person, Reply

ALLOWED, OTHER = "https://pay.lender.example", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}


@pytest.fixture
def shared(share: Share, make_settings: MakeSettings) -> Browser:
    return share(make_settings(cors_origins=(ALLOWED,)))


def granted(reply: Reply) -> str | None:
    origin: str | None = reply.headers.get("Access-Control-Allow-Origin")
    return origin


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/me", "/api/nothing"])
async def test_preflights(shared: Browser, path: str) -> None:
    """A browser asks first; only a named origin is told that it may."""
    yes = await shared.send("OPTIONS", path, headers={"Origin": ALLOWED, **PREFLIGHT})
    no = await shared.send("OPTIONS", path, headers={"Origin": OTHER, **PREFLIGHT})

    assert (yes.status, no.status) == (204, 204)
    assert (granted(yes), granted(no)) == (ALLOWED, None)
    assert "X-Requested-With" in yes.headers["Access-Control-Allow-Headers"]
    assert {route.method for route in ROUTES} <= set(
        yes.headers["Access-Control-Allow-Methods"].split(", ")
    )
    assert "Access-Control-Allow-Headers" not in no.headers
    assert yes.headers["X-Request-ID"]


async def test_answers(shared: Browser, person: Person) -> None:
    """Success and refusal alike; what they vary by is said to everybody."""
    for path, status in (("/api/health/live", 200), ("/api/auth/me", 401), ("/api/x", 404)):
        yes = await shared.send("GET", path, headers={"Origin": ALLOWED})
        no = await shared.send("GET", path, headers={"Origin": OTHER})
        assert (yes.status, granted(yes), granted(no)) == (status, ALLOWED, None)
        assert yes.headers["Access-Control-Allow-Credentials"] == "true"
        assert "RateLimit" in yes.headers["Access-Control-Expose-Headers"]
        assert yes.headers["Vary"] == no.headers["Vary"] == "Origin"
    assert granted(await shared.send("GET", "/api/health/live")) is None


async def test_nobody_is_named(browser: Browser) -> None:
    """Without CORS_ORIGINS nothing is said, and OPTIONS is a method like any other."""
    headers = {"Origin": ALLOWED, **PREFLIGHT}
    reply = await browser.send("OPTIONS", "/api/auth/login", headers=headers)
    assert (reply.status, reply.code, granted(reply)) == (405, "method_not_allowed", None)
    assert "Vary" not in reply.headers
