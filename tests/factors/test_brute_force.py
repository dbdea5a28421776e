"""Guessing: bounded for every account, without locking its owner out (docs/brute-force.md)."""

import asyncio
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, cast

import pytest

from service.contracts.events import EventType
from service.domain.device_proof import DeviceProofs
from service.domain.errors import ServiceUnavailableError
from service.domain.lockout import MAX_FAILURES
from service.domain.maced import Maced
from service.domain.sessions import Origin
from service.operations.throttle import Throttle
from service.store.database import Database
from service.store.event_log import EventLog
from service.store.failures import Attempt, Locked
from service.store.script_client import ScriptClient
from tests.conftest import MakePerson, now_ms
from tests.factors.conftest import Client, Failures, Streams, code, cookie_of, wrong_code
from tests.support.damage import altered
from tests.support.people import TOTP_SECRET, Person, Reply
from tests.support.statements import noted_statements

DEVICE = "inphora_device"
ORIGIN = Origin()


def answers(replies: list[Reply]) -> list[tuple[Any, Any]]:
    return [(reply.status, reply.code) for reply in replies]


WRONG, LOCKED = (401, "invalid_credentials"), (429, "account_locked")


async def test_failures_per_account_are_counted_with_growing_delays(
    client: Client, person: Person, failures: Failures
) -> None:
    """ASVS 6.1.1: five are free; then a minute, two, four…, also for the right password."""
    replies = await client.fail(person, 8)
    assert answers(replies) == [WRONG] * 6 + [LOCKED] * 2
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 60
    assert (await client.login(person)).code == "account_locked"

    await failures.wait(person.email, 60)
    replies = await client.fail(person, 2)
    assert answers(replies) == [WRONG, LOCKED]
    assert 60 < int(replies[1].headers["Retry-After"]) <= 120

    await failures.wait(person.email, 120)
    assert (await client.login(person)).status == 200
    assert await failures.of(person.email) == 0
    assert answers(await client.fail(person, 7)) == [WRONG] * 6 + [LOCKED]


async def test_a_lock_tells_nothing(client: Client, person: Person, failures: Failures) -> None:
    """ASVS 6.3.8: an address that nobody has is counted and locked alike, to the byte."""
    nobody = Person("", f"{token_hex(6)}@people.example")

    async def seen(who: Person) -> list[tuple[int, dict[Any, Any], dict[Any, Any]]]:
        replies = await client.fail(who, 8)
        ids = {"request_id", "X-Request-ID", "Date", "Retry-After", "RateLimit"}
        return [
            (
                reply.status,
                {k: v for k, v in reply.body.items() if k not in ids},
                {k: v for k, v in reply.headers.items() if k not in ids},
            )
            for reply in replies
        ]

    assert await seen(person) == await seen(nobody)
    assert await failures.of(nobody.email) == await failures.of(person.email) == 6


async def test_a_race_gets_no_more_tries(
    client: Client, person: Person, failures: Failures
) -> None:
    """ASVS 6.1.1, 15.4.2: of a hundred guesses at once as many are looked at as of a hundred in a row."""
    replies = await asyncio.gather(*(client.login(person, "wrong") for _ in range(100)))

    assert sorted(answers(replies)) == [WRONG] * 6 + [LOCKED] * 94
    assert await failures.of(person.email) == 6


async def test_a_race_of_the_owner_locks_nobody(
    client: Client, person: Person, failures: Failures
) -> None:
    """Many sign-ins of one account at once, as of a script, wait for each other: none is a failure."""
    replies = await asyncio.gather(*(client.login(person) for _ in range(20)))

    assert {reply.status for reply in replies} == {200}
    assert await failures.of(person.email) == 0


async def test_what_is_under_way_elsewhere_is_waited_for(
    client: Client, person: Person, failures: Failures
) -> None:
    """Other processes look at six: they may turn out right, and then nothing is locked."""
    tries = [await failures.store.count(person.email, None) for _ in range(6)]
    waiting = asyncio.create_task(client.login(person))
    late = await failures.store.count(person.email, None)
    assert isinstance(late, Locked)
    assert late.undecided
    assert not waiting.done()
    assert isinstance(tries[0], Attempt)
    await failures.store.clear(tries[0])

    assert (await waiting).status == 200


async def test_strangers_do_not_lock_an_owner_out_on_a_known_device(
    client: Client, make_person: MakePerson, failures: Failures
) -> None:
    """ASVS 6.1.1: a browser where they signed in has a counter of its own; nobody else's helps."""
    person, other = await make_person(), await make_person()
    owners = f"{DEVICE}={cookie_of(await client.login(person), DEVICE)}"
    thiefs = f"{DEVICE}={cookie_of(await client.login(other), DEVICE)}"
    await client.fail(person, 6)

    for cookie in ("", thiefs, f"{DEVICE}=AAAA", altered(owners)):
        assert (await client.login(person, cookie=cookie)).code == "account_locked", cookie
    again = await client.login(person, cookie=owners)
    assert again.status == 200
    assert await failures.of(person.email) == 6, "strangers stay where they are"

    # The other half: who has such a browser gets no more tries than a stranger.
    owners = f"{DEVICE}={cookie_of(again, DEVICE)}"
    replies = await client.fail(person, 7, cookie=owners)
    assert answers(replies) == [WRONG] * 6 + [LOCKED]


