"""The outbox as those see it who send: what is due, what came of it, what is sent again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select, text, update

from service.contracts.tables import webhook_deliveries, webhook_endpoints
from service.contracts.webhooks import TEST_TYPE
from service.domain.secrets import SealBrokenError, Sealer
from service.store.database import Database
from service.store.webhook_endpoints import place
from service.store.webhook_outbox import to_body

PAGE = 1000
_OF = webhook_deliveries.c
_ENDPOINT = webhook_endpoints.c

# What is taken becomes due again when its lease ends: nobody has to find out that a worker died. A
# failing endpoint is asked by one request at a time; a busy one leaves room for the others.
_CLAIM = text("""
    with due as (
        select mine.id
        from webhook_endpoints e
        left join unnest(cast(:endpoints as text[]), cast(:counts as int[])) as busy (id, n)
            on busy.id = e.id
        cross join lateral (
            select d.id, d.due_at
            from webhook_deliveries d
            where d.endpoint_id = e.id and d.due_at <= :now
            order by d.due_at, d.id
            limit greatest(0, case when e.failing_since is null then :each else 1 end
                              - coalesce(busy.n, 0))
            for update skip locked
        ) mine
        where e.disabled_at is null and coalesce(e.paused_until <= :now, true)
        order by mine.due_at, mine.id
        limit :room
    )
    update webhook_deliveries d
    set due_at = :until, tries = d.tries + 1
    from due, webhook_endpoints e
    where d.id = due.id and e.id = d.endpoint_id
    returning d.id, d.endpoint_id, d.event_id, d.type, d.body, d.tries, e.url, e.secret,
              case when e.previous_until > :now then e.previous_secret end as previous_secret
""")

_SETTLE = text("""
    update webhook_deliveries d
    set due_at = told.due_at, last_status = told.status, last_error = told.error,
        last_try_at = :now,
        delivered_at = case when told.ok then cast(:now as timestamptz) end,
        failed_at = case when not told.ok and told.due_at is null
                         then cast(:now as timestamptz) end
    from unnest(cast(:ids as bigint[]), cast(:untils as timestamptz[]), cast(:oks as boolean[]),
                cast(:dues as timestamptz[]), cast(:statuses as int[]), cast(:errors as text[]))
         as told (id, until, ok, due_at, status, error)
    where d.id = told.id and d.due_at = told.until
""")

# In the order of ids, for two workers may have news of the same endpoints; and before their
# deliveries, as whoever enables or removes one does.
_LOCK = text("""
    select id from webhook_endpoints where id = any(cast(:ids as text[])) order by id
    for no key update
""")
_NOTE_FAILING = text("""
    update webhook_endpoints e
    set failing_since = coalesce(e.failing_since, :now),
        paused_until = greatest(e.paused_until, told.until)
    from unnest(cast(:ids as text[]), cast(:pauses as timestamptz[])) as told (id, until)
    where e.id = told.id
    returning e.id, e.failing_since
