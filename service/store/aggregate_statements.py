"""The SQL that fills the aggregates."""

from sqlalchemy import text

from service.contracts.analytics_tables import ACTIVITY, EDGE, NO_STEP_UP, SIGN_IN
from service.metrics.sources import PLACE
from service.metrics.statements import DIMENSIONS, OTHER

LOCK_NUMBER = 7_262_001
FLOW_GAP = "interval '30 minutes'"
STEPS = f"from analytics.fct_auth_events where ({SIGN_IN}) and {NO_STEP_UP}"
OF_STEP = f"{SIGN_IN.replace('subject_key', 't.subject_key')} and t.{NO_STEP_UP}"
DEFAULT = "not t.is_test and not device.is_bot"
DEVICE = DIMENSIONS["device"]
LONGEST = 28
"""Days that a metric looks back."""

TRY_LOCK = text(f"select pg_try_advisory_xact_lock({LOCK_NUMBER})")
LOCK = text(f"select pg_advisory_xact_lock({LOCK_NUMBER})")
REFRESHED_AT = text("select refreshed_at from analytics.meta_watermark")
WATERMARK = text("select refreshed_at, closed_through from analytics.meta_watermark")
FIRST_EVENT = text("select min(occurred_at) from analytics.fct_auth_events")
SPAN = text("""
    select least(min(occurred_at), (select min(started_at) from analytics.fct_sessions)) as first,
           greatest(max(occurred_at), (select max(ended_at) from analytics.fct_sessions)) as last
    from analytics.fct_auth_events
""")
NEWS = text("""
    select min(occurred_at) as first, max(occurred_at) as last,
           min(occurred_at) filter (where event_name = 'mfa.enabled') as enrolled
    from analytics.fct_auth_events where received_at >= :mark
""")

_QUARTER = "date_bin(interval '15 minutes', %s, timestamptz 'epoch')"
BUCKETS_OF_NEW = text(f"""
    with told as materialized (
        select occurred_at, session_id from analytics.fct_auth_events where received_at >= :mark
    ), touched as (
        select distinct session_id from told where session_id is not null
    )
    select distinct {_QUARTER % "at"} from (
        select occurred_at as at from told
        union all select unnest(array[started_at, ended_at])
        from touched join analytics.fct_sessions using (session_id)
        union all select occurred_at
        from touched join analytics.fct_auth_events using (session_id) where {EDGE}
    ) as moved where at is not null
""")  # noqa: S608
"""Of what happened, and of sessions it happened to: where they begin and end, or were told to."""
EVERY_BUCKET = text(f"""
    select distinct {_QUARTER % "at"} from (
        select occurred_at as at from analytics.fct_auth_events
        union all select started_at from analytics.fct_sessions
        union all select ended_at from analytics.fct_sessions
    ) as moved where at >= :since and at < :until
""")  # noqa: S608
FORGET_COUNTS = text("""
    delete from analytics.agg_counts_15m where cube = :cube
      and part_by = any(cast(:parts as text[])) and bucket = any(cast(:buckets as timestamptz[]))
""")
FORGET_EVERY_COUNT = text(
    "delete from analytics.agg_counts_15m where bucket >= :since and bucket < :until"
)

_TOUCHED = f"""
    create temporary table touched on commit drop as
    select subject_key, coalesce((
        select max(flow.started_at) from analytics.agg_flow as flow
        where flow.subject_key = step.subject_key and flow.started_at <= step.at
          and flow.last_at > step.at - {FLOW_GAP}), step.at) as at
    from (select subject_key, min(occurred_at) as at {STEPS} and %s group by 1) as step
"""  # noqa: S608
FLOWS_OF_NEW = text(_TOUCHED % "received_at >= :mark")
FLOWS_OF_RANGE = text(_TOUCHED % "occurred_at >= :since and occurred_at < :until")
"""Whose flows change, and from when on: what comes later may have to join what came before."""
DROP_TOUCHED = text("drop table touched")
FORGET_FLOWS = text(
    "delete from analytics.agg_flow where started_at >= :since and started_at < :until"
)
FORGET_TOUCHED_FLOWS = text(f"""
    with gone as (
        delete from analytics.agg_flow as flow using touched
        where flow.subject_key = touched.subject_key and flow.started_at >= touched.at
        returning flow.started_at
    )
    select distinct {_QUARTER % "started_at"} from gone
""")  # noqa: S608
ADD_FLOWS = text(f"""
    with steps as (
        select t.*, coalesce(t.occurred_at - lag(t.occurred_at) over in_order >= {FLOW_GAP}, true)
               as begins
        from analytics.fct_auth_events as t
        join touched on touched.subject_key = t.subject_key and t.occurred_at >= touched.at
        where {OF_STEP}
        window in_order as (partition by t.subject_key order by t.occurred_at, t.event_id)
    ), numbered as (
        select *, count(*) filter (where begins) over
               (partition by subject_key order by occurred_at, event_id) as flow
        from steps
    ), added as (
    insert into analytics.agg_flow
        (subject_key, started_at, last_at, client_key, device_key, geo_key, attempts, password,
         second_factor, session, is_test)
    select subject_key, min(occurred_at), max(occurred_at),
           (array_agg(client_key order by occurred_at, event_id))[1],
           (array_agg(device_key order by occurred_at, event_id))[1],
           (array_agg(geo_key order by occurred_at, event_id))[1],
           count(*) filter (where event_name in ('login.succeeded', 'login.failed')),
           bool_or(event_name in ('mfa.challenged', 'login.succeeded')),
           bool_or(event_name = 'mfa.succeeded'),
           bool_or(event_name = 'login.succeeded'),
           bool_or(is_test)
    from numbered group by subject_key, flow returning started_at
    )
    select distinct {_QUARTER % "started_at"} from added
""")  # noqa: S608

