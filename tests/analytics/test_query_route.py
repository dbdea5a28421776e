"""`GET /api/analytics/query` over HTTP: what it refuses, its forms, and what a client may keep."""

from typing import Any

import pytest

from service.metrics.registry import METRICS
from tests.analytics.conftest import Facts

RANGE: dict[str, Any] = {"since": "2026-11-10", "until": "2026-11-12"}


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"metrics": "nonsense"}, "metrics"),
        ({"metrics": ""}, "metrics"),
        ({"metrics": "dau", "since": "yesterday"}, "from"),
        ({"metrics": "dau", "since": "2026-02-30"}, "from"),
        ({"metrics": "dau", "until": "2026-11-10"}, "to"),
        ({"metrics": "dau", "tz": "Mars/Olympus"}, "tz"),
        ({"metrics": "dau", "tz": "../../etc/passwd"}, "tz"),
        ({"metrics": "dau", "grain": "week"}, "grain"),
        ({"metrics": "dau", "grain": "fortnight"}, "grain"),
        ({"metrics": "sessions_started", "grain": "15m", "since": "2020-01-01"}, "grain"),
        ({"metrics": "dau", "by": "shoe_size"}, "by"),
        ({"metrics": "dau", "by": "reason"}, "by"),
        ({"metrics": "open_sessions", "country": "KE"}, "country"),
        ({"metrics": "open_sessions", "include_bots": "true"}, "include_bots"),
        ({"metrics": "dau", "country": "KE", "by": "os"}, "country"),
        ({"metrics": "dau", "compare": "next"}, "compare"),
        ({"metrics": "dau", "include_test": "1"}, "include_test"),
        ({"metrics": "dau", "format": "xlsx"}, "format"),
        ({"metrics": "dau", "wat": "1"}, "wat"),
    ],
    ids=str,
)
async def test_a_bad_parameter_is_named(facts: Facts, params: dict[str, str], field: str) -> None:
    """422, with the name that the client sent."""
    reply = await facts.get(**{**RANGE, **params})

    assert (reply.status, reply.code) == (422, "validation_failed"), reply
    assert field in {error["field"] for error in reply.body["errors"]}


async def test_what_is_missing_is_named(facts: Facts) -> None:
    reply = await facts.browser.send("GET", "/api/analytics/query", token=facts.token)
    assert {error["field"] for error in reply.body["errors"]} == {"metrics", "from", "to"}


async def test_the_answer_says_what_it_is(facts: Facts) -> None:
    """Columns, zone, grain, versions, freshness, and which windows are not complete."""
    await facts.active("ada", "2026-11-20T09:00Z")
    await facts.refresh()
    reply = await facts.get(metrics="dau,mfa_use", since="2026-11-19", until="2026-11-21")

    assert reply.body == {
        "columns": ["window", "dau", "mfa_use", "mfa_use_numerator", "mfa_use_denominator"],
        "rows": [["2026-11-19", 0, None, 0, 0], ["2026-11-20", 1, None, 0, 0]],
        "tz": "UTC",
        "grain": "day",
        "exact": True,
        "watermark": {
            "refreshed_at": "2026-11-20T12:00:00.000Z",
            "closed_through": "2026-11-17T12:00:00.000Z",
        },
        "partial": ["2026-11-20"],
        "suppressed": 0,
        "metric_versions": {"dau": 1, "mfa_use": 1},
    }


async def test_unchanged_is_304(facts: Facts) -> None:
    """By its ETag, until a number changes."""
    first = await facts.get(metrics="dau", **RANGE)
    tag = first.headers["ETag"]
    again = await facts.get(metrics="dau", **RANGE, headers={"If-None-Match": tag})
    assert (again.status, again.body, again.headers["ETag"]) == (304, "", tag)

    await facts.active("ada", "2026-11-10T09:00Z")
    await facts.refresh()
    changed = await facts.get(metrics="dau", **RANGE, headers={"If-None-Match": tag})
    assert changed.status == 200
    assert changed.headers["ETag"] != tag


async def test_csv(facts: Facts) -> None:
    """RFC 4180; a breakdown's name that looks like a formula is a text."""
    await facts.sql("update analytics.dim_geo set country = '=1+1' where geo_key = 1")
    for number in range(6):
        await facts.active(f"p{number}", "2026-11-10T09:00Z", geo_key=1)
    await facts.refresh()
    for given in ({"format": "csv"}, {"headers": {"Accept": "text/csv"}}):
        reply = await facts.get(
            metrics="dau", since="2026-11-10", until="2026-11-11", by="country", **given
        )
        assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert reply.body == "window,country,dau\r\n2026-11-10,'=1+1,6\r\n"


async def test_compared_with_the_period_before(facts: Facts) -> None:
    """As many days just before, window by window."""
    await facts.active("ada", "2026-11-08T09:00Z", "2026-11-11T09:00Z")
    await facts.refresh()
    reply = await facts.get(metrics="dau", **RANGE, compare="previous")
    assert reply.body["columns"] == ["window", "dau", "dau_previous"]
    assert reply.body["rows"] == [["2026-11-10", 0, 1], ["2026-11-11", 1, 0]]


async def test_every_metric_answers_everything_it_offers(facts: Facts) -> None:
    """Each grain, each breakdown, each filter: no statement is broken."""
    await facts.active("ada", "2026-11-10T09:00Z")
    await facts.refresh()
    for metric in METRICS:
        for grain in metric.grains:
            await facts.ask(metric.name, **RANGE, grain=grain)
        for cell in metric.cells:
            rows = await facts.ask(metric.name, **RANGE, grain="day", by=cell)
            assert all(len(row) == 2 + len(metric.columns) for row in rows)
            if cell not in {"reason", "end_reason"}:
                await facts.ask(metric.name, **RANGE, **{cell: "x"})


async def test_the_registry_is_told(facts: Facts) -> None:
    """Over HTTP and in the table that BI tools read."""
    reply = await facts.browser.send("GET", "/api/analytics/metrics", token=facts.token)
    assert [each["name"] for each in reply.body["metrics"]] == [metric.name for metric in METRICS]
    await facts.refresh()
    names = await facts.sql("select name from analytics.meta_metric")
    assert {row.name for row in names} == {metric.name for metric in METRICS}
