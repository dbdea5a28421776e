"""An event and endpoint make one row, in the transaction that stores the event."""

import asyncio
import json

import pytest
from sqlalchemy import event as listen
from sqlalchemy.ext.asyncio import AsyncEngine

from service.contracts.events import EventType
from service.store.webhook_endpoints import DisabledReason
from service.store.webhook_outbox import enqueue
from tests.webhooks.conftest import Outbox

URL = "https://hooks.example.com/auth"


async def test_one_row_for_each_who_wants_it(outbox: Outbox) -> None:
    """By type, by noun, or all of what is on offer; never what is not."""
    ended = await outbox.add(URL, "session.ended")
    people = await outbox.add(URL, "user.*", "session.expired")
    everything = await outbox.add(URL, "*")
    await outbox.happen(
        EventType.SESSION_ENDED,
        EventType.USER_CREATED,
        EventType.TOKEN_REFRESHED,
        EventType.LIMIT_EXCEEDED,
    )
    rows = {(row.endpoint_id, row.type) for row in await outbox.rows()}

    assert rows == {
        (ended.id, "session.ended"),
        (people.id, "user.created"),
        (everything.id, "session.ended"),
        (everything.id, "user.created"),
    }


async def test_an_event_that_comes_again_is_known(outbox: Outbox) -> None:
    """A worker died before it could acknowledge: neither audit row nor delivery is doubled."""
    await outbox.add(URL)
    events = await outbox.happen()
    assert await outbox.audit.record(outbox.partition, events) == 0

    [row] = await outbox.rows()
    assert row.event_id == f"evt_{outbox.partition}_{events[0].stream_id}"


async def test_a_row_that_is_there_is_left_alone(outbox: Outbox) -> None:
    """Also when the audit's own memory of the event is gone, as after its retention."""
    await outbox.add(URL)
    events = await outbox.happen()
    before = await outbox.rows()
    async with outbox.database.transaction() as connection:
        await enqueue(connection, outbox.partition, events, outbox.clock.now)
    assert await outbox.rows() == before


async def test_it_is_one_transaction(outbox: Outbox) -> None:
    """Where the audit row is not committed, there is no delivery, and the other way round."""
    await outbox.add(URL)
    await outbox.sql("alter table webhook_deliveries add constraint no_way check (id < 0)")
    before = await outbox.sql("select count(*) from audit_log")
    try:
        with pytest.raises(Exception, match="no_way"):
            await outbox.happen()
    finally:
        await outbox.sql("alter table webhook_deliveries drop constraint no_way")
    assert await outbox.sql("select count(*) from audit_log") == before
    assert await outbox.rows() == []


async def test_nothing_personal_is_in_it(outbox: Outbox) -> None:
    """Ids and a reason; no address, no browser, no device."""
    await outbox.add(URL)
    await outbox.happen(EventType.SESSION_ENDED)
    [row] = await outbox.rows()

    assert json.loads(row.body)["data"] == {
        "user_id": "9c44b5c9-8279-4821-a08e-98e8f07f0981",
        "session_id": "CcgrIW-_fsdC28SgIUTH2XU",
        "reason": "logout",
    }


async def test_secrets_are_sealed(outbox: Outbox) -> None:
    """A dump of the tables shows none; another row's can't be moved here."""
    endpoint = await outbox.add(URL, secret=b"a secret of thirty-two letters!!")
    [(dump,)] = await outbox.sql("select e::text from webhook_endpoints e")
    assert b"a secret of".hex() not in dump
    other = await outbox.add(URL)
    await outbox.sql(
        "update webhook_endpoints set secret = (select secret from webhook_endpoints where id = :a) "
        "where id = :b",
        a=endpoint.id,
        b=other.id,
    )
    await outbox.happen()
    claimed = await outbox.deliveries.claim(
        outbox.clock.now, lease=(outbox.clock.now - outbox.clock.now), room=9, each=9, busy={}
    )
    assert {each.endpoint_id: len(each.secrets) for each in claimed} == {
        endpoint.id: 1,
        other.id: 0,
    }
    assert "thirty-two" not in repr(claimed)


async def test_what_happens_while_it_is_disabled_waits(outbox: Outbox) -> None:
    """Nothing is lost for an endpoint that is mended later."""
    endpoint = await outbox.add(URL)

    async def announce(_: object) -> None:
        return None

    await outbox.endpoints.disable(endpoint.id, DisabledReason.FAILING, outbox.clock.now, announce)
    await outbox.happen()
    assert await outbox.deliver() == 0
    assert (await outbox.endpoint(endpoint.id)).waiting == 1


async def test_removing_while_events_come(outbox: Outbox) -> None:
    """An endpoint that goes in the middle takes no event with it to the dead letters."""

    async def announce(_: object) -> None:
        return None

    async def come_and_go() -> None:
        for _ in range(15):
            endpoint = await outbox.add(URL)
            await asyncio.sleep(0)
            await outbox.endpoints.remove(endpoint.id, announce)

    async def happen(partition: int) -> int:
        stored = 0
        for _ in range(25):
            stored += len(await outbox.happen(partition=partition))
        return stored

    _, *stored = await asyncio.gather(come_and_go(), happen(1), happen(2))
    assert stored == [25, 25]
    assert await outbox.rows() == []


async def test_what_it_costs_without_an_endpoint(outbox: Outbox, engine: AsyncEngine) -> None:
    """One look at the endpoints for a batch with something on offer, none for other batches."""
    statements: list[str] = []
    listen.listen(
        engine.sync_engine,
        "before_cursor_execute",
        lambda *given: statements.append(given[2]),
    )
    await outbox.happen(EventType.TOKEN_REFRESHED, EventType.TOKEN_REFRESHED)
    assert not [one for one in statements if "webhook" in one]
    await outbox.happen(*[EventType.SESSION_ENDED] * 50)
    assert len([one for one in statements if "webhook" in one]) == 1
