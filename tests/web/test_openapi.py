"""The OpenAPI document says what the service does, and the service does what it says."""

import asyncio
from contextlib import closing
from itertools import product
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from service.app import build_app
from service.domain.users import Role
from service.web.openapi import document
from service.web.route import Route
from service.web.routes import ROUTES
from tests.conftest import MakePerson, MakeSettings
from tests.support.examples import examples
from tests.support.hosting import Hosting
from tests.support.people import Browser, Person
from tests.web.wire import Served

load_all_checks()
ALL = CHECKS.get_all()
BODIES = sorted({route.body for route in ROUTES if route.body}, key=lambda body: body.__name__)
DOCUMENT = document(version="1", server="http://127.0.0.1")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
SCHEMA.config.checks.positive_data_acceptance.expected_statuses = [
    "2xx", "400", "401", "403", "404", "409", "415", "422", "429"
]  # fmt: skip
"""What fits a schema may still be refused: a link that is spent, a password that all use,
no body where none came as a cookie."""
OPERATIONS = {route.name: route for route in ROUTES}

exploring = examples(8, 50)


def test_the_document_is_one() -> None:
    """By the meta-schema of OpenAPI 3.1, and every reference leads somewhere."""
    SCHEMA.validate()
    found = list(SCHEMA.get_all_operations())

    assert [result for result in found if not isinstance(result, Ok)] == []
    assert len(found) == len(ROUTES)


def test_every_route_of_the_api_is_in_the_document(make_settings: MakeSettings) -> None:
    """Nothing is served under /api or /.well-known that clients cannot read about."""
    served = {
        (route.method, route.resource.canonical)
        for route in build_app(make_settings()).router.routes()
        if route.method != "HEAD"
        and route.resource is not None
        and route.resource.canonical.startswith(("/api/", "/.well-known/", "/oauth/"))
    }
    documented = {
        (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item
    }

    assert served - documented <= {("GET", "/api/openapi.json"), ("GET", "/api/docs")}, (
        "its own pages"
    )
    assert documented <= served


@pytest.mark.parametrize(
    ("path", "method"), [(route.path, route.method.lower()) for route in ROUTES if route.body]
)
def test_what_may_befall_a_body_is_documented(path: str, method: str) -> None:
    """Malformed, late, too large, of another type, not valid: no generated request does it all."""
    assert {"400", "408", "413", "415", "422"} <= set(DOCUMENT["paths"][path][method]["responses"])


def test_operations_have_names_of_their_own() -> None:
    """`operationId` is what generated clients call their functions."""
    names = [op["operationId"] for item in DOCUMENT["paths"].values() for op in item.values()]

    assert len(set(names)) == len(names)


def example_of(schema: dict[str, Any]) -> Any:
    """What a reader would copy of a schema: of each field its example, if it has one."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" in schema:
        fields = {name: example_of(field) for name, field in schema["properties"].items()}
        return {name: shown for name, shown in fields.items() if shown is not None}
    return next(iter(schema.get("examples") or schema.get("enum") or ()), schema.get("const"))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_examples_are_taken(body: Any) -> None:
    """Every field that a request needs has one, and together they are a request."""
    assert body.model_validate(example_of(DOCUMENT["components"]["schemas"][body.__name__]))


async def test_the_document_is_served(browser: Browser) -> None:
    """At the place that API.md names, with the address that the service goes by."""
    reply = await browser.send("GET", "/api/openapi.json")

    assert reply.status == 200
    assert reply.body["paths"] == DOCUMENT["paths"]
    assert reply.body["servers"] == [{"url": "http://127.0.0.1:8000"}]


@pytest.fixture
def served(host: Hosting, make_settings: MakeSettings) -> Served:
    """The service on the shared servers, with one client that may introspect."""
    return host(make_settings(introspection_clients=f"a-service:{'c' * 32}"))


@pytest.mark.usefixtures("unharmed", "working")
@pytest.mark.parametrize("route", OPERATIONS.values(), ids=OPERATIONS)
async def test_the_service_answers_as_documented(
    served: Served, make_person: MakePerson, route: Route
) -> None:
    """Whatever fits the document, or just does not: a documented status, type and shape."""
    base = f"http://{served.host}:{served.port}"
    person = await make_person(roles=list(Role)) if route.bearer else None
    operation = SCHEMA[route.path][route.method]
    takes_something = route.body or route.form or route.bearer or route.query

    def explore_as(client: Client, mode: GenerationMode) -> None:
        @exploring
        @given(case=operation.as_strategy(mode))
        def every(case: Any) -> None:
            headers = client.headers()
            case.call_and_validate(base, session=client.http, headers=headers, checks=ALL)

        every()

    def explore() -> None:
        modes = GenerationMode if takes_something else [GenerationMode.POSITIVE]
        with closing(requests.Session()) as http:
            for who, mode in product({None, person}, modes):
                explore_as(Client(http, base, who), mode)

    await asyncio.to_thread(explore)


class Client:
    """Stays signed in, also when what it tried a moment ago was to sign out."""

    def __init__(self, http: requests.Session, base: str, person: Person | None) -> None:
        self.http, self.base, self.person = http, base, person
        self.held = ""

    def headers(self) -> dict[str, str]:
        """Of somebody signed in, where a route wants that."""
        return {"Authorization": f"Bearer {self.token()}"} if self.person else {}

    def token(self) -> str:
        """An access token whose session is alive."""
        held = {"Authorization": f"Bearer {self.held}"}
        if self.http.get(f"{self.base}/api/auth/me", headers=held).status_code != 200:
            assert self.person is not None
            body = {"email": self.person.email, "password": self.person.password}
            self.held = self.http.post(f"{self.base}/api/auth/login", json=body).json()[
                "access_token"
            ]
        return self.held
