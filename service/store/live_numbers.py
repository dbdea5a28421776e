"""What goes on right now: counted from the facts by a worker, put into Redis for whoever asks.

Approximate by nature: as old as `as_of`, and of events that are stored by then.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from service.contracts import keys
from service.contracts.analytics_tables import NO_STEP_UP
from service.domain.errors import ServiceUnavailableError
from service.domain.instants import to_ms, to_rfc3339
from service.store.database import Database

MINUTES = 30
LIFETIME = timedelta(minutes=1)
"""Longer than a worker takes to count again; nobody is shown numbers that are older."""

_DEFAULT = """
    join analytics.dim_device as device on device.device_key = t.device_key
    where not t.is_test and not device.is_bot
"""
_SIGNED_IN = text(f"""
    select count(distinct t.user_key) as users, count(*) as sessions
    from analytics.fct_sessions as t {_DEFAULT}
      and t.ended_at is null and t.started_at <= :now and t.expires_at > :now
""")  # noqa: S608 - our own text
_PER_MINUTE = text(f"""
    select minute, count(*) filter (where name = 'login.succeeded') as logins,
           count(*) filter (where name in ('login.failed', 'mfa.failed')) as failures
    from generate_series(date_trunc('minute', cast(:now as timestamptz)) - cast(:back as interval),
                         date_trunc('minute', cast(:now as timestamptz)), '1 minute') as minute
    left join (
        select date_trunc('minute', t.occurred_at) as minute, t.event_name as name
        from analytics.fct_auth_events as t {_DEFAULT}
          and t.event_name in ('login.succeeded', 'login.failed', 'mfa.failed')
          and t.{NO_STEP_UP} and t.subject_key is not null and t.occurred_at <= :now
          and t.occurred_at >= date_trunc('minute', cast(:now as timestamptz)) - cast(:back as interval)
    ) as step using (minute)
    group by 1 order by 1
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class TellLiveNumbers:
    """Count them, and put them into Redis. One key, so that a cluster takes it too."""

    database: Database
    redis: Redis

    async def __call__(self, now: datetime) -> None:
        async with self.database.transaction() as connection:
            signed_in = (await connection.execute(_SIGNED_IN, {"now": now})).one()
            back = timedelta(minutes=MINUTES - 1)
            minutes = await connection.execute(_PER_MINUTE, {"now": now, "back": back})
            numbers = {
                "as_of": _text(now),
                "signed_in": {"users": signed_in.users, "sessions": signed_in.sessions},
                "per_minute": [
                    {"minute": _text(row.minute), "logins": row.logins, "failures": row.failures}
                    for row in minutes
                ],
                "approx": True,
            }
        told = json.dumps(numbers, separators=(",", ":"))
        await self.redis.set(keys.LIVE_NUMBERS, told, px=LIFETIME // timedelta(milliseconds=1))


@dataclass(frozen=True, slots=True)
class LiveNumbers:
    """Reads what a worker told last, in one round trip."""

    redis: Redis

    async def get(self) -> dict[str, Any]:
        """Raises ServiceUnavailableError: Redis is away, or no worker told anything for a minute."""
        try:
            told = await self.redis.get(keys.LIVE_NUMBERS)
        except (RedisError, OSError) as error:
            raise ServiceUnavailableError from error
        if told is None:
            raise ServiceUnavailableError
        found: dict[str, Any] = json.loads(told)
        return found


def _text(at: datetime) -> str:
    return to_rfc3339(to_ms(at))
