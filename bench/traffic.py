"""Facts of made-up traffic by the million, set-based: shapes that are plausible, not a truth.

`inphora-auth analytics simulate` makes traffic whose truth is known; this makes much of it at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

COUNTRIES = (
    "KE",
    "UG",
    "TZ",
    "RW",
    "DE",
    "US",
    "IN",
    "GB",
    "FR",
    "NG",
    "ZA",
    "GH",
    "BR",
    "AU",
    "CA",
)
BROWSERS = ("Chrome", "Firefox", "Safari", "Edge", "Opera", "Samsung Internet", "UC Browser", "app")
SYSTEMS = (
    ("Android", "mobile"),
    ("Windows", "desktop"),
    ("iOS", "mobile"),
    ("macOS", "desktop"),
    ("iPadOS", "tablet"),
)
CLIENTS = ("inphora", "inphora-mobile", "partners")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made. About ten events a session; the last day ends at `end`."""

    sessions: int
    people: int
    days: int
    end: datetime

    @property
    def first_day(self) -> date:
        """UTC."""
        return (self.end - timedelta(days=self.days)).date()


_PEOPLE = """
    create unlogged table analytics.bench_person as
    select n, md5('person ' || n)::uuid as user_key,
           1 + least(floor(15 * power(random(), 2.5)), 14)::int as geo_key,
           1 + floor(39 * power(random(), 2))::int as device_key,
           1 + floor(39 * power(random(), 2))::int as second_device_key,
           1 + (random() > 0.55)::int + (random() > 0.9)::int as client_key,
           random() < 0.3 as enrolled, random() < 0.005 as is_test,
           floor(%(days)s * power(random(), 3) - 0.3 * %(days)s) as since_day
    from generate_series(1, %(people)s) as n
"""
_DAY_OF_SESSIONS = """
    create temporary table day_session on commit drop as
    with drawn as (
        select n, 1 + floor(%(people)s * power(random(), 1.7))::int as person,
               $1::date::timestamptz + interval '1 day' * power(random(), 0.8) as started_at,
               least(floor(-ln(1 - random()) * 7.7), 120)::int as refreshes,
               random() as fate, random() as device_dice, random() as gap
        from generate_series(1, $2::int) as n
    ), lived as (
        select d.*, p.user_key, p.geo_key, p.client_key, p.is_test,
               case when d.device_dice < 0.02 then 40 when d.device_dice < 0.8 then p.device_key
                    else p.second_device_key end as device_key,
               p.enrolled and d.device_dice > 0.3 as mfa,
               started_at + interval '1 minute' * (d.refreshes * (8 + 12 * gap)) as last_active_at
        from drawn as d join analytics.bench_person as p on p.n = d.person
    )
    select 's' || to_char($1::date, 'YYMMDD') || '-' || n as session_id, user_key, geo_key,
           client_key, device_key, is_test, mfa, refreshes, started_at, last_active_at, fate,
           case when fate < 0.35 then last_active_at + interval '3 minutes' * gap
                when fate < 0.90 then last_active_at + interval '24 hours'
                when fate < 0.92 then started_at + interval '30 days'
                else last_active_at + interval '1 hour' * gap end as ends_at,
           case when fate < 0.35 then 'logout' when fate < 0.90 then 'idle_timeout'
                when fate < 0.92 then 'absolute_timeout' when fate < 0.95 then 'revoked_user'
                when fate < 0.96 then 'revoked_admin' when fate < 0.963 then 'token_reuse'
                when fate < 0.98 then 'password_change' else 'evicted' end as end_reason
    from lived where started_at < $3::timestamptz
"""
_SESSIONS = """
    insert into analytics.fct_sessions
        (session_id, user_key, client_key, device_key, geo_key, started_at, last_active_at,
         ended_at, end_reason, expires_at, auth_method, mfa_used, refresh_count,
         refresh_background_count, reuse_detected, is_test)
    select session_id, user_key, client_key, device_key, geo_key, started_at,
           least(last_active_at, $1), case when ends_at < $1 then ends_at end,
           case when ends_at < $1 then end_reason end, started_at + interval '30 days',
           case when mfa then 'pwd otp' else 'pwd' end, mfa, refreshes, refreshes / 3,
           ends_at < $1 and end_reason = 'token_reuse', is_test
    from day_session
"""
_EVENTS = """
    insert into analytics.fct_auth_events
        (event_id, event_name, occurred_at, received_at, user_key, subject_key, session_id,
         client_key, device_key, geo_key, outcome, reason_code, auth_method, is_foreground,
         is_test, schema_version)
    with told as (
        select s.*, 'login.succeeded' as name, started_at as at, 'success' as outcome,
               null as reason, case when mfa then 'pwd otp' else 'pwd' end as method,
               null::bool as foreground from day_session as s
        union all
        select s.*, 'login.failed', started_at - interval '20 seconds', 'failure',
               case when fate < 0.33 then 'wrong_password' else 'locked' end, null, null
        from day_session as s where fate between 0.2 and 0.35
        union all
        select s.*, step, started_at - gap, 'success', null, null, null from day_session as s,
               (values ('mfa.challenged', interval '9 seconds'),
                       ('mfa.succeeded', interval '1 second')) as t (step, gap) where mfa
        union all
        select s.*, case when n % 12 = 11 then 'session.used' else 'token.refreshed' end,
               started_at + (last_active_at - started_at) * n / refreshes, 'success', null, null,
               case when n % 12 <> 11 then n % 3 <> 0 end
        from day_session as s, generate_series(1, refreshes) as n
        union all
        select s.*, 'token.replayed', started_at + (last_active_at - started_at) / 2, 'neutral',
               case when fate < 0.51 then 'concurrent' else 'lost_response' end, null, null
        from day_session as s where fate between 0.5 and 0.52
        union all
        select s.*, case when end_reason = 'token_reuse' then 'token.reuse_detected'
                         when end_reason like '%timeout' then 'session.expired'
                         else 'session.ended' end, ends_at, 'neutral', end_reason, null, null
        from day_session as s where end_reason <> 'password_change' or fate > 0.97
    )
    select '00-' || to_char($2::date, 'YYMMDD') || '-' || row_number() over (order by at), name, at,
           at + case when random() < 0.005 then interval '3 hours' * random()
                     else interval '1 second' end,
           user_key, user_key, session_id, client_key, device_key, geo_key, outcome, reason,
           method, foreground, is_test, 1
    from told where at < $1 order by at
"""
_USERS = """
    insert into analytics.dim_user (user_key, first_seen_at, mfa_enrolled_at, is_test)
    select p.user_key, s.first, case when p.enrolled then s.first + interval '5 days' end, p.is_test
    from analytics.bench_person as p
    join (select user_key, min(started_at) as first from analytics.fct_sessions group by 1) as s
        using (user_key)
"""


