"""Devices that passed the second step and may skip it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from service.contracts.factor_tables import trusted_devices
from service.store.database import Database
from tests.conftest import MakePerson, MakeSettings, Share
from tests.factors.conftest import Client, Streams, code, cookie_of
from tests.support.damage import altered
from tests.support.people import TOTP_SECRET, Person

TRUSTED = "inphora_trusted"


@pytest.fixture
async def guarded(make_person: MakePerson) -> Person:
    """Somebody with a second factor."""
    return await make_person(totp_secret=TOTP_SECRET)


async def trust(client: Client, person: Person, step: int = 0) -> tuple[Any, Any]:
    """Sign in with the second step, and have the device trusted; tokens and the device's."""
    tokens = await client.sign_in(person, code(step=step), trust_device=True)
    return tokens["access_token"], tokens["device_token"]


async def test_a_trusted_device_skips_the_second_step(
    client: Client, guarded: Person, streams: Streams
) -> None:
    """By password and its token; what it proved is said as it is."""
    token, device = await trust(client, guarded)
    assert len(device) == len("td_") + 43
    again = await client.login(guarded, device_token=device)
    assert (again.status, "mfa_required" in again.body) == (200, False)
    me = await client.browser.me(again.body["access_token"])
    assert me.body["session"]["amr"] == ["pwd"]
    assert (await client.login(guarded, "wrong", device_token=device)).status == 401
    assert (await client.post("2fa/setup", token)).code == "conflict"
    [listed] = (await client.get("trusted-devices", token)).body["trusted_devices"]
    assert listed["last_used_at"] > listed["created_at"]
    assert not any(secret in str(listed) for secret in (device, "hash"))
    assert "device.trusted" in await streams.types(guarded)


async def test_what_a_trusted_device_proves_is_no_second_factor(
    client: Client, guarded: Person
) -> None:
    """SP 800-63B-4 §2.2: what wants both still asks for both."""
    _, device = await trust(client, guarded)
    token = (await client.login(guarded, device_token=device)).body["access_token"]
    body = {"password": guarded.password}
    refused = await client.browser.send("DELETE", "/api/auth/me", token=token, json=body)

    assert refused.code == "step_up_required"


async def test_a_device_is_trusted_for_its_owner_only(
    client: Client, guarded: Person, make_person: MakePerson
) -> None:
    """Its token beside another's password is nothing; so is one that nobody gave out."""
    other = await make_person(totp_secret=TOTP_SECRET)
    _, device = await trust(client, guarded)
    for who, token in ((other, device), (guarded, altered(device)), (guarded, "td_")):
        assert (await client.login(who, device_token=token)).body["mfa_required"] is True


async def test_trust_ends(client: Client, guarded: Person, database: Database) -> None:
    """At its time, and when its owner says so; another person's can't be ended."""
    _, old = await trust(client, guarded)
    async with database.transaction() as connection:
        await connection.execute(
            update(trusted_devices)
            .where(trusted_devices.c.user_id == guarded.id)
            .values(expires_at=trusted_devices.c.expires_at - timedelta(days=31))
        )
    assert (await client.login(guarded, device_token=old)).body["mfa_required"] is True

    token, device = await trust(client, guarded, step=1)
    [listed] = (await client.get("trusted-devices", token)).body["trusted_devices"]
    path = f"/api/auth/trusted-devices/{listed['id']}"
    for wrong in (f"/api/auth/trusted-devices/{uuid4()}", "/api/auth/trusted-devices/x"):
        assert (await client.browser.send("DELETE", wrong, token=token)).status == 404
    assert (await client.browser.send("DELETE", path, token=token)).status == 204
    assert (await client.browser.send("DELETE", path, token=token)).status == 404
    assert (await client.login(guarded, device_token=device)).body["mfa_required"] is True


async def test_nobody_ends_the_trust_in_another_persons_device(
    client: Client, guarded: Person, person: Person
) -> None:
    """ASVS 8.2.2: an id of another's is no id at all."""
    token, _ = await trust(client, guarded)
    [listed] = (await client.get("trusted-devices", token)).body["trusted_devices"]
    stranger = (await client.sign_in(person))["access_token"]
    path = f"/api/auth/trusted-devices/{listed['id']}"

    assert (await client.browser.send("DELETE", path, token=stranger)).status == 404
    assert len((await client.get("trusted-devices", token)).body["trusted_devices"]) == 1


async def test_turning_the_factor_off_ends_all_trust(
    client: Client, guarded: Person, streams: Streams
) -> None:
    """And what was trusted before means nothing when it is on again."""
    token, device = await trust(client, guarded)
    given = {"password": guarded.password, "code": code(step=1)}
    assert (await client.post("2fa/disable", token, **given)).status == 204
    secret = (await client.post("2fa/setup", token)).body["secret"]
    assert (await client.post("2fa/enable", token, code=code(secret=secret))).status == 200

    assert (await client.login(guarded, device_token=device)).body["mfa_required"] is True
    assert "device.revoked" in await streams.types(guarded)


async def test_in_cookie_mode_the_browser_keeps_it(client: Client, guarded: Person) -> None:
    """Where no script can read it; the browser's own is `current` in the list."""
    body = {"email": guarded.email, "password": guarded.password, "cookie": True}
    challenge = (await client.browser.send("POST", "/api/auth/login", json=body)).body
    done = await client.verify(challenge, code(), trust_device=True)
    assert "device_token" not in done.body
    device = cookie_of(done, TRUSTED)
    [line] = [each for each in done.headers.getall("Set-Cookie") if each.startswith(TRUSTED)]
    assert line.endswith("Max-Age=2592000; Path=/api/auth; Secure; HttpOnly; SameSite=Strict")

    again = await client.login(guarded, cookie=f"{TRUSTED}={device}")
    assert again.status == 200
    listed = await client.browser.send(
        "GET",
        "/api/auth/trusted-devices",
        token=again.body["access_token"],
        headers={"Cookie": f"{TRUSTED}={device}"},
    )
    assert [each["current"] for each in listed.body["trusted_devices"]] == [True]


async def test_no_device_is_trusted_unless_the_operator_wants_that(
    share: Share, make_settings: MakeSettings, guarded: Person
) -> None:
    """TRUSTED_DEVICE_DAYS=0, the default: no token is given, and none is taken that was."""
    on = Client(share(make_settings(trusted_device_days=30)))
    _, device = await trust(on, guarded)
    off = Client(share(make_settings()))

    assert (await off.login(guarded, device_token=device)).body["mfa_required"] is True
    challenge = (await off.login(guarded)).body
    done = await off.verify(challenge, code(step=1), trust_device=True)
    assert (done.status, "device_token" in done.body) == (200, False)


async def test_only_a_hash_of_the_token_is_kept(
    client: Client, guarded: Person, database: Database
) -> None:
    """ASVS 6.5.2: whoever reads the table can't sign in by it."""
    _, device = await trust(client, guarded)
    query = text("select row_to_json(d)::text from trusted_devices d where user_id = :id")
    async with database.transaction() as connection:
        row = await connection.scalar(query, {"id": guarded.id})

    assert device not in row
    assert device.encode().hex() not in row
