"""Metrics as SQL: one statement a metric, with the windows' edges and all else as parameters.

Every statement gives rows of (n, cell, values…); `n` counts windows from 1. Parameters: edges (of
days, or as instants; edges_at: as instants), tz, include_test, include_bots, and `merged`: cells
that are part of `other`, as `n cell`, or as `cell` for what runs over windows.
"""

from collections.abc import Mapping

from service.contracts.analytics_tables import ACTIVITY
from service.metrics.cohorts import cohort_statement
from service.metrics.metric import Cube, Kind, Metric, Source

OTHER = "other"
DIMENSIONS = {
    "device": "join analytics.dim_device as device on device.device_key = t.device_key",
    "client": "join analytics.dim_client as client on client.client_key = t.client_key",
    "geo": "join analytics.dim_geo as geo on geo.geo_key = t.geo_key",
}
COUNTS = "analytics.agg_counts_15m"


def statement(metric: Metric, by: str | None = None, *, merging: bool = False) -> str:
    """Its values, from the facts. `merging`: some cells are part of `other`."""
    if metric.kind is Kind.DISTINCT:
        return sizes(metric, by)
    source = metric.source
    if metric.weeks_after:
        joins, filters = _joins(metric, by), _filters(source)
        return cohort_statement(source.table, joins, filters, metric.values)
    kind = "date" if source.by_day else "timestamptz"
    n = f"width_bucket({source.at}, cast(:edges as {kind}[]))"
    sums = metric.cube.sums if metric.cube else {}
    columns = (
        _columns(metric, sums)
        .replace("w_start", f"(cast(:edges as {kind}[]))[{n}]")
        .replace("w_end", f"(cast(:edges as {kind}[]))[{n} + 1]")
    )
    return (
        f"select {n} as n, {_cell(source, by, merging=merging)} as cell, {columns}\n{_rows(metric, by, n, merging=merging)}\n"
        "group by 1, 2"
    )


def sizes(metric: Metric, by: str | None = None, *, some: bool = False) -> str:
    """Distinct users. `some`: only of the parts in :unknown, as `n cell`, and only by rows that
    count already; of what runs over windows all that is merged.
    """
    if metric.rolling > 1:
        return _rolling(metric, by, some=some)
    source = metric.source
    kind = "date" if source.by_day else "timestamptz"
    n = f"width_bucket({source.at}, cast(:edges as {kind}[]))"
    only = settled = ""
    if some:
        only = "where cast(n as text) || ' ' || cell = any(cast(:unknown as text[]))\n"
        settled = f" and {metric.cube.settled}" if metric.cube else ""
    return (
        f"select n, cell, count(who) as users from (\nselect distinct {n} as n, "  # noqa: S608
        f"{_cell(source, by, merging=some)} as cell, {source.user} as who\n{_rows(metric, by, n, merging=some)}{settled}\n"
        f") as part\n{only}group by 1, 2"
    )


def counted(metric: Metric, cube: Cube, by: str | None) -> str:
    """Its values, from what a cube has counted."""
    sums = {name: f"sum(t.sums[{place}])" for place, name in enumerate(cube.sums, 1)}
    n = "width_bucket(t.bucket, cast(:edges as timestamptz[]))"
    cell = f"case when gone.name is null then t.cell else '{OTHER}' end" if by else f"'{OTHER}'"
    gone = _gone("t.cell", n) if by else ""
    return (
        f"select {n} as n, {cell} as cell, {_columns(metric, sums)}\n"
        f"from {COUNTS} as t{gone} where {_OF_CUBE}\ngroup by 1, 2"
    )


def actives(metric: Metric) -> str:
    """Distinct users by day, from where they are kept."""
    return (
        f"select width_bucket(day, cast(:edges as date[])) as n, cell, {metric.daily} as users\n"
        "from analytics.agg_active_day where tz = :tz and part_by = :by and day >= :first "
        f"and day < :last and {metric.daily} > 0"
    )


BOUNDS = f"""select n, cell, max(users) as least, sum(users) as most
from (select width_bucket(t.bucket, cast(:edges as timestamptz[])) as n, t.cell, t.users
      from {COUNTS} as t where %s) as part
group by 1, 2"""  # noqa: S608
"""How many distinct users a cell has, at least and at most."""
_OF_CUBE = (
    "t.cube = :cube and t.part_by = :by and t.bucket >= :first and t.bucket < :last "
    "and (:include_test or not t.is_test) and (:include_bots or not t.is_bot)"
)
BOUNDS %= _OF_CUBE


def on_the_fly(metric: Metric, query: str) -> str:
    """The same from events, for a zone whose days are not there yet: slower, and as exact."""
    days = f"""(select distinct cast(:tz as text) as tz, (cast(:all_days as date[]))[width_bucket(
        occurred_at, cast(:all_edges as timestamptz[]))] as day,
        user_key, client_key, device_key, geo_key, is_test
    from analytics.fct_auth_events where ({ACTIVITY}) and user_key is not null
      and occurred_at >= (cast(:all_edges as timestamptz[]))[1] and occurred_at < :last_at)"""  # noqa: S608
    return query.replace(f"from {metric.source.table} as t", f"from {days} as t")


