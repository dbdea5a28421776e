"""Retention as SQL: of the users of a week who came for the first time, how many came again."""

from collections.abc import Mapping

AFTER = 12
"""Weeks that a cohort is followed for."""


def cohort_values() -> dict[str, str]:
    """The columns: size, then share and number by week; null of a week that is not over."""
    values = {"cohort": "count(came.weeks)"}
    for week in range(1, AFTER + 1):
        again = f"count(*) filter (where came.weeks & {1 << week} > 0)"
        over = f"(cast(:weeks_at as timestamptz[]))[cohort.n + {week + 1}] <= :now"
        size = "nullif(count(came.weeks), 0)"
        values[f"w{week}"] = f"case when {over} then cast({again} as float8) / {size} end"
        values[f"w{week}_numerator"] = f"case when {over} then {again} end"
    return values


def cohort_statement(table: str, joins: str, filters: str, values: Mapping[str, str]) -> str:
    """Rows of (n, cell, values…), one for every week of `edges`.

    Parameters beyond those of `statement`: weeks (weeks_at: as instants), which are the edges and
    those of the weeks to follow; now. A user's weeks are bits: 1 the cohort's, 2 the next.
    """
    columns = ", ".join(f"{sql} as value_{i}" for i, sql in enumerate(values.values()))
    first = "(cast(:weeks as date[]))[1]"
    after = f"(t.day - {first}) / 7 + 1 - person.n"
    return f"""with person as (
    select user_key, width_bucket(first_seen_at, cast(:weeks_at as timestamptz[])) as n
    from analytics.dim_user where first_seen_at >= (cast(:weeks_at as timestamptz[]))[1]
), came as (
    select person.n, bit_or(1 << ({after})) as weeks
    from {table} as t join person on person.user_key = t.user_key
    {joins}
    where t.day >= {first} and {after} between 0 and {AFTER}{filters}
    group by person.n, t.user_key
)
select cohort.n, 'other' as cell, {columns}
from generate_series(1, cardinality(cast(:edges as date[])) - 1) as cohort (n)
left join came on came.n = cohort.n and came.weeks & 1 = 1
group by cohort.n"""  # noqa: S608