""")
_NOTE_WELL = text("""
    update webhook_endpoints set failing_since = null, paused_until = null
    where id = any(cast(:ids as text[])) and failing_since is not null
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try that this worker has to make, until its lease ends. `secrets` has one or two.

    It is empty when SECRET_KEY does not open them.
    """

    id: int
    endpoint_id: str
    event_id: str
    type: str
    body: bytes = field(repr=False)
    tries: int
    until: datetime
    url: str = field(repr=False)
    secrets: Sequence[bytes] = field(repr=False)


class Outcome(NamedTuple):
    """What came of a try; `due_at` is when to try again, None when there is nothing left to do."""

    delivery: Delivery
    ok: bool
    due_at: datetime | None
    status: int | None
    error: str | None
    paused_until: datetime | None = None


class Shown(NamedTuple):
    """A delivery as operators see it."""

    id: int
    endpoint_id: str
    event_id: str
    type: str
    created_at: datetime
    due_at: datetime | None
    tries: int
    delivered_at: datetime | None
    failed_at: datetime | None
    last_try_at: datetime | None
    last_status: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class WebhookDeliveries:
    """The table of that name. Time comes in, so that all of its instants are of one clock."""

    database: Database
    sealer: Sealer

    async def claim(
        self, now: datetime, *, lease: timedelta, room: int, each: int, busy: Mapping[str, int]
    ) -> list[Delivery]:
        """Up to `room` that are due, the oldest first: no other worker has them for `lease`.

        At most `each` of an endpoint are under way; `busy` says how many are so already.
        """
        until = now + lease
        values = {"now": now, "until": until, "room": room, "each": each}
        given = {**values, "endpoints": list(busy), "counts": list(busy.values())}
        async with self.database.transaction() as connection:
            rows = (await connection.execute(_CLAIM, given)).all()
        return [
            Delivery(
                id=row.id,
                endpoint_id=row.endpoint_id,
                event_id=row.event_id,
                type=row.type,
                body=row.body.encode(),
                tries=row.tries,
                until=until,
                url=row.url,
                secrets=self._open(row.endpoint_id, row.secret, row.previous_secret),
            )
            for row in rows
        ]

    def _open(self, endpoint_id: str, *sealed: bytes | None) -> list[bytes]:
        try:
            return [self.sealer.open(one, context=place(endpoint_id)) for one in sealed if one]
        except SealBrokenError:
            return []

    async def settle(self, outcomes: Sequence[Outcome], now: datetime) -> dict[str, datetime]:
        """Note what came of tries; since when each endpoint fails of those that failed now.

        A try whose lease had ended changes nothing of its delivery: another worker has it.
        """
        well = {each.delivery.endpoint_id for each in outcomes if each.ok}
        failing: dict[str, datetime | None] = {}
        for each in outcomes:
            if each.delivery.endpoint_id not in well:
                pauses = [failing.get(each.delivery.endpoint_id), each.paused_until]
                failing[each.delivery.endpoint_id] = max(filter(None, pauses), default=None)
        async with self.database.transaction() as connection:
            await connection.execute(_LOCK, {"ids": sorted({*well, *failing})})
            await connection.execute(_SETTLE, _columns(outcomes, now))
            await connection.execute(_NOTE_WELL, {"ids": sorted(well)})
            given = {"now": now, "ids": list(failing), "pauses": list(failing.values())}
            rows = await connection.execute(_NOTE_FAILING, given)
            return {row.id: row.failing_since for row in rows}

    async def add_test(self, endpoint_id: str, event_id: str, now: datetime, at_ms: int) -> int:
        """An event that says nothing, to one endpoint. Raises IntegrityError without that."""
        values = {
            "endpoint_id": endpoint_id,
            "event_id": event_id,
            "type": TEST_TYPE,
            "body": to_body(TEST_TYPE, at_ms, {}),
            "created_at": now,
            "due_at": now,
        }
        statement = insert(webhook_deliveries).values(values).returning(_OF.id)
        async with self.database.transaction() as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def find(self, delivery_id: int) -> Shown | None:
        """One of them."""
        found = await self._page(_OF.id == delivery_id, limit=1)
        return found[0] if found else None

    async def newest(
        self, *, endpoint_id: str | None, failed: bool, waiting: bool, limit: int
    ) -> list[Shown]:
        """The newest first; `failed` and `waiting` leave out all others."""
        which: list[ColumnElement[bool]] = []
        if endpoint_id is not None:
            which.append(_OF.endpoint_id == endpoint_id)
        states = [_OF.failed_at.is_not(None)] * failed + [_OF.due_at.is_not(None)] * waiting
        if states:
            which.append(or_(*states))
        return await self._page(*which, limit=limit)

    async def replay(
        self,
        now: datetime,
        announce: Any,
        *,
        ids: Collection[int] = (),
        endpoint_id: str | None = None,
        since: datetime | None = None,
        failed: bool = False,
    ) -> int:
        """Send again what is not waiting anyway, with the same id; how many those are."""
        statement = update(webhook_deliveries).where(_OF.due_at.is_(None))
        if ids:
            statement = statement.where(_OF.id == func.any(bindparam("ids", list(ids))))
        if endpoint_id is not None:
            statement = statement.where(_OF.endpoint_id == endpoint_id)
        if since is not None:
            statement = statement.where(_OF.created_at >= since)
        if failed:
            statement = statement.where(_OF.failed_at.is_not(None))
        again = statement.values(due_at=now, tries=0, delivered_at=None, failed_at=None)
        async with self.database.transaction() as connection:
            count = (await connection.execute(again)).rowcount
            if count:
                await announce(count)
        return count

    async def sweep(self, before: datetime, *, limit: int = PAGE) -> int:
        """Drop up to `limit` that are older and over, or wait for a disabled endpoint."""
        over = or_(
            _OF.due_at.is_(None),
            _OF.endpoint_id.in_(select(_ENDPOINT.id).where(_ENDPOINT.disabled_at.is_not(None))),
        )
        old = (
            select(_OF.id)
            .where(_OF.created_at < before, over)
            .order_by(_OF.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = delete(webhook_deliveries).where(_OF.id.in_(old.scalar_subquery()))
        async with self.database.transaction() as connection:
            return (await connection.execute(statement)).rowcount

    async def _page(self, *which: ColumnElement[bool], limit: int) -> list[Shown]:
        query = select(*(_OF[name] for name in Shown._fields)).where(*which)
        async with self.database.transaction() as connection:
            rows = await connection.execute(query.order_by(_OF.id.desc()).limit(limit))
            return [Shown._make(row) for row in rows]


def _columns(outcomes: Sequence[Outcome], now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "ids": [each.delivery.id for each in outcomes],
        "untils": [each.delivery.until for each in outcomes],
        "oks": [each.ok for each in outcomes],
        "dues": [each.due_at for each in outcomes],
        "statuses": [each.status for each in outcomes],
        "errors": [each.error for each in outcomes],
    }
