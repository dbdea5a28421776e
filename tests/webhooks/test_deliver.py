"""What is due is sent, signed, until it is taken or given up."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from secrets import token_bytes
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from service.contracts.events import EventType
from service.domain.errors import ServiceUnavailableError
from service.domain.secrets import at_rest
from service.domain.webhook_signature import secret_text
from service.domain.webhook_tries import DELAYS
from service.store.event_log import EventLog
from service.store.webhook_deliveries import WebhookDeliveries
from tests.support.receiver import Receiver, receiver
from tests.support.waiting import PATIENCE, WAITING, wait_until
from tests.webhooks.conftest import SECRET, Outbox, deliver_all
from workers.webhooks import LEASE, SweepDeliveries

MOMENT = timedelta(milliseconds=1)


async def test_a_signed_event(outbox: Outbox, product: Receiver) -> None:
    """Another library accepts it; it says what happened, once."""
    await outbox.add(product.url)
    [event] = await outbox.happen(EventType.TOKEN_REUSE_DETECTED)
    assert await outbox.deliver() == 1
    assert await outbox.deliver() == 0

    [posted] = product.got
    said = Webhook(secret_text(SECRET)).verify(posted.body, posted.headers)
    assert said["type"] == "token.reuse_detected"
    assert said["data"]["user_id"] == event.event.user_id
    assert posted.headers["content-type"] == "application/json"
    assert posted.id == f"evt_{outbox.partition}_{event.stream_id}"
    assert "authorization" not in posted.headers
    [row] = await outbox.rows()
    assert (row.last_status, row.tries, row.due_at) == (200, 1, None)
    assert row.delivered_at == outbox.clock.now


async def test_while_a_secret_is_replaced(outbox: Outbox, product: Receiver) -> None:
    """Both sign until the time is over; then only the new one."""
    endpoint = await outbox.add(product.url)

    async def announce(_: object) -> None:
        return None

    until = outbox.clock.now + timedelta(hours=1)
    new = b"n" * 32
    await outbox.endpoints.rotate_secret(endpoint.id, new, previous_until=until, announce=announce)
    await outbox.happen()
    await outbox.deliver()
    for secret in (SECRET, new):
        assert Webhook(secret_text(secret)).verify(product.got[0].body, product.got[0].headers)
    outbox.clock.move(timedelta(minutes=61))
    await outbox.happen()
    await outbox.deliver()
    assert [len(each.headers["webhook-signature"].split()) for each in product.got] == [2, 1]


async def test_the_schedule_to_its_end(outbox: Outbox, product: Receiver) -> None:
    """Each try when it is due and not before; the last one makes it failed; a replay begins anew."""
    endpoint = await outbox.add(product.url)
    product.status = 500
    await outbox.happen()
    tried = [outbox.clock.now]
    assert await outbox.deliver() == 1
    for delay in DELAYS:
        outbox.clock.move(delay - MOMENT)
        assert await outbox.deliver() == 0
        # As if it had had a success elsewhere: this is about the delivery, not the endpoint.
        await outbox.sql("update webhook_endpoints set failing_since = null")
        outbox.clock.move(MOMENT)
        assert await outbox.deliver() == 1
        tried.append(outbox.clock.now)
    [row] = await outbox.rows()
    assert (row.tries, row.due_at, row.last_status) == (10, None, 500)
    assert row.failed_at == tried[-1]
    outbox.clock.move(timedelta(days=5))
    assert await outbox.deliver() == 0
    assert len(set(product.ids())) == 1
    stamps = [each.headers["webhook-timestamp"] for each in product.got]
    assert stamps == [str(int(at.timestamp())) for at in tried]

    product.status = 204

    async def announce(count: int) -> None:
        assert count == 1

    now = outbox.clock.now
    assert await outbox.deliveries.replay(now, announce, endpoint_id=endpoint.id, failed=True) == 1
    assert await outbox.deliver() == 1
    [row] = await outbox.rows()
    assert (row.tries, row.failed_at, row.last_status) == (1, None, 204)
    assert len(set(product.ids())) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 500, 502])
async def test_what_is_no_success(outbox: Outbox, product: Receiver, status: int) -> None:
    """No redirect is followed, and anything but 2xx is tried again."""
    async with receiver() as elsewhere:
        await outbox.add(product.url)
        product.status, product.headers = status, {"Location": elsewhere.url}
        await outbox.happen()
        await outbox.deliver()
        [row] = await outbox.rows()
        assert (row.last_status, row.delivered_at) == (status, None)
        assert row.due_at == outbox.clock.now + DELAYS[0]
        assert elsewhere.got == []


@pytest.mark.parametrize("status", [429, 503])
async def test_asked_to_wait(outbox: Outbox, product: Receiver, status: int) -> None:
    """All of an endpoint's deliveries wait as long as Retry-After says, and an hour at most."""
    await outbox.add(product.url)
    product.status, product.headers = status, {"Retry-After": "600"}
    await outbox.happen()
    assert await outbox.deliver() == 1
    await outbox.happen(EventType.USER_CREATED)
    outbox.clock.move(timedelta(seconds=599))
    assert await outbox.deliver() == 0
    product.status, product.headers = 200, {}
    outbox.clock.move(timedelta(seconds=1))
    assert await outbox.deliver() == 2
    product.status, product.headers = status, {"Retry-After": "999999"}
    await outbox.happen()
    await outbox.deliver()
    product.status = 200
    outbox.clock.move(timedelta(hours=1))
    assert await outbox.deliver() == 1


