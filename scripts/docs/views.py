"""docs/views.md: every view for BI tools, with the comments that the database has too."""

from scripts.docs.markdown import page, sentence, table
from service.contracts.analytics_views import VIEWS


def render() -> str:
    """The page."""
    parts: list[str] = []
    for view in VIEWS:
        exported = f" Exported as `{view.name.removeprefix('v1_')}`." if view.day else ""
        parts += [
            f"## {view.name}",
            f"{sentence(view.comment)}{exported}",
            table(
                ("column", "type", "comment"),
                [(f"`{each.name}`", each.type, each.comment) for each in view.columns],
            ),
        ]
    return page(
        "Views for analysts",
        "service/contracts/analytics_views.py",
        "What BI tools and exports bind to, in the schema `analytics` ([how](analysts.md)). A column "
        "of a `v1_` view is never renamed, dropped or given another meaning; columns may be added. "
        "What has to break that comes as `v2_`, and `v1_` stays beside it for a year. The same "
        "comments are in the database: `\\d+ analytics.v1_sessions`.",
        "The views have all rows. What `GET /api/analytics/query` counts by default is "
        "`where not is_test and not is_bot`.",
        *parts,
    )
