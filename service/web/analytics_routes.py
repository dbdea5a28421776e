"""The routes of analysts: numbers, sessions row by row, exports."""

from service.domain import errors as e
from service.domain.users import Role
from service.web import queries, shapes
from service.web.export_bodies import ExportBody
from service.web.handlers import analytics, exports
from service.web.route import AWAY, Route

ANALYTICS_ROUTES = (
    Route(
        method="GET",
        path="/api/analytics/metrics",
        handler=analytics.get_metrics,
        summary="Every metric: what it means, and its SQL",
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.MetricsShape], 304: []},
        errors=AWAY,
    ),
    Route(
        method="GET",
        path="/api/analytics/live",
        handler=analytics.get_live_numbers,
        summary="Who is signed in right now, and the last 30 minutes; approximate",
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.LiveNumbersShape]},
        errors=AWAY,
    ),
    Route(
        method="GET",
        path="/api/analytics/query",
        handler=analytics.get_query,
        summary="Metrics by window of local time, and by a breakdown",
        query=queries.AnalyticsQuery,
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.AnswerShape], 304: []},
        streams=(analytics.CSV, analytics.PARQUET),
        errors=(e.ParquetMissingError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/analytics/sessions",
        handler=exports.get_analytics_sessions,
        summary="Sessions row by row, the newest first, people by pseudonyms",
        query=queries.SessionQuery,
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.SessionRowsShape]},
        errors=AWAY,
    ),
    Route(
        method="POST",
        path="/api/analytics/exports",
        handler=exports.post_analytics_export,
        summary="Ask for a table, or for an answer, as files",
        body=ExportBody,
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={202: [shapes.AnalyticsExportShape]},
        errors=(e.ConflictError, e.ParquetMissingError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/analytics/exports/{id}",
        handler=exports.get_analytics_export,
        summary="How far an export is, and links to its files",
        bearer=True,
        roles=(Role.ANALYST, Role.ADMIN),
        replies={200: [shapes.AnalyticsExportShape]},
        errors=(e.NotFoundError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/analytics/files",
        handler=exports.get_analytics_file,
        summary="A file of an export, to whoever has its link",
        query=queries.FileQuery,
        replies={200: []},
        streams=(exports.FILE,),
        errors=(e.NotFoundError, e.BadRequestError, *AWAY),
    ),
)
