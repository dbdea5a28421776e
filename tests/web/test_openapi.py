"""The OpenAPI document says what the service does, and the service does what it says."""

import asyncio
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime

import pyotp
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from service.app import build_app
from service.domain.users import Role
from service.store.live_numbers import TellLiveNumbers
from service.web.openapi import document
from service.web.routes import ROUTES
from tests.support.authenticator import Authenticator
from tests.support.mails import mails_to
from tests.support.people import TOTP_SECRET

ALL = CHECKS.get_all()
BODIES = sorted({route.body for route in ROUTES if route.body}, key=lambda body: body.__name__)
DOCUMENT = document(version="1", server="http://127.0.0.1")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [
    (route.method, route.path, mode)
    for route in ROUTES
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or route.body or route.form or route.bearer or route.query
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
def test_what_may_befall_a_body_is_documented(path, method):
    """Malformed, late, too large, of another type, not valid: no generated request does it all."""
    assert {"400", "408", "413", "415", "422"} <= set(DOCUMENT["paths"][path][method]["responses"])


def test_operations_have_names_of_their_own():
    """`operationId` is what generated clients call their functions."""
    names = [op["operationId"] for item in DOCUMENT["paths"].values() for op in item.values()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_examples_are_taken(body):
    """What a reader copies from the page is a request, as far as its fields have examples."""
    schema = DOCUMENT["components"]["schemas"][body.__name__]
    shown = {
        name: (field.get("examples") or field["enum"])[0]
        for name, field in schema["properties"].items()
        if {"examples", "enum"} & field.keys()
    }

    assert set(schema.get("required", ())) <= set(shown)
    assert body.model_validate(shown)


async def test_the_document_is_served(browser):
    """At the place that API.md names, with the address that the service goes by."""
    reply = await browser.send("GET", "/api/openapi.json")

    assert reply.status == 200
    assert reply.body["paths"] == DOCUMENT["paths"]
    assert reply.body["servers"] == [{"url": "http://127.0.0.1:8000"}]


@pytest.fixture
async def served(serve_for_real, make_settings):
    """The service on the shared servers, with one client that may introspect."""
    return await serve_for_real(make_settings(introspection_clients=f"a-service:{CLIENT_SECRET}"))


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
                case.call_and_validate(base, session=http, headers=headers, checks=ALL)

            every()

    await asyncio.to_thread(explore)


@pytest.mark.usefixtures("unharmed", "working")
async def test_what_succeeds_is_answered_as_documented(
    serve_for_real, make_settings, make_person, database
):
    """Every success of a life with this service, which no generated request comes upon."""
    open_to_all = make_settings(registration="open", email_verification="required")
    served, here = await serve_for_real(open_to_all), asyncio.get_running_loop()
    owner = await make_person()
    person, guarded = await make_person(), await make_person(totp_secret=TOTP_SECRET)
    leaving, auditor = await make_person(), await make_person(roles=["auditor"])
    analyst = await make_person(roles=["analyst"])
    base = f"http://{served.host}:{served.port}"

    def live():
        with closing(requests.Session()) as http:
            seen = []

            def call(method, path, token="", **given):
                form = "application/x-www-form-urlencoded"
                media_type = form if path.startswith("/oauth/") else "application/json"
                case = SCHEMA[path][method].Case(media_type=media_type, **given)
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                if path == "/oauth/introspect":
                    headers["Authorization"] = AS_CLIENT
                reply = case.call_and_validate(base, session=http, headers=headers, checks=ALL)
                assert reply.status_code in {200, 201, 202, 204}, (method, path, reply.status_code)
                seen.append((method, path))
                return reply.json() if reply.content and "query" not in given else None

            def login(who):
                given = {"email": who.email, "password": who.password, "device_name": "a test"}
                return call("POST", "/api/auth/login", body=given)

            def mailed(address):
                written = asyncio.run_coroutine_threadsafe(mails_to(database, address), here)
                return {"token": written.result()[-1].token}

            challenge = login(guarded)
            code = {"mfa_token": challenge["mfa_token"], "code": pyotp.TOTP(TOTP_SECRET).now()}
            call("POST", "/api/auth/verify-2fa", body=code)
            other, first = login(person), login(person)
            given = {"refresh_token": first["refresh_token"]}
            token = call("POST", "/api/auth/refresh", body=given)["access_token"]
            call("GET", "/api/auth/me", token)
            call("GET", "/api/auth/me/export", token)
            call("GET", "/api/auth/sessions", token)
            ended = {"id": other["session_id"]}
            call("DELETE", "/api/auth/sessions/{id}", token, path_parameters=ended)
            key = make_passkey(call, token)
            setup = call("POST", "/api/auth/2fa/setup", token)
            code = {"code": pyotp.TOTP(setup["secret"]).now()}
            call("POST", "/api/auth/2fa/enable", token, body=code)
            use_passkey(call, key, login(person)["mfa_token"])
            call("POST", "/api/auth/logout", token, body={"scope": "global"})
            look_after(call, login(owner)["access_token"], owner, mailed)
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
            call("GET", "/.well-known/oauth-authorization-server")
            delegate(call, login(auditor)["refresh_token"])
            return set(seen)

    assert await asyncio.to_thread(live) == {(route.method, route.path) for route in ROUTES}


def look_after(call, token, owner, mailed):
    """What people do with accounts of their own."""
    first, second = "seven velvet bridges hum", "eleven velvet bridges hum"
    new, moved = f"new-{owner.email}", f"moved-{owner.email}"
    call("PATCH", "/api/auth/me", token, body={"name": "Owner"})
    given = {"current_password": owner.password, "new_password": first}
    call("POST", "/api/auth/password/change", token, body=given)
    call("POST", "/api/auth/email/change", token, body={"email": moved, "password": first})
    call("POST", "/api/auth/email/verify", body=mailed(moved))
    call("POST", "/api/auth/password/forgot", body={"email": moved})
    call("POST", "/api/auth/password/reset", body={**mailed(moved), "new_password": second})
    call("POST", "/api/auth/register", body={"email": new, "password": first, "name": "New"})
    call("POST", "/api/auth/register/verify", body=mailed(new))


def make_passkey(call, token):
    """What somebody does once on each of their devices."""
    authenticator = Authenticator(origin="http://127.0.0.1:8000")
    options = call("POST", "/api/auth/passkeys/options", token)["options"]
    body = {"name": "Key", "credential": authenticator.make(options)}
    call("POST", "/api/auth/passkeys", token, body=body)
    return authenticator


def use_passkey(call, key, mfa_token):
    """As a second factor, as a step-up, alone; then it goes."""
    given = {"mfa_token": mfa_token}
    options = call("POST", "/api/auth/verify-2fa/passkey/options", body=given)["options"]
    given["credential"] = key.show(options)
    token = call("POST", "/api/auth/verify-2fa/passkey", body=given)["access_token"]
    options = call("POST", "/api/auth/step-up/passkey/options", token)["options"]
    call("POST", "/api/auth/step-up/passkey", token, body={"credential": key.show(options)})
    options = call("POST", "/api/auth/login/passkey/options")["options"]
    given = {"credential": key.show(options)}
    token = call("POST", "/api/auth/login/passkey", body=given)["access_token"]
    (held,) = call("GET", "/api/auth/passkeys", token)["passkeys"]
    which = {"id": held["id"]}
    named = {"name": "Blue"}
    call("PATCH", "/api/auth/passkeys/{id}", token, path_parameters=which, body=named)
    call("DELETE", "/api/auth/passkeys/{id}", token, path_parameters=which)


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


def delegate(call, held):
    """What other services do."""
    pair = call("POST", "/oauth/token", body={"grant_type": "refresh_token", "refresh_token": held})
    for token in (pair["access_token"], pair["refresh_token"], "none of ours"):
        call("POST", "/oauth/introspect", body={"token": token})
    call("POST", "/oauth/revoke", body={"token": pair["access_token"]})


CLIENT_SECRET = "c" * 32
AS_CLIENT = "Basic " + b64encode(f"a-service:{CLIENT_SECRET}".encode()).decode()


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