async def test_gone(outbox: Outbox, product: Receiver, told: Callable[[], Any]) -> None:
    """410 is the receiver's word that it wants no more: disabled at once, and that is audited."""
    endpoint = await outbox.add(product.url)
    product.status = 410
    await outbox.happen()
    await outbox.deliver()
    assert (await outbox.endpoint(endpoint.id)).disabled_reason == "gone"
    [said] = [one for one in await told() if endpoint.id in one["data"]]
    assert (said["type"], said["reason"]) == ("webhook.disabled", "gone")
    assert json.loads(said["data"]) == {"endpoint": endpoint.id, "host": "127.0.0.1"}


async def test_only_failures_for_three_days(
    outbox: Outbox, product: Receiver, told: Callable[[], Any]
) -> None:
    """Disabled and audited; one success in between starts the time anew; enabling sends what waits."""
    endpoint = await outbox.add(product.url)
    product.status = 500

    async def day(hours: int) -> None:
        outbox.clock.move(timedelta(hours=hours))
        await outbox.happen()
        await outbox.deliver()

    for hours in (0, 24, 24):
        await day(hours)
    product.status = 200
    await day(23)
    product.status = 500
    for hours in (1, 24, 24, 23):
        await day(hours)
    assert (await outbox.endpoint(endpoint.id)).disabled_at is None
    await day(1)
    assert (await outbox.endpoint(endpoint.id)).disabled_reason == "failing"
    assert [one["reason"] for one in await told() if endpoint.id in one["data"]] == ["failing"]

    async def announce(_: object) -> None:
        return None

    product.status = 200
    before = len(product.got)
    waiting = (await outbox.endpoint(endpoint.id)).waiting
    await day(24)
    assert len(product.got) == before
    await outbox.endpoints.enable(endpoint.id, outbox.clock.now, announce)
    assert await outbox.deliver() == waiting + 1
    enabled = await outbox.endpoint(endpoint.id)
    assert (enabled.waiting, enabled.failing_since, enabled.disabled_at) == (0, None, None)


async def test_it_is_not_disabled_unheard(outbox: Outbox, product: Receiver) -> None:
    """Redis is away: without its event there is no change, and the outcome is noted all the same."""

    class Away(EventLog):
        async def append(self, *_: object, **__: object) -> None:
            raise OSError

    endpoint = await outbox.add(product.url)
    product.status = 410
    await outbox.happen()
    async with outbox.worker() as loop:
        loop.events = Away(None)  # type: ignore[arg-type]
        await loop.turn()
        with pytest.raises(ServiceUnavailableError):
            await loop.finish()
    assert (await outbox.endpoint(endpoint.id)).disabled_at is None
    [row] = await outbox.rows()
    assert (row.last_status, row.due_at) == (410, outbox.clock.now + DELAYS[0])


async def test_a_slow_endpoint_holds_up_nobody(outbox: Outbox, product: Receiver) -> None:
    """It has a few requests under way, however much waits for it; the other gets all of its own."""
    async with receiver() as slow:
        slow.open.clear()
        await outbox.add(slow.url)
        await outbox.happen(*[EventType.SESSION_ENDED] * 30)
        async with outbox.worker() as loop:
            await loop.turn()

            async def held() -> bool:
                return slow.waiting == loop.at_once_each

            await wait_until(held)
            await outbox.add(product.url)
            await outbox.happen(*[EventType.SESSION_ENDED] * 20)

            async def others_done() -> bool:
                await loop.turn()
                return len(product.got) == 20

            await wait_until(others_done)
            assert len(slow.got) == loop.at_once_each
            slow.open.set()

            async def all_done() -> bool:
                await loop.turn()
                return len(slow.got) == 50

            await wait_until(all_done)


async def test_no_more_than_so_many_at_once(outbox: Outbox, product: Receiver) -> None:
    """However many endpoints there are."""
    product.open.clear()
    for _ in range(3):
        await outbox.add(product.url)
    await outbox.happen(*[EventType.SESSION_ENDED] * 5)
    async with outbox.worker(at_once=5, at_once_each=4) as loop:
        assert await loop.turn() == 5
        assert await loop.turn() == 0
        product.open.set()
        await loop.finish()
        assert await deliver_all(loop) == 10


async def test_a_failing_endpoint_is_asked_by_one_request(
    outbox: Outbox, product: Receiver
) -> None:
    """Until it answers well, what waits for it waits in line."""
    await outbox.add(product.url)
    product.status = 500
    await outbox.happen()
    await outbox.deliver()
    await outbox.happen(*[EventType.SESSION_ENDED] * 10)
    product.status = 200
    async with outbox.worker() as loop:
        assert await loop.turn() == 1
        await loop.finish()
        assert await loop.turn() == loop.at_once_each
        await loop.finish()


