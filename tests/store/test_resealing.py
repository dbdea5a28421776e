"""SECRET_KEY changes: everything sealed is sealed anew, and then the old key is not needed."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any

import pytest
from sqlalchemy import select

from service.contracts.events import EventType
from service.contracts.mails import Mail, MailTemplate
from service.contracts.sealed import SEALED
from service.domain.errors import ServiceUnavailableError
from service.domain.secrets import Sealer, at_rest
from service.domain.sessions import Origin
from service.domain.signing_key import SigningKey
from service.operations.diagnose_secrets import secret_findings
from service.operations.findings import Finding
from service.store.checkpoint_keys import CheckpointKeys
from service.store.database import Database
from service.store.facts import Facts
from service.store.mail_outbox import MailOutbox
from service.store.person_keys import PersonKeys
from service.store.resealing import BATCH, Resealing, context_of
from service.store.signing_keys import SigningKeyRecords
from service.store.users import UserRecords
from service.store.webhook_endpoints import WebhookEndpoints
from tests.audit.conftest import (
    Books,
)
from tests.audit.conftest import books as books_  # noqa: F401 - a fixture
from tests.conftest import now_ms
from tests.store.test_key_rotation import Events
from workers.secrets import Reseal

OLD, NEW = "o" * 40, "n" * 40
BEFORE = at_rest([OLD], token_bytes)
BOTH = at_rest([NEW, OLD], token_bytes)
AFTER = at_rest([NEW], token_bytes)
PEOPLE = BATCH + 5
USER = "7d0c7a4e-0000-4000-8000-000000000000"


class Told(Events):
    async def append(
        self,
        event: EventType,
        origin: Origin,
        *,
        data: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        assert data is not None
        self.told.append((event, data["table"], data["rows"]))


async def nobody(_: object) -> None:
    """For writers that announce."""


@pytest.fixture
async def database(books_: Books) -> Database:  # noqa: F811
    """A value in every sealed column, each written by what writes it in the service."""
    tables = ", ".join(sorted({one.table.fullname for one in SEALED}))
    await books_.sql(f"truncate {tables}, secret_keys cascade")
    database = books_.database
    await UserRecords(database).create(
        user_id=USER,
        email="a@people.example",
        name="",
        roles=(),
        password_hash="x",
        totp_secret=BEFORE.seal(b"totp", context=f"totp/{USER}"),
        announce=nobody,
    )
    pending = BEFORE.seal(b"pending", context=f"totp/{USER}")
    await books_.sql("update users set totp_pending = :pending", pending=pending)
    signing = SigningKeyRecords(database, BEFORE)
    async with database.transaction() as connection:
        await signing.add(connection, SigningKey.generate("ES256"), datetime.now(UTC))
        await CheckpointKeys(BEFORE).signing(connection)
    people = PersonKeys(database, BEFORE, token_bytes)
    await people.load([f"p{number:04}" for number in range(PEOPLE)])
    endpoints = WebhookEndpoints(database, BEFORE)
    await endpoints.add(
        endpoint_id="ep_1", url="https://x.example", types=["*"], secret=b"s", announce=nobody
    )
    await books_.sql(
        "update webhook_endpoints set previous_secret = :sealed, previous_until = now()",
        sealed=BEFORE.seal(b"p", context="webhook/ep_1"),
    )
    await MailOutbox(database, BEFORE).put(None, Mail(next(iter(MailTemplate)), "a@people.example"))
    await Facts(database, BEFORE, token_bytes, "inphora", timedelta(days=1))._open()
    return database


async def values(database: Database, sealer: Sealer) -> dict[str, list[Any]]:
    """Every sealed value that this sealer opens, by column; raises for one that it does not."""
    opened = {}
    async with database.transaction() as connection:
        for one in SEALED:
            rows = await connection.execute(
                select(one.table)
                .where(one.table.c[one.column].is_not(None))
                .order_by(*one.table.primary_key)
            )
            opened[one.name] = [
                sealer.open(
                    row._mapping[one.table.c[one.column]], context=context_of(one, row._mapping)
                )
                for row in rows
            ]
    return opened


async def told_of(database: Database, sealer: Sealer, *, at_ms: int | None = None) -> Finding:
    [finding] = await secret_findings(
        Resealing(database, sealer, Told()), idle_ttl=timedelta(days=1), now_ms=at_ms or now_ms()
    )
    return finding


async def test_all_is_sealed_anew_once(database: Database) -> None:
    """Whatever ran it, how many at once: the new key alone opens all, and the values are the same."""
    before, told = await values(database, BEFORE), Told()
    assert all(before.values()), "each column of the register has a value to try it on"
    resealing = Resealing(database, BOTH, told)

    await asyncio.gather(*[Reseal(resealing)() for _ in range(3)])
    assert await values(database, AFTER) == before
    assert sum(rows for _, _, rows in told.told) == PEOPLE + len(SEALED) - 1
    assert {event for event, *_ in told.told} == {EventType.SECRET_RESEALED}
    assert {table for _, table, _ in told.told} == {one.name for one in SEALED}
    assert await Reseal(resealing)() == 0


async def test_a_broken_run_goes_on_where_it_was(database: Database) -> None:
    """Every batch stands by itself."""
    before, resealing = await values(database, BEFORE), Resealing(database, BOTH, Told())
    async for _ in resealing():
        break
    assert await values(database, BOTH) == before

    await Reseal(resealing)()
    assert await values(database, AFTER) == before


async def test_what_cannot_be_told_is_not_done(database: Database) -> None:
    """The event and its rows are one transaction."""

    class Deaf(Told):
        async def append(self, *_: Any, **__: Any) -> None:
            raise ServiceUnavailableError

    with pytest.raises(ServiceUnavailableError):
        await Reseal(Resealing(database, BOTH, Deaf()))()
    assert await values(database, BEFORE)


async def test_a_change_meanwhile_wins(database: Database, books_: Books) -> None:  # noqa: F811
    """A row that somebody holds is left; what they write is not written over."""
    async with database.transaction() as connection:
        mine = AFTER.seal(b"mine", context=f"totp/{USER}")
        await connection.execute(SEALED[0].table.update().values(totp_secret=mine))
        await Reseal(Resealing(database, BOTH, Told()))()
    assert (await values(database, BOTH))["users.totp_secret"] == [b"mine"]


async def test_what_no_key_opens_is_left_and_told(database: Database) -> None:
    """Nothing is destroyed that a backup of the key might still open."""
    third = Sealer([bytes(32)], token_bytes)
    async with database.transaction() as connection:
        lost = third.seal(b"x", context=f"totp/{USER}")
        await connection.execute(SEALED[0].table.update().values(totp_secret=lost))

    batches = [batch async for batch in Resealing(database, BOTH, Told())()]
    assert [(b.resealed, b.unreadable) for b in batches if b.column == "users.totp_secret"] == [
        (0, 1)
    ]
    async with database.transaction() as connection:
        assert await connection.scalar(select(SEALED[0].table.c.totp_secret)) == lost


async def test_doctor_says_when_the_previous_key_may_go(database: Database) -> None:
    """Not while a secret needs it, nor while a refresh token may."""
    assert (await told_of(database, BEFORE)).ok
    alone = await told_of(database, AFTER)
    assert not alone.ok
    assert "SECRET_KEY_PREVIOUS" in alone.mend
    assert "secrets are sealed under it" in (await told_of(database, BOTH)).what
    async for _ in Resealing(database, BOTH, Told())():
        pass
    assert "no worker has run" in (await told_of(database, BOTH)).what

    await Reseal(Resealing(database, BOTH, Told()))()
    assert "by refresh tokens" in (await told_of(database, BOTH)).what
    later = now_ms() + 26 * 3_600_000
    assert "take it away" in (await told_of(database, BOTH, at_ms=later)).what
    assert (await told_of(database, AFTER)).ok