async def test_strangers_do_not_keep_the_signed_in_from_proving_who_they_are(
    client: Client, person: Person
) -> None:
    """ASVS 6.1.1: a session has a counter of its own as well, for clients that keep no cookie."""
    token = (await client.sign_in(person))["access_token"]
    assert answers(await client.fail(person, 7))[-1] == LOCKED

    assert (await client.post("step-up", token, password=person.password)).status == 200


async def test_failures_count_across_factors(
    client: Client, make_person: MakePerson, failures: Failures
) -> None:
    """SP 800-63B-4 §3.2.2: passwords, codes and recovery codes are one row; half a sign-in clears none."""
    person = await make_person(totp_secret=TOTP_SECRET)
    await client.fail(person, 3)
    challenge = (await client.login(person)).body
    assert await failures.of(person.email) == 3, "the right password is no failure"
    replies = [
        await client.verify(challenge, text)
        for text in (wrong_code(), "ABCDEF-ABCDEF-ABCDEF-ABCDEF", wrong_code(), code())
    ]
    invalid = (401, "mfa_code_invalid")
    assert answers(replies) == [invalid] * 3 + [LOCKED]
    assert (await client.login(person)).code == "account_locked"

    await failures.wait(person.email, 60)
    challenge = (await client.login(person)).body
    assert await failures.of(person.email) == 6
    assert (await client.verify(challenge, code())).status == 200
    assert await failures.of(person.email) == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "step-up", {}, id="step-up"),
        pytest.param("POST", "2fa/disable", {"code": "000000"}, id="disable"),
        pytest.param("POST", "2fa/recovery-codes", {"code": "000000"}, id="recovery codes"),
        pytest.param("DELETE", "me", {}, id="erase"),
    ],
)
async def test_a_password_that_is_asked_for_once_more_counts(
    client: Client, person: Person, method: str, path: str, body: dict[str, Any]
) -> None:
    """ASVS 6.1.1: whoever has somebody's token guesses no faster than anybody else."""
    token = (await client.sign_in(person))["access_token"]
    given = {"password": "wrong", **body}
    replies = [
        await client.browser.send(method, f"/api/auth/{path}", token=token, json=given)
        for _ in range(7)
    ]

    assert answers(replies) == [WRONG] * 6 + [LOCKED]


async def test_a_hundred_failures_shut_the_account(
    client: Client, person: Person, failures: Failures, database: Database
) -> None:
    """SP 800-63B-4 §3.2.2: then no wait helps; a reset or an administrator does (`clear_all`)."""
    await client.fail(person, 1)
    await failures.set(person.email, MAX_FAILURES - 1)
    assert answers(await client.fail(person, 1)) == [WRONG]
    await failures.wait(person.email, 10**7)
    locked = await client.login(person)
    assert (locked.code, int(locked.headers["Retry-After"])) == ("account_locked", 86_400)

    async with database.transaction() as connection:
        await failures.store.clear_all(connection, person.id)
    assert (await client.login(person)).status == 200


async def test_a_try_that_could_not_be_looked_at_is_no_failure(
    failures: Failures, person: Person, scripts: ScriptClient
) -> None:
    """While too many wait for argon2id, or a store is away: 503, and nobody is locked by that."""

    def unused(*_: object) -> None:
        raise AssertionError

    throttle = Throttle(
        failures.store, DeviceProofs(Maced([b"k"])), cast("EventLog", unused), now_ms
    )
    kind = EventType.LOGIN_FAILED
    for _ in range(8):
        with pytest.raises(ServiceUnavailableError):
            async with throttle.trying(person.email, ORIGIN, failed=kind):
                raise ServiceUnavailableError

    assert await failures.of(person.email) == 0


async def test_the_audit_has_what_was_refused(
    client: Client, person: Person, streams: Streams
) -> None:
    """Every failure; the first that locks says until when; those that came too early are `locked`."""
    begun = datetime.now(UTC)
    await client.fail(person, 7)
    told = await streams.events(person)

    assert {event.type for event in told} == {EventType.LOGIN_FAILED}
    assert [event.reason for event in told] == ["wrong_password"] * 6 + ["locked"]
    assert [set(event.data) for event in told] == [set()] * 5 + [{"locked_until"}, set()]
    counted = datetime.fromisoformat(told[5].data["locked_until"]) - timedelta(seconds=60)
    assert begun - timedelta(seconds=1) < counted <= datetime.now(UTC)


async def test_a_sign_in_costs_one_statement_more(client: Client, person: Person) -> None:
    """The account is read by the statement that counts; another forgets the count."""
    with noted_statements() as statements:
        await client.sign_in(person)

    kinds = [each.split(maxsplit=1)[0].lower() for each in statements]
    assert kinds == ["with", "delete", "insert"]


async def test_the_right_password_forgets_no_wrong_codes(
    client: Client, make_person: MakePerson
) -> None:
    """SP 800-63B-4 §3.2.2: nor does it where somebody signed in is asked for both."""
    person = await make_person(totp_secret=TOTP_SECRET)
    token = (await client.sign_in(person, code()))["access_token"]
    given = {"password": person.password, "code": wrong_code()}
    replies = [await client.post("2fa/disable", token, **given) for _ in range(7)]

    assert answers(replies) == [(401, "mfa_code_invalid")] * 6 + [LOCKED]
