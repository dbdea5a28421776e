"""Signing keys follow each other without a gap, whoever rotates when."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.contracts.events import EventType
from service.domain.access_token import AccessTokens
from service.domain.errors import ServiceUnavailableError
from service.domain.key_ring import KeyState, arranged, tail
from service.domain.secrets import Sealer
from service.domain.sessions import Origin
from service.domain.signing_key import ALGORITHMS, SigningKey
from service.store.event_log import EventLog
from service.store.key_rotation import KeyRotation
from service.store.signing_keys import SigningKeyRecords
from service.wiring.signing import follow_keys
from tests.audit.conftest import (
    Books,
)
from tests.audit.conftest import books as books_  # noqa: F401 - a fixture
from tests.conftest import now_ms
from tests.support.waiting import wait_until

TTL = timedelta(minutes=15)
SEAL = Sealer([bytes(32)], bytes)


class Events(EventLog):
    """What was told, in order; `away` raises instead."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    async def append(
        self,
        event: EventType,
        origin: Origin,
        *,
        reason: str = "",
        data: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        assert data is not None
        self.told.append((event.value, data["kid"], reason))


@pytest.fixture
async def records(books_: Books) -> SigningKeyRecords:  # noqa: F811
    """The table in a database of its own, empty."""
    await books_.sql("truncate signing_keys")
    return SigningKeyRecords(books_.database, SEAL)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def rotation(records: SigningKeyRecords, events: Events) -> KeyRotation:
    return KeyRotation(records, events, TTL)


async def states(records: SigningKeyRecords) -> dict[str, str]:
    return {key.key.kid: key.state(now_ms()) for key in await records.everything()}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_the_first_key_signs_at_once(
    rotation: KeyRotation, records: SigningKeyRecords, events: Events, algorithm: str
) -> None:
    """Nobody has kept a JWKS yet; and there is nothing that it replaces."""
    await asyncio.gather(*[rotation.ensure(algorithm) for _ in range(3)])

    [key] = await records.load()
    assert key.state(now_ms()) is KeyState.CURRENT
    assert isinstance(key.key, SigningKey)
    assert (key.key.algorithm, events.told) == (algorithm, [])


async def test_a_new_key_is_published_before_it_signs(
    rotation: KeyRotation, records: SigningKeyRecords, events: Events
) -> None:
    """And the old one until its last token has ended; two who rotate at once make one."""
    await rotation.ensure("ES256")
    [old] = await records.load()

    made = await asyncio.gather(*[rotation.rotate("ES256") for _ in range(4)])
    assert sorted(one.made for one in made) == [False, False, False, True]
    assert len({one.kid for one in made}) == 1
    assert events.told == [("key.rotated", made[0].kid, "operator")]
    assert await states(records) == {old.key.kid: KeyState.CURRENT, made[0].kid: KeyState.NEXT}
    new, old = await records.load()
    lead_ms, tail_ms = (
        rotation.lead // timedelta(milliseconds=1),
        tail(TTL) // timedelta(milliseconds=1),
    )
    assert abs(new.signs_from_ms - new.created_ms - lead_ms) < 1000
    assert old.retired_ms == new.signs_from_ms
    assert old.published_until_ms == old.retired_ms + tail_ms
    assert arranged([new, old], now_ms())[0] == old.key


async def test_at_once(rotation: KeyRotation, records: SigningKeyRecords) -> None:
    """`--now` lets the key that waits sign; the old one stays published."""
    await rotation.ensure("ES256")
    waiting = await rotation.rotate("ES256")

    promoted = await rotation.rotate("ES256", at_once=True)
    assert (promoted.kid, promoted.made) == (waiting.kid, False)
    assert sorted((await states(records)).values()) == [KeyState.CURRENT, KeyState.RETIRING]
    again = await rotation.rotate("ES256", at_once=True)
    assert again.made
    assert sorted((await states(records)).values()) == [KeyState.CURRENT, *[KeyState.RETIRING] * 2]


async def test_another_algorithm_is_a_rotation(
    rotation: KeyRotation, records: SigningKeyRecords
) -> None:
    """JWT_ALGORITHM changed: its key is published first, like any other; the old one signs on."""
    await rotation.ensure("ES256")
    await rotation.ensure("EdDSA")
    await rotation.ensure("EdDSA")

    new, old = await records.load()
    assert [new.key.algorithm, old.key.algorithm] == ["EdDSA", "ES256"]
    assert (new.state(now_ms()), old.state(now_ms())) == (KeyState.NEXT, KeyState.CURRENT)
    assert arranged([new, old], new.signs_from_ms)[0] == new.key


