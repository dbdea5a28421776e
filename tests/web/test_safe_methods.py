"""GET reads; a cookie signs nobody in; no address has a secret in it."""

from collections.abc import Iterator

import pytest

from config.logging import SECRET_NAMES
from service.web.openapi import document
from service.web.route import Route
from service.web.routes import ROUTES
from tests.conftest import MakePerson
from tests.support.people import Browser, Person
from tests.support.statements import noted_statements

PROOF = {"X-Requested-With": "fetch", "Origin": "http://127.0.0.1:8000"}
GETS = [route for route in ROUTES if route.method == "GET"]
WRITES = ("insert", "update", "delete", "merge", "truncate")
MAY_WRITE = {
    "/api/auth/me/export",
}
"""Asks for an archive to be made, unless one is there: harmless as often as anybody makes it come."""


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every SQL statement of requests while the test runs."""
    with noted_statements() as seen:
        yield seen


@pytest.mark.usefixtures("working")
@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
async def test_no_get_changes_anything(
    browser: Browser, make_person: MakePerson, statements: list[str], route: Route
) -> None:
    """ASVS 3.5.3: asked by somebody with every role, of their own session."""
    person = await make_person(roles=["admin", "analyst", "auditor"])
    tokens = await browser.login(person)
    ids = tokens["session_id"] if "session" in route.path else person.id
    statements.clear()
    reply = await browser.send("GET", route.path.replace("{id}", ids), token=tokens["access_token"])
    wrote = [each for each in statements if each.strip().lower().startswith(WRITES)]

    assert reply.status < 500
    assert bool(wrote) == (route.path in MAY_WRITE), wrote


@pytest.mark.parametrize("route", [r for r in ROUTES if r.bearer], ids=lambda route: route.name)
async def test_a_cookie_alone_signs_nobody_in(
    browser: Browser, person: Person, route: Route
) -> None:
    """ASVS 3.5.1: only /refresh and /logout take it, by POST and with their proof; nothing else does."""
    body = {"email": person.email, "password": person.password, "cookie": True}
    signed_in = await browser.send("POST", "/api/auth/login", json=body)
    line = signed_in.headers["Set-Cookie"].partition(";")[0]
    reply = await browser.send(
        route.method,
        route.path.replace("{id}", person.id),
        headers={**PROOF, "Cookie": line},
        json={} if route.body else None,
    )

    if route.path == "/api/auth/logout":
        assert reply.status in {204, 401}
    else:
        assert (reply.status, reply.code) == (401, "token_missing")


def test_no_address_has_a_secret_in_it() -> None:
    """RFC 6750 §2.3, ASVS 14.2.1: no parameter of a path or a query is a secret."""
    named = [
        (path, parameter["name"])
        for path, item in document(version="1", server="http://127.0.0.1")["paths"].items()
        for operation in item.values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] in {"path", "query"}
    ]

    assert ("/api/auth/sessions/{id}", "id") in named
    assert [each for each in named if SECRET_NAMES.search(each[1])] == []