async def make_traffic(sql: Any, size: Size, done: Callable[[date], None]) -> int:
    """Fill the facts of an empty database, a day at a time; returns how many events there are."""
    values = {"people": size.people, "days": size.days}
    await sql.execute("select setseed(0.5)")
    await sql.execute(
        "insert into analytics.dim_geo (geo_key, country) overriding system value "
        "select n, country from unnest($1::text[]) with ordinality as t (country, n)",
        list(COUNTRIES),
    )
    await sql.executemany(
        "insert into analytics.dim_client (client_key, client) overriding system value "
        "values ($1, $2)",
        list(enumerate(CLIENTS, 1)),
    )
    devices = [(browser, os, kind) for browser in BROWSERS for os, kind in SYSTEMS][:39]
    await sql.executemany(
        "insert into analytics.dim_device (device_key, browser, os, class, is_bot) "
        "overriding system value values ($1, $2, $3, $4, $5)",
        [
            *((n, *device, False) for n, device in enumerate(devices, 1)),
            (40, "curl", "", "bot", True),
        ],
    )
    await sql.execute(_PEOPLE % values)
    for number in range(size.days + 1):
        day = size.first_day + timedelta(days=number)
        async with sql.transaction():
            share = size.sessions // size.days
            await sql.execute(_DAY_OF_SESSIONS % values, day, share, size.end)
            await sql.execute(_SESSIONS, size.end)
            await sql.execute(_EVENTS, size.end, day)
        done(day)
    await sql.execute(_USERS)
    await sql.execute("drop table analytics.bench_person")
    await sql.execute("vacuum (analyze)")
    return int(await sql.fetchval("select count(*) from analytics.fct_auth_events"))
