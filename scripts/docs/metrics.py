"""docs/metrics.md: every metric, what it means, how it can be split, and its SQL."""

from scripts.docs.markdown import codes, page
from service.operations.query_analytics import describe_metrics


def render() -> str:
    """The page."""
    parts = [
        f"## {each['name']}\n\n{each['definition']}\n\n"
        f"- Version {each['version']}, in {each['unit']}, a {each['kind']}.\n"
        f"- Columns: {codes(each['columns'])}.\n"
        f"- Grains: {', '.join(each['grains'])}.\n"
        f"- By, or filtered by one of: {', '.join(each['by']) or 'nothing'}.\n\n"
        f"```sql\n{each['sql']}\n```"
        for each in describe_metrics()
    ]
    return page(
        "Metrics",
        "service/metrics/registry.py",
        "What `GET /api/analytics/query` answers, and how. `:edges` are where windows begin and end: "
        "instants, or local days for active users. A rate is null on 0. Test accounts and bots do "
        "not count unless asked for. A version rises when numbers change by definition.",
        "A breakdown's cells with fewer than `ANALYTICS_MIN_CELL` users are merged into `other`, "
        "with the smallest other cell where `other` would still be too small. A filter shows what a "
        "breakdown would show, else null. Every answer is judged by itself: a week beside its days, "
        "or two ranges that overlap, may still be subtracted from each other. Whoever may ask may also "
        "read sessions row by row; give others one answer, not several about the same days.",
        *parts,
    )
