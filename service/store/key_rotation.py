"""How signing keys follow each other: one signs, one may wait, the others only verify.

Every change takes the same lock and reads the keys anew behind it, so that two who rotate at once
make one new key. docs/keys.md says it for operators.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.events import EventType
from service.contracts.tables import signing_keys
from service.domain.instants import to_datetime, to_ms
from service.domain.key_ring import LEAD, MARGIN, RingKey, tail
from service.domain.sessions import Origin
from service.domain.signing_key import SigningKey
from service.store.event_log import EventLog
from service.store.signing_keys import SigningKeyRecords

OF = signing_keys.c


class Rotated(NamedTuple):
    """The key that signs next, or already; `made`: by this rotation, not by one under way."""

    kid: str
    algorithm: str
    signs_from_ms: int
    made: bool


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """Makes keys, retires them and destroys their private halves. `access_ttl`: of their tokens."""

    records: SigningKeyRecords
    events: EventLog
    access_ttl: timedelta
    lead: timedelta = LEAD

    async def ensure(self, algorithm: str) -> None:
        """Have a key of this algorithm: it signs from now on, or soon, where others have signed."""
        if not _newest_is(await self.records.load(), algorithm):
            await self._rotate(
                algorithm, "started", unless=lambda keys, _: _newest_is(keys, algorithm)
            )

    async def by_age(self, algorithm: str, days: int) -> Rotated | None:
        """A new key when the newest is older than that, or of another algorithm; else None."""

        def young(keys: list[RingKey], now: datetime) -> bool:
            oldest_ms = to_ms(now - timedelta(days=days))
            return _newest_is(keys, algorithm) and keys[0].signs_from_ms > oldest_ms

        rotated = await self._rotate(algorithm, "age", unless=young)
        return rotated if rotated.made else None

    async def rotate(self, algorithm: str, *, at_once: bool = False) -> Rotated:
        """A new key, which signs after the lead, or at once. One that waits already is taken."""
        return await self._rotate(algorithm, "operator", at_once=at_once)

    async def replace_leaked(self, algorithm: str) -> Rotated:
        """A new key, which signs at once; no other is published from now on: their tokens die."""
        key = await asyncio.to_thread(SigningKey.generate, algorithm)
        async with self.records.database.transaction() as connection:
            now = await self.records.take_turns(connection)
            for old in await self.records.published(connection):
                retired = now if old.retired_ms is None else min(now, to_datetime(old.retired_ms))
                await self.records.set(
                    connection,
                    old.key.kid,
                    retired_at=retired,
                    published_until=now,
                    public_key=old.key.to_public_der(),
                )
                await self._destroy(connection, old.key.kid, old.key.algorithm, "leaked")
            await self.records.add(connection, key, now)
            await self._tell(EventType.KEY_ROTATED, key.kid, algorithm, "leaked")
        return Rotated(key.kid, algorithm, to_ms(now), made=True)

    async def destroy_due(self) -> int:
        """Destroy the private halves of keys that no process signs with any more; how many."""
        query = (
            select(signing_keys)
            .where(
                OF.private_key.is_not(None),
                OF.retired_at < func.clock_timestamp() - MARGIN,
            )
            .with_for_update(skip_locked=True)
        )
        async with self.records.database.transaction() as connection:
            rows = (await connection.execute(query)).all()
            for row in rows:
                if row.public_key is None:  # of an earlier release
                    public = self.records.read(row, sign=False).key.to_public_der()
                    await self.records.set(connection, row.kid, public_key=public)
                await self._destroy(connection, row.kid, row.algorithm, "replaced")
            return len(rows)

    async def _rotate(
        self,
        algorithm: str,
        reason: str,
        *,
        at_once: bool = False,
        unless: Callable[[list[RingKey], datetime], bool] = lambda _keys, _now: False,
    ) -> Rotated:
        # Made before anybody waits for the lock: an RSA key takes its time.
        key = await asyncio.to_thread(SigningKey.generate, algorithm)
        async with self.records.database.transaction() as connection:
            now = await self.records.take_turns(connection)
            keys = await self.records.published(connection)
            newest = keys[0] if keys else None
            if newest is not None and unless(keys, now):
                return _as_it_is(newest)
            waiting = newest is not None and newest.signs_from_ms > to_ms(now)
            if newest is not None and waiting and newest.key.algorithm == algorithm:
                if not at_once:
                    return _as_it_is(newest)
                await self.records.set(connection, newest.key.kid, signs_from=now)
                await self._replace(connection, keys[1:], now)
                return _as_it_is(newest)._replace(signs_from_ms=to_ms(now))
            signs_from = now if at_once or newest is None else now + self.lead
            await self._replace(connection, keys, signs_from)
            await self.records.add(connection, key, signs_from)
            if newest is not None:  # the first of all replaces none, and may come before Redis
                await self._tell(EventType.KEY_ROTATED, key.kid, algorithm, reason)
        return Rotated(key.kid, algorithm, to_ms(signs_from), made=True)

    async def _replace(
        self, connection: AsyncConnection, keys: list[RingKey], when: datetime
    ) -> None:
        """Let these sign no longer than until then, and be published until their tokens ended."""
        for old in keys:
            if old.retired_ms is not None and old.retired_ms <= to_ms(when):
                continue
            await self.records.set(
                connection,
                old.key.kid,
                retired_at=when,
                published_until=when + tail(self.access_ttl),
                public_key=old.key.to_public_der(),
            )

    async def _destroy(
        self, connection: AsyncConnection, kid: str, algorithm: str, reason: str
    ) -> None:
        statement = (
            update(signing_keys)
            .where(OF.kid == kid, OF.private_key.is_not(None))
            .values(private_key=None)
        )
        if (await connection.execute(statement)).rowcount:
            await self._tell(EventType.KEY_RETIRED, kid, algorithm, reason)

    async def _tell(self, event: EventType, kid: str, algorithm: str, reason: str) -> None:
        """Before the commit: what is not told does not happen."""
        await self.events.append(
            event,
            Origin(request_id=f"key-{kid}"),
            reason=reason,
            data={"kid": kid, "algorithm": algorithm},
        )


def _newest_is(keys: list[RingKey], algorithm: str) -> bool:
    return bool(keys) and keys[0].key.algorithm == algorithm


def _as_it_is(newest: RingKey) -> Rotated:
    return Rotated(newest.key.kid, newest.key.algorithm, newest.signs_from_ms, made=False)
