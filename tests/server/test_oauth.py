"""OAuth's routes by the clauses of their RFCs, and SECURITY-CHECKLIST.md's "OAuth-shaped"."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
import requests
from aiohttp import web
from redis.asyncio import Redis
from requests_oauth2client import ClientSecretBasic, OAuth2Client
from requests_oauth2client.exceptions import InvalidGrant

from service.app import build_app
from service.embedded import EmbeddedServer
from service.store.redis_pool import open_redis
from service.web.handlers import oauth
from service.web.server import Runner
from tests.conftest import MakePerson, MakeSettings, Serve, Share
from tests.server.test_hot_paths import commands
from tests.server.test_without_redis import back
from tests.support.people import Browser, Person, Reply
from tests.support.processes import free_port
from tests.support.waiting import PATIENCE

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRET = "s%2B+/=" + "s" * 32
CLIENTS = f"other:{'o' * 32},a-service:{SECRET}"


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


KNOWN = basic("a-service", SECRET)


@pytest.fixture
def api(share: Share, make_settings: MakeSettings) -> Browser:
    return share(make_settings(introspection_clients=CLIENTS))


async def post(api: Browser, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
    raw = body if isinstance(body, (str, bytes)) else "&".join(f"{k}={v}" for k, v in body.items())
    return await api.send("POST", path, data=raw, headers={**FORM, **(headers or {})})


async def trade(api: Browser, token: str) -> Reply:
    return await post(api, "/oauth/token", {"grant_type": "refresh_token", "refresh_token": token})


async def ask(api: Browser, token: str) -> Any:
    reply = await post(api, "/oauth/introspect", {"token": token}, KNOWN)
    assert reply.status == 200
    return reply.body


async def test_a_refresh_is_answered_as_rfc_6749_5_1_has_it(api: Browser, person: Person) -> None:
    """RFC 6749 §5.1, §6: a new pair, kept by nobody, and no scope."""
    tokens = await api.login(person)

    reply = await trade(api, tokens["refresh_token"])
    assert reply.status == 200
    assert set(reply.body) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (reply.body["token_type"], reply.body["expires_in"]) == ("Bearer", 900)
    assert (reply.headers["Cache-Control"], reply.headers["Pragma"]) == ("no-store", "no-cache")
    assert (await api.me(reply.body["access_token"])).status == 200
    assert (await api.refresh(reply.body["refresh_token"])).status == 200


async def test_a_refresh_by_oauth_is_one_round_trip(
    api: Browser, person: Person, redis: Redis
) -> None:
    """DESIGN.md, "The refresh token": one script, whichever route is asked."""
    token = (await api.login(person))["refresh_token"]
    before = await commands(redis)

    for _ in range(3):
        token = (await trade(api, token)).body["refresh_token"]
    assert await commands(redis) - before == 3


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        pytest.param("", {}, (400, "invalid_request"), id="empty"),
        pytest.param("grant_type=", {}, (400, "invalid_request"), id="a parameter without a value"),
        pytest.param("grant_type=refresh_token", {}, (400, "invalid_request"), id="no token"),
        pytest.param("grant_type=password", {}, (400, "unsupported_grant_type"), id="password"),
        pytest.param(
            "grant_type=refresh_token&grant_type=refresh_token&refresh_token=rt_a",
            {},
            (400, "invalid_request"),
            id="a parameter twice",
        ),
        pytest.param(
            "grant_type=refresh_token&refresh_token=rt_a&refresh%5Ftoken=rt_a",
            {},
            (400, "invalid_request"),
            id="a parameter twice, one in disguise",
        ),
        pytest.param("grant_type=%ZZ", {}, (400, "invalid_request"), id="a bad escape"),
        pytest.param("grant_type=%", {}, (400, "invalid_request"), id="half an escape"),
        pytest.param(b"grant_type=\xff", {}, (400, "invalid_request"), id="no UTF-8"),
        pytest.param("grant_type=a%00", {}, (400, "invalid_request"), id="NUL"),
        pytest.param("&".join(f"a{n}=b" for n in range(99)), {}, (400, "invalid_request"), id="99"),
        pytest.param("a=" + "b" * 70_000, {}, (413, "invalid_request"), id="too large"),
        pytest.param(
            '{"grant_type": "refresh_token"}',
            {"Content-Type": "application/json"},
            (415, "invalid_request"),
            id="JSON",
        ),
        pytest.param(
            "a=b",
            {"Content-Type": f"{FORM['Content-Type']}; charset=utf-16"},
            (415, "invalid_request"),
            id="UTF-16",
        ),
        pytest.param("a=b", {"Content-Encoding": "gzip"}, (415, "invalid_request"), id="gzip"),
        pytest.param(
            "grant_type=refresh_token&refresh_token=rt_a&scope=openid",
            {},
            (400, "invalid_scope"),
            id="a scope",
        ),
        pytest.param(
            "grant_type=refresh_token&refresh_token=rt_a", {}, (400, "invalid_grant"), id="forged"
        ),
    ],
)
async def test_a_refused_form_is_answered_as_rfc_6749_5_2_has_it(
    api: Browser, body: str | bytes, headers: dict[str, Any], error: tuple[int, str]
) -> None:
    """RFC 6749 §3.2, §5.2."""
    reply = await post(api, "/oauth/token", body, headers)

    assert (reply.status, reply.body["error"]) == error
    if reply.status == 415:
        assert FORM["Content-Type"] in reply.body["error_description"]
    assert set(reply.body) == {"error", "error_description"}
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    assert not set(reply.body["error_description"]) & set('"\\\n')


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/oauth/token", 405), ("POST", "/oauth/authorize", 404), ("GET", "/oauth/", 404)],
)
async def test_no_answer_below_oauth_is_a_problem(
    api: Browser, method: str, path: str, status: int
) -> None:
    """API.md: "OAuth endpoints answer in their RFC's own form"."""
    reply = await api.send(method, path)

    assert (reply.status, reply.body["error"]) == (status, "invalid_request")
    assert reply.headers["Content-Type"] == "application/json"
    assert ("Allow" in reply.headers) is (status == 405)


async def test_a_limit_has_oauths_form_too(
    serve: Serve, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """429 with Retry-After."""
    limits = tmp_path / "limits.toml"
    limits.write_text(
        '[policies.one]\nroutes = ["POST /oauth/revoke"]\nkey = ["ip"]\nlimit = 1\nwindow = 60\n'
    )
    api = await serve(make_settings(limits_file=limits))
    assert (await post(api, "/oauth/revoke", {"token": "x"})).status == 200

    limited = await post(api, "/oauth/revoke", {"token": "x"})
    assert (limited.status, limited.body["error"]) == (429, "temporarily_unavailable")
    assert int(limited.headers["Retry-After"]) > 0


async def test_reuse_ends_the_family_and_is_an_invalid_grant(
    share: Share, make_settings: MakeSettings, person: Person
) -> None:
    """SECURITY-CHECKLIST.md: reuse ends the family; RFC 6749 §5.2: invalid_grant 400."""
    api = share(make_settings(refresh_replay_seconds=0))
    old = (await api.login(person))["refresh_token"]
    new = (await trade(api, old)).body

    assert (await trade(api, old)).body["error"] == "invalid_grant"
    assert (await trade(api, new["refresh_token"])).body["error"] == "invalid_grant"
    assert (await api.me(new["access_token"])).code == "token_revoked"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "something"])
async def test_revoking_either_token_ends_both(
    api: Browser, person: Person, which: str, hint: str
) -> None:
    """RFC 7009 §2.1: whichever is sent, and a wrong hint does not matter."""
    tokens = await api.login(person)

    reply = await post(api, "/oauth/revoke", {"token": tokens[which], "token_type_hint": hint})
    assert (reply.status, reply.body) == (200, "")
    assert (await api.me(tokens["access_token"])).code == "token_revoked"
    assert (await trade(api, tokens["refresh_token"])).body["error"] == "invalid_grant"
    assert (await post(api, "/oauth/revoke", {"token": tokens[which]})).status == 200


@pytest.mark.parametrize("token", ["x", "rt_" + "A" * 52, "eyJhbGciOiJub25lIn0.e30."])
async def test_revoke_of_an_unknown_token_is_200(api: Browser, token: str) -> None:
    """RFC 7009 §2.2."""
    assert (await post(api, "/oauth/revoke", {"token": token})).status == 200


@pytest.mark.parametrize("body", ["", "token=", "token_type_hint=access_token", "token=a&token=a"])
async def test_revoke_without_a_token_is_an_invalid_request(api: Browser, body: str) -> None:
    """RFC 7009 §2.2.1."""
    reply = await post(api, "/oauth/revoke", body)

    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


async def test_503_means_it_still_lives(
    serve: Serve, make_settings: MakeSettings, own_valkey: EmbeddedServer, person: Person
) -> None:
    """RFC 7009 §2.2.1: until Redis has heard of the end, also when asked again; then 200."""
    api = await serve(make_settings(redis_url=own_valkey.url))
    tokens = await api.login(person)
    own_valkey.kill()

    for token in (tokens["access_token"], tokens["refresh_token"], tokens["access_token"]):
        reply = await post(api, "/oauth/revoke", {"token": token})
        assert (reply.status, reply.body["error"]) == (503, "temporarily_unavailable")
        assert int(reply.headers["Retry-After"]) > 0
    assert (await trade(api, tokens["refresh_token"])).status == 400, "committed all the same"
    own_valkey.restart()

    await back(api)

    again = await post(api, "/oauth/revoke", {"token": tokens["refresh_token"]})
    assert again.status == 503, "Redis is there, and has not heard of the end"
    redis = open_redis(own_valkey.url, timeout=PATIENCE)
    await redis.flushall()  # from here on SQL decides, which has
    await redis.aclose()
    again = await post(api, "/oauth/revoke", {"token": tokens["refresh_token"]})
    assert again.status == 200


async def test_introspection_says_whose_a_token_is(api: Browser, make_person: MakePerson) -> None:
    """RFC 7662 §2.2: of an access token all that is in it, with the roles of now."""
    person = await make_person(roles=["auditor"])
    tokens = await api.login(person)

    said = await ask(api, tokens["access_token"])
    assert said.pop("exp") > said.pop("auth_time")
    assert said == {
        "active": True,
        "token_type": "Bearer",
        "iss": "http://127.0.0.1:8000",
        "aud": "inphora",
        "client_id": "inphora",
        "sub": person.id,
        "sid": tokens["session_id"],
        "amr": ["pwd"],
        "roles": ["auditor"],
    }


async def test_a_refresh_token_is_told_from_an_access_token(api: Browser, person: Person) -> None:
    """ASVS 9.2.2: who takes bearer tokens can see that this is none."""
    tokens = await api.login(person)

    said = await ask(api, tokens["refresh_token"])
    assert (said["active"], said["token_type"], "aud" in said) == (True, "N_A", False)
    assert (await trade(api, tokens["refresh_token"])).status == 200, "asking used nothing"


async def test_inactive_says_nothing_else(api: Browser, person: Person) -> None:
    """RFC 7662 §2.2: forged, traded or ended, one answer."""
    first = await api.login(person)
    second = (await trade(api, first["refresh_token"])).body
    assert (await ask(api, second["refresh_token"]))["active"] is True
    assert (await api.me(second["access_token"])).status == 200
    traded = await ask(api, first["refresh_token"])
    await api.logout(second["access_token"])

    ended = [await ask(api, token) for token in (second["access_token"], second["refresh_token"])]
    forged = [await ask(api, token) for token in ("x", "rt_x", "rt_" + "A" * 52, "a.b.c")]
    assert [traded, *ended, *forged] == [{"active": False}] * 7


async def test_a_session_that_redis_has_lost_is_active(
    serve: Serve, make_settings: MakeSettings, own_valkey: EmbeddedServer, person: Person
) -> None:
    """The live session counts: what would be restored on use is alive; what has ended is not."""
    api = await serve(make_settings(redis_url=own_valkey.url, introspection_clients=CLIENTS))
    tokens, other = await api.login(person), await api.login(person)
    await api.logout(other["access_token"])
    mine = open_redis(own_valkey.url, timeout=PATIENCE)
    await mine.flushall()
    await mine.aclose()

    assert (await ask(api, tokens["refresh_token"]))["active"] is True
    assert (await ask(api, tokens["access_token"]))["active"] is True
    assert await ask(api, other["refresh_token"]) == {"active": False}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nobody"),
        pytest.param(basic("a-service", "wrong"), id="a wrong secret"),
        pytest.param(basic("nobody", SECRET), id="a wrong id"),
        pytest.param(basic("other", SECRET), id="another's secret"),
        pytest.param(basic("", ""), id="nothing"),
        pytest.param({"Authorization": "Basic !!!"}, id="no base64"),
        pytest.param({"Authorization": "Basic " + "A" * 5000}, id="too long"),
        pytest.param({"Authorization": f"Bearer {SECRET}"}, id="another scheme"),
    ],
)
async def test_introspection_is_authenticated(
    api: Browser, person: Person, headers: dict[str, Any]
) -> None:
    """RFC 7662 §2.1 and §4: invalid_client, whatever was wrong; the token is not looked at."""
    token = (await api.login(person))["access_token"]

    reply = await post(api, "/oauth/introspect", {"token": token}, headers)
    assert (reply.status, reply.body["error"]) == (401, "invalid_client")
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")


async def test_a_client_may_encode_its_secret_or_not(api: Browser) -> None:
    """RFC 6749 §2.3.1 has it form-urlencoded; most clients send it plain."""
    for secret in (SECRET, quote(SECRET, safe="")):
        reply = await post(api, "/oauth/introspect", {"token": "x"}, basic("a-service", secret))
        assert reply.body == {"active": False}


async def test_without_clients_nobody_introspects(browser: Browser) -> None:
    """No INTROSPECTION_CLIENTS: not even the empty client; and the metadata does not promise it."""
    reply = await post(browser, "/oauth/introspect", {"token": "x"}, basic("", ""))
    told = (await browser.send("GET", "/.well-known/oauth-authorization-server")).body

    assert reply.status == 401
    assert "introspection_endpoint" not in told


async def test_metadata_issuer_is_identical(api: Browser, person: Person) -> None:
    """RFC 8414 §3.3: to the character what tokens say as `iss`."""
    told = (await api.send("GET", "/.well-known/oauth-authorization-server")).body
    token = (await api.login(person))["access_token"]

    claims = jwt.decode(token, options={"verify_signature": False})
    assert told["issuer"] == claims["iss"]
    assert told["response_types_supported"] == []
    assert told["jwks_uri"] == f"{told['issuer']}/.well-known/jwks.json"
    assert told["introspection_endpoint"] == f"{told['issuer']}/oauth/introspect"


@pytest.fixture
async def published(make_settings: MakeSettings) -> AsyncIterator[str]:
    """The service at the address that its metadata names; its base URL."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    runner = Runner(build_app(make_settings(introspection_clients=CLIENTS, public_url=base)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield base
    await runner.cleanup()