def counting(cube: Cube) -> str:
    """Rows of COUNTS, from the facts of the quarters of an hour that begin at :buckets, which lie
    in [:since, :until).
    """
    source = cube.source
    parts = "".join(
        f", ('{by}', coalesce(nullif({source.cells[by]}, ''), 'unknown'))"
        for by in sorted(cube.cells)
    )
    sums = ", ".join(f"{sql} as sum_{i}" for i, sql in enumerate(cube.sums.values()))
    added = ", ".join(f"cast(sum(sum_{i}) as bigint)" for i in range(len(cube.sums)))
    return f"""insert into {COUNTS} (cube, bucket, part_by, cell, is_test, is_bot, users, sums)
select '{cube.name}', bucket, part_by, cell, is_test, is_bot, count(who), array[{added}]
from (
    select date_bin(interval '15 minutes', {source.at}, timestamptz 'epoch') as bucket, part.part_by, part.cell, t.is_test, device.is_bot,
           {source.user} as who, {sums}
    from {source.table} as t {" ".join(DIMENSIONS.values())}
    cross join lateral (values ('', '{OTHER}'){parts}) as part (part_by, cell)
    where ({cube.where}) and {source.at} >= :since and {source.at} < :until
      and date_bin(interval '15 minutes', {source.at}, timestamptz 'epoch')
          = any(cast(:buckets as timestamptz[]))
    group by 1, 2, 3, 4, 5, 6
) as person
group by 1, 2, 3, 4, 5, 6"""  # noqa: S608


def _rolling(metric: Metric, by: str | None, *, some: bool) -> str:
    """Every day of a user counts until the user's next one, and for `rolling` days at most."""
    source, days = metric.source, metric.rolling
    begin, person = "t.day", ""
    if metric.enrolled:
        person = (
            "join analytics.dim_user as person on person.user_key = t.user_key "
            "and person.mfa_enrolled_at < :last_at"
        )
        begin = (
            "case when person.mfa_enrolled_at < :first_at then t.day else (cast(:edges as date[]))"
            "[width_bucket(person.mfa_enrolled_at, cast(:edges_at as timestamptz[]))] end"
        )
    merged = _gone(_name(source, by), None) if some and by else ""
    only = " and gone.name is not null" if merged else ""
    return f"""with active as (
    select t.day, t.user_key, {begin} as since, {_cell(source, by, merging=some)} as cell
    from {source.table} as t
    {_joins(metric, by)} {person} {merged}
    where t.day > cast(:first as date) - {days} and t.day < :last{_filters(source)}{only}
), spans as (
    select cell, greatest(day, since, cast(:first as date)) as day, least(day + {days}, coalesce(
        lead(day) over (partition by user_key, cell order by day), day + {days})) as until
    from active
), daily as (
    select cell, move.day, sum(move.n) as n
    from spans cross join lateral (values (day, 1), (until, -1)) as move (day, n)
    where spans.until > spans.day and move.day < :last group by 1, 2
), grid as (
    select cell, cast(:first as date) + i as day
    from (select distinct cell from daily) as parts,
         generate_series(0, cast(:last as date) - cast(:first as date) - 1) as i
)
select width_bucket(day, cast(:edges as date[])) as n, cell, cast(sum(coalesce(daily.n, 0))
    over (partition by cell order by day) as bigint) as users
from grid left join daily using (cell, day)"""  # noqa: S608


def _columns(metric: Metric, sums: Mapping[str, str]) -> str:
    """Named by place: a column's name may be long."""
    values = (sql.format(**sums) for sql in metric.values.values())
    return ", ".join(f"{sql} as value_{place}" for place, sql in enumerate(values))


def _rows(metric: Metric, by: str | None, n: str, *, merging: bool) -> str:
    source = metric.source
    gone = _gone(_name(source, by), n) if merging and by else ""
    return (
        f"from {source.table} as t\n{_joins(metric, by)}{gone}\n"
        f"where {source.at} >= :first and {source.at} < :last and ({metric.where}){_filters(source)}"
    )


def _name(source: Source, by: str) -> str:
    return f"coalesce(nullif({source.cells[by]}, ''), 'unknown')"


def _cell(source: Source, by: str | None, *, merging: bool) -> str:
    """The name of a row's part."""
    if by is None:
        return f"'{OTHER}'"
    name = _name(source, by)
    return f"case when gone.name is null then {name} else '{OTHER}' end" if merging else name


def _gone(name: str, n: str | None) -> str:
    """A join, for a list in an expression is looked through element by element."""
    key = name if n is None else f"cast({n} as text) || ' ' || {name}"
    names = "(select distinct unnest(cast(:merged as text[])) as name)"
    return f"\nleft join {names} as gone on gone.name = {key}"


def _joins(metric: Metric, by: str | None) -> str:
    source = metric.source
    if not source.cells:
        return ""
    asked = f"device. {source.cells[by] if by else ''}"
    joined = [sql for name, sql in DIMENSIONS.items() if f"{name}." in asked]
    return "\n".join([*joined, metric.joins]).rstrip()


def _filters(source: Source) -> str:
    found = ["t.tz = :tz"] if source.by_day else []
    if source.cells:
        found += ["(:include_test or not t.is_test)", "(:include_bots or not device.is_bot)"]
    return "".join(f" and {each}" for each in found)
