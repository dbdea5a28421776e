"""Metrics as SQL: one statement a metric, with the windows' edges and all else as parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.contracts.analytics_tables import ACTIVITY
from service.metrics.cohorts import cohort_statement
from service.metrics.metric import Metric, Source

OTHER = "other"
JOINS = {
    "client": "join analytics.dim_client as client on client.client_key = t.client_key",
    "geo": "join analytics.dim_geo as geo on geo.geo_key = t.geo_key",
}
DEVICE = "join analytics.dim_device as device on device.device_key = t.device_key"


@dataclass(frozen=True, slots=True)
class Cells:
    """How rows are parted: by the values of `by`, and by whether they pass each of `filters`."""

    by: str | None = None
    filters: Sequence[str] = ()

    @property
    def any(self) -> bool:
        """Whether an answer is about a part of people."""
        return self.by is not None or bool(self.filters)


def statement(metric: Metric, cells: Cells, *, only_users: bool = False) -> str:
    """Rows of (n, cell, bits, values…). `n` counts windows from 1. `bits`: which filters a row
    passes; all of them, unless `only_users` asks for the sizes of all parts.

    Parameters: edges (edges_at for days: as instants), tz, include_test, include_bots, everything,
    shown (`n cell` of those that keep their name), f_<filter>.
    """
    values = {"users": f"count(distinct {metric.source.user})"} if only_users else metric.values
    if metric.weeks_after:
        source = metric.source
        filters = _filters(source, cells, only_users=only_users)
        return cohort_statement(source.table, _joins(source, cells), filters, dict(metric.values))
    if metric.rolling > 1:
        return _rolling(metric, cells, only_users=only_users)
    return _plain(metric, cells, values, only_users=only_users)


def materialised(metric: Metric) -> str:
    """The same for everybody, from the aggregate that has it."""
    return (
        f"select width_bucket(day, cast(:edges as date[])) as n, null as cell, '' as bits, "  # noqa: S608
        f"{metric.materialised} as value_0 from analytics.agg_active_day "
        "where tz = :tz and day >= :first and day < :last"
    )


def on_the_fly(metric: Metric, query: str) -> str:
    """The same from events, for a zone whose days are not there yet: slower, and as exact."""
    days = f"""(select distinct cast(:tz as text) as tz, (cast(:all_days as date[]))[width_bucket(
        occurred_at, cast(:all_edges as timestamptz[]))] as day,
        user_key, client_key, device_key, geo_key, is_test
    from analytics.fct_auth_events where ({ACTIVITY}) and user_key is not null
      and occurred_at >= (cast(:all_edges as timestamptz[]))[1] and occurred_at < :last_at)"""  # noqa: S608
    return query.replace(f"from {metric.source.table} as t", f"from {days} as t")


def _plain(metric: Metric, cells: Cells, values: Mapping[str, str], *, only_users: bool) -> str:
    source = metric.source
    kind = "date" if source.by_day else "timestamptz"
    n = f"width_bucket({source.at}, cast(:edges as {kind}[]))"
    columns = ", ".join(f"{sql} as value_{i}" for i, sql in enumerate(values.values()))
    columns = columns.replace("w_start", f"(cast(:edges as {kind}[]))[{n}]").replace(
        "w_end", f"(cast(:edges as {kind}[]))[{n} + 1]"
    )
    return (
        f"select {n} as n, {_cell(source, cells, n)} as cell, {_bits(source, cells, only_users=only_users)} "
        f"as bits, {columns}\nfrom {source.table} as t\n{_joins(source, cells)}\n"
        f"where {source.at} >= :first and {source.at} < :last and ({metric.where})"
        f"{_filters(source, cells, only_users=only_users)}\ngroup by 1, 2, 3"
    )


def _rolling(metric: Metric, cells: Cells, *, only_users: bool) -> str:
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
    return f"""with active as (
    select distinct t.day, t.user_key, {begin} as since, {_cell(source, cells, None)} as cell,
           {_bits(source, cells, only_users=only_users)} as bits
    from {source.table} as t
    {_joins(source, cells)} {person}
    where t.day > cast(:first as date) - {days} and t.day < :last{_filters(source, cells, only_users=only_users)}
), spans as (
    select cell, bits, greatest(day, since, cast(:first as date)) as day, least(day + {days}, coalesce(
        lead(day) over (partition by cell, bits, user_key order by day), day + {days})) as until
    from active
), moves as (
    select cell, bits, day, 1 as n from spans where until > day
    union all
    select cell, bits, until, -1 from spans where until > day and until < :last
), daily as (
    select cell, bits, day, sum(n) as n from moves group by 1, 2, 3
), grid as (
    select cell, bits, cast(:first as date) + i as day
    from (select distinct cell, bits from daily) as parts,
         generate_series(0, cast(:last as date) - cast(:first as date) - 1) as i
)
select width_bucket(day, cast(:edges as date[])) as n, cell, bits, cast(sum(coalesce(daily.n, 0))
    over (partition by cell, bits order by day) as bigint) as value_0
from grid left join daily using (cell, bits, day)"""  # noqa: S608


def _cell(source: Source, cells: Cells, n: str | None) -> str:
    """The name of a row's part: its own while it is shown, else `other`."""
    if cells.by is None:
        return f"'{OTHER}'"
    name = f"coalesce(nullif({source.cells[cells.by]}, ''), 'unknown')"
    key = name if n is None else f"cast({n} as text) || ' ' || {name}"
    return (
        f"case when :everything or {key} = any(cast(:shown as text[])) then {name} "
        f"else '{OTHER}' end"
    )


def _bits(source: Source, cells: Cells, *, only_users: bool) -> str:
    if not only_users or not cells.filters:
        return "''"
    return " || ".join(
        f"case when {_passes(source, name)} then '1' else '0' end" for name in cells.filters
    )


def _passes(source: Source, name: str) -> str:
    return f"coalesce(nullif({source.cells[name]}, ''), 'unknown') = :f_{name}"


def _joins(source: Source, cells: Cells) -> str:
    if not source.cells:
        return ""
    asked = " ".join(source.cells[name] for name in (*cells.filters, cells.by) if name)
    return "\n".join([DEVICE, *(sql for name, sql in JOINS.items() if f"{name}." in asked)])


def _filters(source: Source, cells: Cells, *, only_users: bool) -> str:
    found = ["t.tz = :tz"] if source.by_day else []
    if source.cells:
        found += ["(:include_test or not t.is_test)", "(:include_bots or not device.is_bot)"]
    if not only_users:
        found += [_passes(source, name) for name in cells.filters]
    return "".join(f" and {each}" for each in found)