FORGET_CONCURRENCY = text(
    "delete from analytics.agg_concurrency_15m where bucket >= :since and bucket < :until"
)
ADD_CONCURRENCY = text(f"""
    with spans as (
        select greatest(t.started_at, :since) as begins, t.started_at >= :since as inside,
               coalesce(t.ended_at, t.expires_at, 'infinity') as ends
        from analytics.fct_sessions as t {DEVICE}
        where t.started_at < :until and (t.ended_at > :since or t.ended_at is null) and {DEFAULT}
          and coalesce(t.ended_at, t.expires_at, 'infinity') > greatest(t.started_at, :since)
    ), moves as (
        select begins as at, case when inside then 1 else -2 end as kind, 1 as change from spans
        union all
        select ends, -1, -1 from spans where ends < :until
        union all
        select bucket, 0, 0 from generate_series(cast(:since as timestamptz),
            cast(:until as timestamptz) - interval '1 microsecond', interval '15 minutes') as bucket
    ), levels as (
        select at, kind, sum(change) over in_order as open,
               coalesce(lead(at) over in_order, :until) - at as span
        from moves
        window in_order as (order by at, kind rows unbounded preceding)
    ), buckets as (
        select date_bin(interval '15 minutes', at, timestamptz 'epoch') as bucket,
               max(open) filter (where kind >= 0) as peak,
               sum(open * extract(epoch from span)) as seconds
        from levels group by 1
    ), active as (
        select date_bin(interval '15 minutes', t.occurred_at, timestamptz 'epoch') as bucket,
               count(distinct t.user_key) as users
        from analytics.fct_auth_events as t {DEVICE}
        where ({ACTIVITY}) and t.occurred_at >= :since and t.occurred_at < :until and {DEFAULT}
        group by 1
    )
    insert into analytics.agg_concurrency_15m (bucket, open_peak, open_seconds, active_users)
    select bucket, peak, seconds, coalesce(users, 0) from buckets left join active using (bucket)
""")  # noqa: S608

