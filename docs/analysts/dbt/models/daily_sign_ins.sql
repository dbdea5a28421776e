select occurred_on,
       count(*) filter (where event_name = 'login.succeeded') as successes,
       count(*) filter (where event_name = 'login.failed') as failures
from {{ source('inphora', 'v1_events') }}
where event_name in ('login.succeeded', 'login.failed') and not is_test and not is_bot
group by occurred_on