async def test_two_workers_share(outbox: Outbox, product: Receiver) -> None:
    """Each delivery is taken by one of them."""
    await outbox.add(product.url)
    await outbox.happen(*[EventType.SESSION_ENDED] * 60)
    async with outbox.worker() as one, outbox.worker() as other:
        await asyncio.gather(deliver_all(one), deliver_all(other))
    assert len(product.got) == len(set(product.ids())) == 60


async def test_a_worker_that_dies_gives_back(outbox: Outbox, product: Receiver) -> None:
    """What it had sent and not noted is sent again with the same id, when its lease is over."""
    await outbox.add(product.url)
    await outbox.happen()
    product.status = 500
    async with outbox.worker() as dead:
        await dead.turn()

        async def sent() -> bool:
            return bool(dead._outcomes)

        await wait_until(sent)
        product.status = 200
        outbox.clock.move(LEASE - MOMENT)
        assert await outbox.deliver() == 0
        outbox.clock.move(MOMENT)
        assert await outbox.deliver() == 1
        [row] = await outbox.rows()
        assert (row.last_status, row.tries) == (200, 2)
        await dead._settle()  # it was not dead, but slow: what it knows is of yesterday
        assert await outbox.rows() == [row]
    assert len(product.got) == 2
    assert len(set(product.ids())) == 1


async def test_no_answer_in_time(outbox: Outbox, product: Receiver) -> None:
    """A receiver that only listens costs a bounded time."""
    await outbox.add(product.url)
    product.open.clear()
    await outbox.happen()
    assert await outbox.deliver(seconds=0.3) == 1
    [row] = await outbox.rows()
    assert (row.last_status, row.last_error) == (None, "timeout")


async def test_an_endless_answer(outbox: Outbox, product: Receiver) -> None:
    """Its start is read, and its status counts."""
    await outbox.add(product.url)
    product.endless = True
    await outbox.happen()
    assert await outbox.deliver(seconds=PATIENCE) == 1
    [row] = await outbox.rows()
    assert (row.last_status, row.last_error, row.due_at) == (200, None, None)


async def test_another_secret_key(outbox: Outbox, product: Receiver) -> None:
    """What can't be opened is not sent unsigned; it waits for SECRET_KEY to be mended."""
    await outbox.add(product.url)
    await outbox.happen()
    stranger = WebhookDeliveries(outbox.database, at_rest(["x" * 40], token_bytes))
    async with outbox.worker() as loop:
        loop.deliveries = stranger
        await loop.turn()
    [row] = await outbox.rows()
    assert (row.last_error, product.got) == ("secret_unreadable", [])
    outbox.clock.move(DELAYS[0])
    assert await outbox.deliver() == 1


async def test_the_sweep(outbox: Outbox, product: Receiver) -> None:
    """What is over goes when it is old, in pieces; what is still tried stays."""
    await outbox.add(product.url)
    await outbox.happen(*[EventType.SESSION_ENDED] * 5)
    await outbox.deliver()
    product.status = 500
    await outbox.happen()
    await outbox.deliver()
    sweep = SweepDeliveries(outbox.deliveries, timedelta(days=7), outbox.clock)
    assert await sweep() == 0
    outbox.clock.move(timedelta(days=7, minutes=1))
    assert await outbox.deliveries.sweep(outbox.clock.now - timedelta(days=7), limit=2) == 2
    assert await sweep() == 3
    assert [row.last_status for row in await outbox.rows()] == [500]
    await outbox.sql("update webhook_endpoints set disabled_at = now()")
    assert await sweep() == 1


async def test_the_loop_goes_on(outbox: Outbox, product: Receiver) -> None:
    """By itself, over a store that was away for a moment, until it is told to stop."""
    await outbox.add(product.url)
    async with outbox.worker() as loop:
        running = asyncio.create_task(loop.run())
        await outbox.happen()

        async def taken() -> bool:
            return [row.delivered_at for row in await outbox.rows()] == [outbox.clock.now]

        await wait_until(taken)
        loop.stop()
        await asyncio.wait_for(running, PATIENCE)


async def test_no_circle_of_locks(outbox: Outbox, product: Receiver) -> None:
    """Whoever changes an endpoint has it first, then its deliveries; so has who notes a try."""
    mine = await outbox.add(product.url)
    await outbox.happen()
    async with outbox.worker() as loop:
        assert await loop.turn() == 1
        await asyncio.wait(loop._under_way)
        async with outbox.database.transaction() as operator:
            await operator.execute(
                text("select id from webhook_endpoints where id = :id for update"), {"id": mine.id}
            )
            noting = asyncio.create_task(loop._settle())
            await wait_until(partial(_waits_for_a_lock, outbox))
            rows = text(
                "select id from webhook_deliveries where endpoint_id = :id for update nowait"
            )
            assert (await operator.execute(rows, {"id": mine.id})).all()
        await noting
    [row] = await outbox.rows()
    assert row.delivered_at is not None


async def _waits_for_a_lock(outbox: Outbox) -> bool:
    return bool(await outbox.sql(WAITING))
