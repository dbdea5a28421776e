"""The OpenAPI document says what the service does, and the service does what it says."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime

import pyotp
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.app import build_app
from service.domain.users import Role
from service.store.live_numbers import TellLiveNumbers
from service.web.openapi import document
from service.web.routes import ROUTES
from tests.support.people import TOTP_SECRET

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
DOCUMENT = document(version="1", server="http://127.0.0.1")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [
    (route.method, route.path, mode)
    for route in ROUTES
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or route.body or route.bearer or route.query
]
"""What takes nothing can't be given anything that does not fit."""

exploring = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_the_document_is_one():
    """By the meta-schema of OpenAPI 3.1, and every reference leads somewhere."""
    SCHEMA.validate()
    found = list(SCHEMA.get_all_operations())

    assert [result.err() for result in found if not hasattr(result.ok(), "label")] == []
    assert len(found) == len(ROUTES)


def test_every_route_of_the_api_is_in_the_document(make_settings):
    """Nothing is served under /api or /.well-known that clients cannot read about."""
    served = {
        (route.method, route.resource.canonical)
        for route in build_app(make_settings()).router.routes()
        if route.method != "HEAD"
        and route.resource.canonical.startswith(("/api/", "/.well-known/"))
    }
    documented = {
        (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item
    }

    assert served - documented == {("GET", "/api/openapi.json")}, "the document itself"
    assert documented <= served


@pytest.mark.parametrize(
    ("path", "method"), [(route.path, route.method.lower()) for route in ROUTES if route.body]
)
def test_what_may_befall_a_body_is_documented(path, method):
    """Malformed, late, too large, of another type, not valid: no generated request does it all."""
    assert {"400", "408", "413", "415", "422"} <= set(DOCUMENT["paths"][path][method]["responses"])


def test_operations_have_names_of_their_own():
    """`operationId` is what generated clients call their functions."""
    names = [op["operationId"] for item in DOCUMENT["paths"].values() for op in item.values()]

    assert len(set(names)) == len(names)


async def test_the_document_is_served(browser):
    """At the place that API.md names, with the address that the service goes by."""
    reply = await browser.send("GET", "/api/openapi.json")

    assert reply.status == 200
    assert reply.body["paths"] == DOCUMENT["paths"]
    assert reply.body["servers"] == [{"url": "http://127.0.0.1:8000"}]


@pytest.fixture
async def working(database, redis):
    """A worker has just told what goes on."""
    await TellLiveNumbers(database, redis)(datetime.now(UTC))


@pytest.mark.usefixtures("unharmed", "working")
@pytest.mark.parametrize("signed_in", [False, True], ids=["as nobody", "signed in"])
@pytest.mark.parametrize(("method", "path", "mode"), OPERATIONS, ids=str)
async def test_the_service_answers_as_documented(
    served, make_person, method, path, mode, signed_in
):
    """Whatever fits the document, or just does not: a documented status, type and shape."""
    base = f"http://{served.host}:{served.port}"
    person = await make_person(roles=list(Role))
    operation = SCHEMA[path][method]

    def explore():
        with closing(requests.Session()) as http:
            client = Client(http, base, person)

            @exploring
            @given(case=operation.as_strategy(mode))
            def every(case):
                headers = {"Authorization": f"Bearer {client.token()}"} if signed_in else {}
                case.call_and_validate(base, session=http, headers=headers, checks=CHECKS)

            every()

    await asyncio.to_thread(explore)


@pytest.mark.usefixtures("unharmed", "working")
async def test_what_succeeds_is_answered_as_documented(serve_for_real, make_settings, make_person):
    """Every success of a life with this service, which no generated request comes upon."""
    served = await serve_for_real(make_settings(trusted_device_days=30))
    person, guarded = await make_person(), await make_person(totp_secret=TOTP_SECRET)
    leaving, auditor = await make_person(), await make_person(roles=["auditor"])
    analyst = await make_person(roles=["analyst"])
    base = f"http://{served.host}:{served.port}"

    def live():
        with closing(requests.Session()) as http:
            seen = []

            def call(method, path, token="", **given):
                case = SCHEMA[path][method].Case(media_type="application/json", **given)
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                reply = case.call_and_validate(base, session=http, headers=headers, checks=CHECKS)
                assert reply.status_code in {200, 202, 204}, (method, path, reply.status_code)
                seen.append((method, path))
                return reply.json() if reply.content and "query" not in given else None

            def login(who):
                given = {"email": who.email, "password": who.password, "device_name": "a test"}
                return call("POST", "/api/auth/login", body=given)

            challenge = login(guarded)
            code = {"mfa_token": challenge["mfa_token"], "code": pyotp.TOTP(TOTP_SECRET).now()}
            trusting = {**code, "trust_device": True}
            guarded_token = call("POST", "/api/auth/verify-2fa", body=trusting)["access_token"]
            listed = call("GET", "/api/auth/trusted-devices", guarded_token)
            which = {"id": listed["trusted_devices"][0]["id"]}
            path = "/api/auth/trusted-devices/{id}"
            call("DELETE", path, guarded_token, path_parameters=which)
            other, first = login(person), login(person)
            given = {"refresh_token": first["refresh_token"]}
            token = call("POST", "/api/auth/refresh", body=given)["access_token"]
            call("GET", "/api/auth/me", token)
            call("GET", "/api/auth/me/export", token)
            call("GET", "/api/auth/sessions", token)
            ended = {"id": other["session_id"]}
            call("DELETE", "/api/auth/sessions/{id}", token, path_parameters=ended)
            token = change_factors(call, token, person)
            call("POST", "/api/auth/logout", token, body={"scope": "global"})
            token = login(leaving)["access_token"]
            call("DELETE", "/api/auth/me", token, body={"password": leaving.password})
            token = login(auditor)["access_token"]
            call("GET", "/api/audit", token)
            for form in ("csv", "ndjson"):
                call("GET", "/api/audit", token, query={"format": form, "user_id": person.id})
            token = login(analyst)["access_token"]
            analyse(call, token)
            for path in ("/api/health", "/api/health/live", "/api/health/ready"):
                call("GET", path)
            call("GET", "/.well-known/jwks.json")
            return set(seen)

    assert await asyncio.to_thread(live) == {(route.method, route.path) for route in ROUTES}


def change_factors(call, token, person):
    """What somebody does with a second factor; the token they have then."""
    call("GET", "/api/auth/2fa", token)
    setup = call("POST", "/api/auth/2fa/setup", token)
    code = {"code": pyotp.TOTP(setup["secret"]).now()}
    spare = call("POST", "/api/auth/2fa/enable", token, body=code)["recovery_codes"]
    proof = {"password": person.password, "code": spare[0]}
    token = call("POST", "/api/auth/step-up", token, body=proof)["access_token"]
    proof["code"] = spare[1]
    renewed = call("POST", "/api/auth/2fa/recovery-codes", token, body=proof)["recovery_codes"]
    call("POST", "/api/auth/2fa/disable", token, body={**proof, "code": renewed[0]})
    return token


def analyse(call, token):
    """What an analyst does."""
    call("GET", "/api/analytics/metrics", token)
    call("GET", "/api/analytics/live", token)
    asked = {"metrics": "dau,mfa_use", "from": "2026-11-01", "to": "2026-11-03"}
    for form in ("json", "csv", "parquet"):
        call("GET", "/api/analytics/query", token, query={**asked, "format": form})
    days = {"from": "2026-11-01", "to": "2026-11-03"}
    call("GET", "/api/analytics/sessions", token, query=days)
    given = {**days, "format": "csv", "query": {"metrics": "dau"}}
    export = call("POST", "/api/analytics/exports", token, body=given)
    which = {"id": export["id"]}
    call("GET", "/api/analytics/exports/{id}", token, path_parameters=which)
    ticket = export["files"][0]["url"].partition("=")[2]
    call("GET", "/api/analytics/files", query={"ticket": ticket})


class Client:
    """Stays signed in, also when what it tried a moment ago was to sign out."""

    def __init__(self, http, base, person):
        self.http, self.base, self.person = http, base, person
        self.held = ""

    def token(self):
        """An access token whose session is alive."""
        held = {"Authorization": f"Bearer {self.held}"}
        if self.http.get(f"{self.base}/api/auth/me", headers=held).status_code != 200:
            body = {"email": self.person.email, "password": self.person.password}
            self.held = self.http.post(f"{self.base}/api/auth/login", json=body).json()[
                "access_token"
            ]
        return self.held
