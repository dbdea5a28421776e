-- For DuckDB, in the directory that `analytics export` or fetch.py wrote: sessions and events.
-- A day's folder becomes the column date; whole days are skipped by it.

-- How long sessions lasted, by device, of one week.
select device_class,
       count(*) as sessions,
       quantile_cont(epoch(ended_at - started_at), 0.5) / 60 as median_minutes,
       avg(cast(mfa_used as int)) as with_second_factor
from read_parquet('sessions/*/*.parquet', hive_partitioning = true)
where date between '2026-11-01' and '2026-11-07' and not is_test and not is_bot
group by device_class
order by sessions desc;

-- Why sign-ins failed, by day.
select occurred_on, reason_code, count(*) as failures, count(distinct subject_key) as subjects
from read_parquet('events/*/*.parquet', hive_partitioning = true)
where event_name = 'login.failed' and not is_test and not is_bot
group by all
order by all;
