"""Signing keys change under traffic: no token fails before its time, wherever it is verified."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import jwt
import pytest

from tests.processes.stores import Stores
from tests.support.people import Browser
from tests.support.processes import python, web_process
from tests.support.waiting import wait_until

QUICK = "tests.support.quick_keys"
"""Always fresh: in a fork the numbers that it changes have been read already."""
CACHED_SECONDS = 1


class Verifier:
    """PyJWT's client, which keeps a JWKS for as long as its answer allows, and never asks twice."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.client = jwt.PyJWKClient(f"{base}/.well-known/jwks.json", lifespan=CACHED_SECONDS)

    def kids(self) -> list[str]:
        return [str(key.key_id) for key in self.client.get_jwk_set().keys]

    def verify_all(self, tokens: Iterable[tuple[float, str]]) -> set[str]:
        """Who signed those whose time is not over."""
        return {self.verify(token, until) for until, token in tokens if time.time() < until}

    def verify(self, token: str, until: float) -> str:
        """Raises when the keys that it has at this moment do not verify the token in its time."""
        kid: str = jwt.get_unverified_header(token)["kid"]
        found = [key for key in self.client.get_jwk_set().keys if key.key_id == kid]
        if not found and time.time() >= until:  # it took long to ask
            return kid
        [key] = found
        jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience="inphora",
            options={"verify_exp": False},  # it expires while others are verified
        )
        return kid


@pytest.fixture
def processes(
    migrated: dict[str, str], tmp_path: Path
) -> Iterator[tuple[dict[str, str], tuple[str, str]]]:
    """Two web processes whose keys live for seconds; their environment and addresses."""
    env = {**migrated, "ACCESS_TOKEN_TTL": "3", "RATE_LIMITS": "off"}
    with (
        web_process(env, tmp_path / "1.log", module=QUICK, fresh=True) as first,
        web_process(env, tmp_path / "2.log", module=QUICK, fresh=True) as second,
    ):
        yield env, (first, second)


def expiry(token: str) -> float:
    """When its time is over."""
    return float(jwt.decode(token, options={"verify_signature": False})["exp"])


async def accepted(browser: Browser, token: str) -> bool:
    """Whether a token is taken, unless its time was over before it could be shown."""
    me = await browser.me(token)
    return me.status == 200 or (me.code == "token_expired" and time.time() >= expiry(token))


def keys(env: dict[str, str], *arguments: str) -> str:
    done = python(QUICK, "keys", *arguments, env=env, fresh=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_tokens_of_a_whole_rotation_verify_at_all_times(
    processes: tuple[dict[str, str], tuple[str, str]],
    stores: Stores,
    visit: Callable[[str], Browser],
) -> None:
    """Minted by either process, verified by what another service has cached, until they expire."""
    env, bases = processes
    person = await stores.add_person()
    browsers, verifier = [visit(base) for base in bases], Verifier(bases[0])
    tokens = await browsers[0].login(person)
    [old] = await asyncio.to_thread(verifier.kids)
    alive, signed_by, turn = [], set(), 0

    async def rotate() -> str:
        return await asyncio.to_thread(keys, {**env, "JWT_ALGORITHM": "EdDSA"}, "rotate")

    rotating = asyncio.create_task(rotate())
    while old in await asyncio.to_thread(verifier.kids):
        assert not rotating.done() or await rotating, "it goes on only while the rotation is well"
        turn += 1
        tokens = (await browsers[turn % 2].refresh(tokens["refresh_token"])).body
        alive.append((expiry(tokens["access_token"]), tokens["access_token"]))
        assert await accepted(browsers[(turn + 1) % 2], tokens["access_token"])
        signed_by |= await asyncio.to_thread(verifier.verify_all, alive)
        await asyncio.sleep(0.1)
    new = (await rotating).split()[0]
    assert signed_by == {old, new}

    listed = [json.loads(line) for line in keys(env, "list", "--json").splitlines()]
    assert [(one["kid"], one["algorithm"], one["state"]) for one in listed] == [
        (new, "EdDSA", "current"),
        (old, "ES256", "retired"),
    ]
    assert all(one["last_used"] for one in listed)

    held = (await browsers[0].refresh(tokens["refresh_token"])).body
    said = await asyncio.to_thread(keys, env, "rotate", "--now", "--revoke")
    assert "is new" in said

    async def refused() -> bool:
        replies = [await browser.me(held["access_token"]) for browser in browsers]
        return {reply.code for reply in replies} <= {"token_invalid", "token_expired"}

    await wait_until(refused)
    again = (await browsers[1].refresh(held["refresh_token"])).body
    assert await accepted(browsers[0], again["access_token"]), "refresh goes on"
    only = await asyncio.to_thread(Verifier(bases[1]).kids)
    assert only == [jwt.get_unverified_header(again["access_token"])["kid"]]


async def test_a_leak_is_answered_at_once_or_not_at_all(migrated: dict[str, str]) -> None:
    """`--revoke` without `--now` would leave nothing that signs."""
    done = python("service", "keys", "rotate", "--revoke", env=migrated)

    assert done.returncode == 1
    assert "--now" in done.stderr