async def test_requests_oauth2client_refreshes_introspects_and_revokes(
    published: str, person: Person
) -> None:
    """An off-the-shelf client that knows nothing but the metadata; PyJWT's client reads the keys."""

    def use() -> None:
        credentials = {"email": person.email, "password": person.password}
        with requests.Session() as http:
            login = http.post(f"{published}/api/auth/login", json=credentials).json()
            where = http.get(f"{published}/.well-known/oauth-authorization-server").json()
            app = OAuth2Client.from_discovery_document(
                where, issuer=published, client_id="any", testing=True, session=http
            )
            service = OAuth2Client.from_discovery_document(
                where, auth=ClientSecretBasic("a-service", SECRET), testing=True, session=http
            )
            pair = app.refresh_token(login["refresh_token"])
            assert service.introspect_token(pair.access_token)["sub"] == person.id
            key = jwt.PyJWKClient(where["jwks_uri"]).get_signing_key_from_jwt(pair.access_token)
            claims = jwt.decode(
                pair.access_token, key, algorithms=["ES256"], audience="inphora", issuer=published
            )
            assert claims["sub"] == person.id
            assert app.revoke_refresh_token(pair) is True
            assert service.introspect_token(pair.access_token) == {"active": False}
            with pytest.raises(InvalidGrant):
                app.refresh_token(pair)

    await asyncio.to_thread(use)


async def test_a_mistake_of_ours_says_nothing_but_where_to_look(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 in OAuth's form, without a word of the cause."""

    async def broken(*_: object) -> None:
        message = "of the inside"
        raise RuntimeError(message)

    monkeypatch.setattr(oauth, "read_form", broken)
    reply = await post(browser, "/oauth/revoke", {"token": "x"})
    assert (reply.status, reply.body["error"]) == (500, "server_error")
    assert "inside" not in reply.body["error_description"]