async def test_by_age(rotation: KeyRotation, records: SigningKeyRecords, books_: Books) -> None:  # noqa: F811
    """A young key is left alone, an old one is replaced once."""
    await rotation.ensure("ES256")
    assert await rotation.by_age("ES256", 90) is None
    await books_.sql("update signing_keys set signs_from = now() - interval '91 days'")

    first, second = await asyncio.gather(*[rotation.by_age("ES256", 90) for _ in range(2)])
    assert [first, second].count(None) == 1
    assert sorted((await states(records)).values()) == [KeyState.CURRENT, KeyState.NEXT]


async def test_a_leaked_key_is_published_no_more(
    rotation: KeyRotation,
    records: SigningKeyRecords,
    events: Events,
    books_: Books,  # noqa: F811 - the fixture
) -> None:
    """All others go at once, those that only waited too, their private halves with them."""
    await rotation.ensure("ES256")
    await rotation.rotate("ES256")

    new = await rotation.replace_leaked("ES256")
    [published] = await records.load()
    assert (published.key.kid, published.state(now_ms())) == (new.kid, KeyState.CURRENT)
    assert [kind for kind, *_ in events.told] == [
        "key.rotated",
        "key.retired",
        "key.retired",
        "key.rotated",
    ]
    assert await books_.sql("select count(private_key), count(public_key) from signing_keys") == [
        (1, 3)
    ]


async def test_a_private_half_is_destroyed_when_nobody_signs_with_it(
    rotation: KeyRotation,
    records: SigningKeyRecords,
    events: Events,
    books_: Books,  # noqa: F811
) -> None:
    """Not before every process must know; the public half is kept, for `keys list` and old tokens."""
    await rotation.ensure("ES256")
    await rotation.rotate("ES256", at_once=True)
    assert await rotation.destroy_due() == 0
    await books_.sql(
        "update signing_keys set retired_at = now() - interval '4 minutes', public_key = null"
        " where retired_at is not null"
    )

    assert await rotation.destroy_due() == 1
    assert await rotation.destroy_due() == 0
    new, old = await records.load()
    assert not isinstance(old.key, SigningKey)
    assert old.key.public_jwk["kid"] == old.key.kid
    assert events.told[-1] == ("key.retired", old.key.kid, "replaced")
    assert arranged([new, old], now_ms()) == [new.key, old.key]


async def test_what_cannot_be_told_does_not_happen(
    rotation: KeyRotation,
    records: SigningKeyRecords,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The event is written before the commit."""
    await rotation.ensure("ES256")

    async def fail(*_: object, **__: object) -> None:
        raise ServiceUnavailableError

    monkeypatch.setattr(events, "append", fail)
    with pytest.raises(ServiceUnavailableError):
        await rotation.rotate("ES256")
    assert len(await records.everything()) == 1


async def test_a_process_changes_keys_while_sql_is_away(
    rotation: KeyRotation, records: SigningKeyRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what it read last; each failure is one line in the log, without a traceback."""
    await rotation.ensure("ES256")
    soon = KeyRotation(records, rotation.events, TTL, lead=timedelta(seconds=1))
    before_ms = now_ms()
    new = await soon.rotate("ES256")
    tokens = AccessTokens(
        keys=arranged(await records.load(), before_ms),
        issuer="i",
        audience="a",
        ttl=TTL,
        randomness=bytes,
    )
    assert tokens.keys[0].kid != new.kid
    loads = []

    async def load(real: Any = records.load) -> Any:
        loads.append(1)
        if len(loads) > 1:
            message = "a\nlong\nstory"
            raise RuntimeError(message)
        return await real()

    monkeypatch.setattr(records, "load", load)
    tokens.used = True
    with capture_logs() as lines:
        following = asyncio.create_task(
            follow_keys(records, tokens, every=timedelta(milliseconds=20))
        )

        async def changed() -> bool:
            return tokens.keys[0].kid == new.kid

        await wait_until(changed)
        following.cancel()
    assert {"event": "keys.reload_failed", "log_level": "error", "why": "RuntimeError: a"} in lines
    assert all("exc_info" not in line for line in lines)
    used = {key.key.kid: key.used_ms for key in await records.everything()}
    assert used[new.kid] is None
    assert used[tokens.keys[1].kid] is not None
