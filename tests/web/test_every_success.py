"""Every success of every route, which no generated request comes upon, is answered as documented."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pyotp
import pytest
import requests
import schemathesis
from schemathesis.checks import CHECKS, load_all_checks

from service.store.database import Database
from service.web.openapi import document
from service.web.routes import ROUTES
from tests.conftest import MakePerson, MakeSettings, ServeForReal
from tests.support.authenticator import Authenticator
from tests.support.mails import mails_to
from tests.support.people import TOTP_SECRET, Person

load_all_checks()
ALL: list[Any] = CHECKS.get_all()
SCHEMA = schemathesis.openapi.from_dict(document(version="1", server="http://127.0.0.1"))
FORM = "application/x-www-form-urlencoded"
CLIENT_ID, CLIENT_SECRET = "a-service", "c" * 32
AS_CLIENT = "Basic " + b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()


@dataclass
class Call:
    """Sends a request of the document, and holds its answer against it."""

    http: requests.Session
    base: str
    links_to: Callable[[str], str]
    seen: set[tuple[str, str]] = field(default_factory=set)

    def __call__(self, method: str, path: str, token: str = "", **given: Any) -> Any:
        media_type = FORM if path.startswith("/oauth/") else "application/json"
        case = SCHEMA[path][method].Case(media_type=media_type, **given)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if path == "/oauth/introspect":
            headers["Authorization"] = AS_CLIENT
        reply = case.call_and_validate(self.base, session=self.http, headers=headers, checks=ALL)
        assert reply.status_code in {200, 201, 202, 204}, (method, path, reply.status_code)
        self.seen.add((method, path))
        return reply.json() if reply.content and "query" not in given else None

    def login(self, who: Person) -> Any:
        given = {"email": who.email, "password": who.password, "device_name": "a test"}
        return self("POST", "/api/auth/login", body=given)

    def token_of(self, who: Person) -> str:
        token: str = self.login(who)["access_token"]
        return token

    def mailed(self, address: str) -> dict[str, str]:
        return {"token": self.links_to(address)}


@pytest.mark.usefixtures("unharmed", "working")
async def test_what_succeeds_is_answered_as_documented(
    serve_for_real: ServeForReal,
    make_settings: MakeSettings,
    make_person: MakePerson,
    database: Database,
) -> None:
    """A life with this service, of several people with all the roles."""
    served = await serve_for_real(
        make_settings(
            registration="open",
            email_verification="required",
            trusted_device_days=30,
            introspection_clients=f"{CLIENT_ID}:{CLIENT_SECRET}",
        )
    )
    here = asyncio.get_running_loop()
    person, owner, leaving, managed = [await make_person() for _ in range(4)]
    guarded = await make_person(totp_secret=TOTP_SECRET)
    auditor, analyst, admin = [
        await make_person(roles=[role]) for role in ("auditor", "analyst", "admin")
    ]

    def links_to(address: str) -> str:
        written = asyncio.run_coroutine_threadsafe(mails_to(database, address), here)
        return written.result()[-1].token

    def live() -> set[tuple[str, str]]:
        with closing(requests.Session()) as http:
            call = Call(http, f"http://{served.host}:{served.port}", links_to)
            trust(call, guarded)
            go_on(call, person)
            look_after(call, owner)
            leave(call, leaving)
            audit(call, auditor)
            analyse(call, analyst)
            administer(call, admin, managed)
            delegate(call, auditor)
            observe(call)
            return call.seen

    assert await asyncio.to_thread(live) == {(route.method, route.path) for route in ROUTES}


def trust(call: Call, guarded: Person) -> None:
    """Somebody with a second factor has a device trusted, and thinks better of it."""
    challenge = call.login(guarded)
    code = {"mfa_token": challenge["mfa_token"], "code": pyotp.TOTP(TOTP_SECRET).now()}
    trusting = {**code, "trust_device": True}
    token = call("POST", "/api/auth/verify-2fa", body=trusting)["access_token"]
    listed = call("GET", "/api/auth/trusted-devices", token)
    which = {"id": listed["trusted_devices"][0]["id"]}
    call("DELETE", "/api/auth/trusted-devices/{id}", token, path_parameters=which)


def go_on(call: Call, person: Person) -> None:
    """Two sessions, a passkey and a second factor; in the end, out of all of them."""
    other, first = call.login(person), call.login(person)
    given = {"refresh_token": first["refresh_token"]}
    token = call("POST", "/api/auth/refresh", body=given)["access_token"]
    call("GET", "/api/auth/me", token)
    call("GET", "/api/auth/me/export", token)
    call("GET", "/api/auth/sessions", token)
    ended = {"id": other["session_id"]}
    call("DELETE", "/api/auth/sessions/{id}", token, path_parameters=ended)
    key = make_passkey(call, token)
    token = change_factors(call, token, person, key)
    call("POST", "/api/auth/logout", token, body={"scope": "global"})


def leave(call: Call, leaving: Person) -> None:
    """Be forgotten."""
    token = call.token_of(leaving)
    call("DELETE", "/api/auth/me", token, body={"password": leaving.password})


def audit(call: Call, auditor: Person) -> None:
    """A page, and all of it in two forms."""
    token = call.token_of(auditor)
    call("GET", "/api/audit", token)
    for form in ("csv", "ndjson"):
        call("GET", "/api/audit", token, query={"format": form, "user_id": auditor.id})


def observe(call: Call) -> None:
    """What anybody may know."""
    for path in (
        "/api/auth/settings",
        "/api/health",
        "/api/health/live",
        "/api/health/ready",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
    ):
        call("GET", path)


def look_after(call: Call, owner: Person) -> None:
    """What people do with accounts of their own."""
    token = call.token_of(owner)
    first, second = "seven velvet bridges hum", "eleven velvet bridges hum"
    new, moved = f"new-{owner.email}", f"moved-{owner.email}"
    call("PATCH", "/api/auth/me", token, body={"name": "Owner"})
    given = {"current_password": owner.password, "new_password": first}
    call("POST", "/api/auth/password/change", token, body=given)
    call("POST", "/api/auth/email/change", token, body={"email": moved, "password": first})
    call("POST", "/api/auth/email/verify", body=call.mailed(moved))
    call("POST", "/api/auth/password/forgot", body={"email": moved})
    call("POST", "/api/auth/password/reset", body={**call.mailed(moved), "new_password": second})
    call("POST", "/api/auth/register", body={"email": new, "password": first, "name": "New"})
    call("POST", "/api/auth/register/verify", body=call.mailed(new))


def make_passkey(call: Call, token: str) -> Authenticator:
    """What somebody does once on each of their devices."""
    authenticator = Authenticator(origin="http://127.0.0.1:8000")
    options = call("POST", "/api/auth/passkeys/options", token)["options"]
    body = {"name": "Key", "credential": authenticator.make(options)}
    call("POST", "/api/auth/passkeys", token, body=body)
    return authenticator


def use_passkey(call: Call, key: Authenticator, mfa_token: str) -> None:
    """As a second factor, as a step-up, alone; then it goes."""
    given: dict[str, Any] = {"mfa_token": mfa_token}
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


def administer(call: Call, admin: Person, person: Person) -> None:
    """What an administrator does, the worst last."""
    token, session = call.token_of(admin), call.login(person)["session_id"]
    who, why = {"id": person.id}, {"reason": "ticket 4711"}
    users = "/api/admin/users"
    call("GET", users, token, query={"q": person.email[:4], "limit": "1"})
    call("POST", users, token, body={"email": f"new-{person.email}", "roles": ["auditor"]})
    call("GET", f"{users}/{{id}}", token, path_parameters=who)
    which = {"path_parameters": {"id": session}}
    call("GET", "/api/admin/sessions/{id}/timeline", token, **which)
    call("DELETE", "/api/admin/sessions/{id}", token, query=why, **which)
    call("GET", f"{users}/{{id}}/sessions", token, path_parameters=who)
    for deed in ("lock", "unlock", "disable", "enable", "reset-2fa", "revoke-sessions"):
        call("POST", f"{users}/{{id}}/{deed}", token, path_parameters=who, body=why)
    roles = {**why, "roles": ["analyst"]}
    call("PUT", f"{users}/{{id}}/roles", token, path_parameters=who, body=roles)
    call("POST", "/api/admin/revoke-sessions", token, body=why)


def change_factors(call: Call, token: str, person: Person, key: Authenticator) -> str:
    """What somebody does with a second factor; the token they have then."""
    call("GET", "/api/auth/2fa", token)
    setup = call("POST", "/api/auth/2fa/setup", token)
    code = {"code": pyotp.TOTP(setup["secret"]).now()}
    spare = call("POST", "/api/auth/2fa/enable", token, body=code)["recovery_codes"]
    proof = {"password": person.password, "code": spare[0]}
    token = call("POST", "/api/auth/step-up", token, body=proof)["access_token"]
    use_passkey(call, key, call.login(person)["mfa_token"])
    proof["code"] = spare[1]
    renewed = call("POST", "/api/auth/2fa/recovery-codes", token, body=proof)["recovery_codes"]
    call("POST", "/api/auth/2fa/disable", token, body={**proof, "code": renewed[0]})
    return token


def analyse(call: Call, analyst: Person) -> None:
    """What an analyst does."""
    token = call.token_of(analyst)
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


def delegate(call: Call, person: Person) -> None:
    """What other services do."""
    held = call.login(person)["refresh_token"]
    pair = call("POST", "/oauth/token", body={"grant_type": "refresh_token", "refresh_token": held})
    for token in (pair["access_token"], pair["refresh_token"], "none of ours"):
        call("POST", "/oauth/introspect", body={"token": token})
    call("POST", "/oauth/revoke", body={"token": pair["access_token"]})