ZONES = text("select tz, built_at is not null as built from analytics.agg_zone order by tz")
ASK_ZONE = text("""
    insert into analytics.agg_zone as was (tz, asked_at) values (:tz, :now)
    on conflict (tz) do update set asked_at = excluded.asked_at
    where was.asked_at < excluded.asked_at - interval '1 hour'
""")
IS_BUILT = text("select built_at is not null from analytics.agg_zone where tz = :tz")
KEEP_ZONES = text("""
    insert into analytics.agg_zone (tz, asked_at) select tz, :now
    from unnest(cast(:zones as text[])) as tz
    on conflict (tz) do update set asked_at = excluded.asked_at
""")
BUILT = text("""
    update analytics.agg_zone set built_at = :now
    where built_at is null and tz = any(cast(:zones as text[]))
""")
FORGET_ZONES = text("""
    with gone as (delete from analytics.agg_zone where asked_at < :before returning tz),
    days as (delete from analytics.agg_user_day using gone where agg_user_day.tz = gone.tz)
    delete from analytics.agg_active_day using gone where agg_active_day.tz = gone.tz
""")
FORGET_DAYS = text(
    "delete from analytics.agg_user_day where tz = :tz and day >= :first and day < :last"
)
ADD_DAYS = text(f"""
    insert into analytics.agg_user_day
        (tz, day, user_key, client_key, device_key, geo_key, is_test)
    select :tz, (cast(:days as date[]))[width_bucket(occurred_at, cast(:edges as timestamptz[]))],
           user_key, client_key, device_key, geo_key, bool_or(is_test)
    from analytics.fct_auth_events
    where ({ACTIVITY}) and user_key is not null
      and occurred_at >= (cast(:edges as timestamptz[]))[1]
      and occurred_at < (cast(:edges as timestamptz[]))[cardinality(cast(:edges as timestamptz[]))]
    group by 1, 2, 3, 4, 5, 6
""")  # noqa: S608
ADD_NEW_DAYS = text(f"""
    with added as (
        insert into analytics.agg_user_day as was
            (tz, day, user_key, client_key, device_key, geo_key, is_test)
        select :tz, (cast(:days as date[]))[
               width_bucket(occurred_at, cast(:edges as timestamptz[]))],
               user_key, client_key, device_key, geo_key, bool_or(is_test)
        from analytics.fct_auth_events
        where ({ACTIVITY}) and user_key is not null and received_at >= :mark
          and occurred_at >= (cast(:edges as timestamptz[]))[1] and occurred_at
              < (cast(:edges as timestamptz[]))[cardinality(cast(:edges as timestamptz[]))]
        group by 1, 2, 3, 4, 5, 6
        on conflict (tz, day, user_key, client_key, device_key, geo_key) do update
        set is_test = true where excluded.is_test and not was.is_test
        returning day
    )
    select distinct day from added
""")  # noqa: S608
"""Days that changed: mostly people were active on them before. What was committed since the edges
were read is left to the next refresh, whose mark is behind it.
"""
TAKE_MOVED = text("delete from analytics.agg_moved returning occurred_at")
LAST_ACTIVES = text("select max(day) from analytics.agg_active_day where tz = :tz")
FORGET_ACTIVES = text("delete from analytics.agg_active_day where tz = :tz and day = :day")
_NAMES = {
    "": f"'{OTHER}'",
    **{by: f"coalesce(nullif({sql}, ''), 'unknown')" for by, sql in PLACE.items()},
}
_PARTS = " union all ".join(
    f"""select '{by}', cell, count(*) filter (where day = :day),
               count(*) filter (where day > cast(:day as date) - 7), count(*),
               count(*) filter (where enrolled), count(*) filter (where day = :day and is_new)
        from (select cell_{place} as cell, max(day) as day, bool_or(enrolled) as enrolled,
                     bool_or(is_new) as is_new
              from seen group by user_key, cell_{place}) as person
        group by cell"""  # noqa: S608
    for place, by in enumerate(_NAMES)
)
_CELLS = ", ".join(f"{sql} as cell_{place}" for place, sql in enumerate(_NAMES.values()))
ADD_ACTIVES = text(f"""
    insert into analytics.agg_active_day
        (part_by, cell, dau, wau, mau, mfa_enrolled, new_users, tz, day)
    with last as materialized (
        select user_key, client_key, device_key, geo_key, max(day) as day
        from analytics.agg_user_day
        where tz = :tz and day > cast(:day as date) - {LONGEST} and day <= :day and not is_test
        group by 1, 2, 3, 4
    ), seen as materialized (
        select t.user_key, t.day, t.user_key in (
                   select user_key from analytics.dim_user where mfa_enrolled_at < :ends_at
               ) as enrolled, t.user_key in (
                   select user_key from analytics.dim_user
                   where first_seen_at >= :begins_at and first_seen_at < :ends_at
               ) as is_new, {_CELLS}
        from last as t {" ".join(DIMENSIONS.values())}
        where not device.is_bot
    )
    select counted.*, :tz, cast(:day as date) from ({_PARTS}) as counted
""")  # noqa: S608
ANALYSE_FLOWS = text("analyze analytics.agg_flow")
ANALYSE_DAYS = text("analyze analytics.agg_user_day")
"""What was just filled has no statistics, and whoever reads it in the same transaction needs them."""
FORGET_METRICS = text("delete from analytics.meta_metric")
ADD_METRIC = text("""
    insert into analytics.meta_metric (name, version, unit, definition, sql)
    values (:name, :version, :unit, :definition, :sql)
""")
MARK = text("""
    insert into analytics.meta_watermark (refreshed_at, closed_through) values (:now, :closed)
    on conflict ("only") do update set refreshed_at = excluded.refreshed_at,
        closed_through = excluded.closed_through
""")
