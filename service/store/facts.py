"""Facts for analysts, written in the transaction that stores the audit's rows: exactly once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Table, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.analytics_tables import (
    SCHEMA,
    dim_client,
    dim_device,
    dim_geo,
    pseudonym_key,
)
from service.contracts.events import Event, EventType
from service.domain.secrets import Sealer
from service.domain.user_agents import Device, read_device
from service.store.database import Database, copy_rows
from service.store.event_facts import (
    EventFact,
    Keys,
    Pseudonyms,
    counts,
    is_activity,
    read_event,
    session_facts,
)
from service.store.session_places import place, place_earlier

KEY_BYTES = 32
COLUMNS = EventFact._fields

_ADD_SESSIONS = text(f"""
    insert into {SCHEMA}.fct_sessions as was
        (session_id, user_key, client_key, device_key, geo_key, started_at, last_active_at,
         ended_at, end_reason, expires_at, auth_method, mfa_used, refresh_count,
         refresh_background_count, reuse_detected, is_test)
    select session_id, user_key, client_key, device_key, geo_key, started_at, last_active_at,
           ended_at, end_reason, started_at + cast(:max_ttl as interval), auth_method,
           coalesce(auth_method like '% %', false), refreshes, background, reuse, is_test
    from unnest(cast(:session_id as text[]), cast(:user_key as uuid[]), cast(:client_key as int[]),
                cast(:device_key as int[]), cast(:geo_key as int[]),
                cast(:started_at as timestamptz[]), cast(:last_active_at as timestamptz[]),
                cast(:ended_at as timestamptz[]), cast(:end_reason as text[]),
                cast(:auth_method as text[]), cast(:refreshes as int[]),
                cast(:background as int[]), cast(:reuse as bool[]), cast(:is_test as bool[]))
         as told (session_id, user_key, client_key, device_key, geo_key, started_at,
                  last_active_at, ended_at, end_reason, auth_method, refreshes, background, reuse,
                  is_test)
    on conflict (session_id) do update set
        user_key = coalesce(was.user_key, excluded.user_key),
        client_key = greatest(was.client_key, excluded.client_key),
        device_key = greatest(was.device_key, excluded.device_key),
        geo_key = greatest(was.geo_key, excluded.geo_key),
        started_at = least(was.started_at, excluded.started_at),
        expires_at = least(was.expires_at, excluded.expires_at),
        last_active_at = greatest(was.last_active_at, excluded.last_active_at),
        ended_at = least(was.ended_at, excluded.ended_at),
        end_reason = case
            when was.ended_at is null or excluded.ended_at < was.ended_at then excluded.end_reason
            when excluded.ended_at = was.ended_at then least(was.end_reason, excluded.end_reason)
            else was.end_reason end,
        auth_method = coalesce(was.auth_method, excluded.auth_method),
        mfa_used = was.mfa_used or excluded.mfa_used,
        refresh_count = was.refresh_count + excluded.refresh_count,
        refresh_background_count =
            was.refresh_background_count + excluded.refresh_background_count,
        reuse_detected = was.reuse_detected or excluded.reuse_detected,
        is_test = was.is_test or excluded.is_test
""")  # noqa: S608 - our own schema's name
_ADD_USERS = text(f"""
    insert into {SCHEMA}.dim_user as was (user_key, first_seen_at, mfa_enrolled_at, is_test)
    select * from unnest(cast(:user_keys as uuid[]), cast(:seen as timestamptz[]),
                         cast(:enrolled as timestamptz[]), cast(:is_test as bool[]))
    on conflict (user_key) do update set
        first_seen_at = least(was.first_seen_at, excluded.first_seen_at),
        mfa_enrolled_at = least(was.mfa_enrolled_at, excluded.mfa_enrolled_at),
        is_test = was.is_test or excluded.is_test
    where excluded.first_seen_at < was.first_seen_at or was.first_seen_at is null
       or excluded.mfa_enrolled_at < coalesce(was.mfa_enrolled_at, 'infinity')
       or excluded.is_test > was.is_test
""")  # noqa: S608


class Fact(NamedTuple):
    """An event that analysts see, and its row."""

    event: Event
    row: EventFact


@dataclass(slots=True)
class Facts:
    """The schema `analytics`, seen by whoever stores events.

    `country_of` is the country of an address, or an empty text. `test_domains` are of e-mail
    addresses whose people are not counted.
    """

    database: Database
    sealer: Sealer
    randomness: Callable[[int], bytes]
    client: str
    max_ttl: timedelta
    country_of: Callable[[str], str] = field(default=lambda _: "")
    test_domains: Sequence[str] = ()
    _who: Pseudonyms | None = None
    _client_key: int = 0
    _devices: dict[Device, int] = field(default_factory=dict)
    _countries: dict[str, int] = field(default_factory=dict)

    async def prepare(
        self, partition: int, events: Sequence[tuple[str, Event]], received_at: datetime
    ) -> list[Fact | None]:
        """What each event will be for analysts, None for what they do not see.

        Keys of dimensions that it makes are committed, in transactions of their own.
        """
        who = self._who or await self._open()
        seen = [event for _, event in events if counts(event)]
        devices = {read_device(event.user_agent) for event in seen if event.user_agent}
        countries = {self.country_of(event.ip) for event in seen if event.ip} - {""}
        await self._load(devices, countries)
        tests = await self._tests_among({event.user_id for event in seen} - {""})
        return [
            Fact(event, self._row(f"{partition:02d}-{stream_id}", event, received_at, who, tests))
            if counts(event)
            else None
            for stream_id, event in events
        ]

    async def add(self, connection: AsyncConnection, prepared: Sequence[Fact | None]) -> None:
        """Write them. Facts come once each; their order changes nothing."""
        facts = [fact for fact in prepared if fact is not None]
        if not facts:
            return
        rows = await place(connection, [fact.row for fact in facts])
        await copy_rows(connection, "fct_auth_events", COLUMNS, rows, schema=SCHEMA)
        await self._add_sessions(connection, facts)
        await place_earlier(connection, rows)
        await _add_users(connection, facts)

    async def _add_sessions(self, connection: AsyncConnection, facts: Sequence[Fact]) -> None:
        sessions = sorted(session_facts(facts).items())
        if not sessions:
            return
        told = [session for _, session in sessions]
        await connection.execute(
            _ADD_SESSIONS,
            {
                "max_ttl": self.max_ttl,
                "session_id": [session_id for session_id, _ in sessions],
                "user_key": [each.user_key for each in told],
                "client_key": [each.keys.client for each in told],
                "device_key": [each.keys.device for each in told],
                "geo_key": [each.keys.geo for each in told],
                "started_at": [each.started_at for each in told],
                "last_active_at": [each.last_active_at for each in told],
                "ended_at": [each.ended_at for each in told],
                "end_reason": [each.end_reason for each in told],
                "auth_method": [each.auth_method for each in told],
                "refreshes": [each.refreshes for each in told],
                "background": [each.background_refreshes for each in told],
                "reuse": [each.reuse_detected for each in told],
                "is_test": [each.is_test for each in told],
            },
        )

    def _row(
        self,
        event_id: str,
        event: Event,
        received_at: datetime,
        who: Pseudonyms,
        tests: set[str],
    ) -> EventFact:
        country = self.country_of(event.ip) if event.ip else ""
        keys = Keys(
            self._client_key,
            self._devices[read_device(event.user_agent)] if event.user_agent else 0,
            self._countries.get(country, 0),
        )
        test = event.user_id in tests
        return read_event(event_id, event, received_at, who, keys, test=test)

    async def _open(self) -> Pseudonyms:
        """The pseudonyms' key, made by the first worker that asks."""
        sealed = self.sealer.seal(self.randomness(KEY_BYTES), context="analytics/pseudonyms")
        async with self.database.transaction() as connection:
            await connection.execute(
                upsert(pseudonym_key).values(sealed_key=sealed).on_conflict_do_nothing()
            )
            kept = await connection.scalar(select(pseudonym_key.c.sealed_key))
            self._client_key = await _key_of(connection, dim_client, {"client": self.client})
        self._who = Pseudonyms(self.sealer.open(kept or b"", context="analytics/pseudonyms"))
        return self._who

    async def _load(self, devices: set[Device], countries: set[str]) -> None:
        new_devices = sorted(devices - self._devices.keys())
        new_countries = sorted(countries - self._countries.keys())
        if not (new_devices or new_countries):
            return
        async with self.database.transaction() as connection:
            for device in new_devices:
                values = {"browser": device.browser, "os": device.os, "class": device.kind}
                key = await _key_of(connection, dim_device, values, is_bot=device.is_bot)
                self._devices[device] = key
            for country in new_countries:
                self._countries[country] = await _key_of(connection, dim_geo, {"country": country})

    async def _tests_among(self, people: set[str]) -> set[str]:
        """Those whose addresses are of `test_domains`."""
        if not (self.test_domains and people):
            return set()
        domains = [domain.lower() for domain in self.test_domains]
        async with self.database.transaction() as connection:
            asked = {"people": sorted(people), "domains": domains}
            return set(await connection.scalars(_TESTS, asked))


_TESTS = text("""
    select cast(id as text) from users
    where id = any(cast(:people as uuid[])) and split_part(email_key, '@', 2) = any(:domains)
""")


async def _key_of(
    connection: AsyncConnection, dimension: Table, values: Mapping[str, Any], **more: Any
) -> int:
    """The key of a dimension's row, which is made when it is not there."""
    await connection.execute(upsert(dimension).values(**values, **more).on_conflict_do_nothing())
    key = next(iter(dimension.primary_key.columns))
    query = select(key).filter_by(**values)
    return int(await connection.scalar(query) or 0)


async def _add_users(connection: AsyncConnection, facts: Sequence[Fact]) -> None:
    seen: dict[str, datetime] = {}
    enrolled: dict[str, datetime] = {}
    tests: dict[str, bool] = {}
    for event, row in facts:
        if row.user_key is None:
            continue
        if is_activity(event):
            seen[row.user_key] = min(seen.get(row.user_key, row.occurred_at), row.occurred_at)
        elif event.type is EventType.MFA_ENABLED:
            enrolled[row.user_key] = min(
                enrolled.get(row.user_key, row.occurred_at), row.occurred_at
            )
        tests[row.user_key] = row.is_test
    people = sorted(seen.keys() | enrolled.keys())
    if people:
        await connection.execute(
            _ADD_USERS,
            {
                "user_keys": people,
                "seen": [seen.get(each) for each in people],
                "enrolled": [enrolled.get(each) for each in people],
                "is_test": [tests[each] for each in people],
            },
        )
