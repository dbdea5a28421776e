"""Numbers about sessions, for those who may read them."""

from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web

from service.domain.errors import FieldError, ValidationFailedError
from service.metrics.windows import Grain
from service.operations.query_analytics import Question, describe_metrics
from service.operations.render_answer import render
from service.store.copies import Format
from service.web.keys import LIVE_NUMBERS, QUERY_ANALYTICS
from service.web.negotiation import choose
from service.web.queries import AnalyticsQuery, read_query
from service.web.replies import json_reply, to_bytes

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
FORMS = {"json": JSON, "csv": CSV, "parquet": PARQUET}
FORMATS = {media_type: Format(name) for name, media_type in FORMS.items()}
FILTERS = ("client", "device_class", "browser", "os", "country", "method")


async def get_metrics(request: web.Request) -> web.Response:
    return _kept(request, to_bytes({"metrics": describe_metrics()}), JSON)


async def get_live_numbers(request: web.Request) -> web.Response:
    return json_reply(await request.app[LIVE_NUMBERS].get())


async def get_query(request: web.Request) -> web.Response:
    query = read_query(request, AnalyticsQuery)
    form = FORMS[query.format] if query.format else choose(request, tuple(FORMS.values()))
    found = await request.app[QUERY_ANALYTICS](question_of(query))
    return _kept(request, await render(found, FORMATS[form]), form)


def zone_of(tz: str | None) -> ZoneInfo:
    """UTC if not given. Raises ValidationFailedError."""
    try:
        return ZoneInfo(tz or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "give an IANA name, such as Africa/Nairobi"
        raise ValidationFailedError([FieldError("tz", message)]) from None


def question_of(query: AnalyticsQuery) -> Question:
    """What a query asks."""
    filters = {name: getattr(query, name) for name in FILTERS}
    return Question(
        metrics=query.metrics.split(","),
        since=query.since,
        until=query.until,
        tz=query.tz or "UTC",
        grain=Grain(query.grain or Grain.DAY),
        by=query.by,
        filters={name: value for name, value in filters.items() if value is not None},
        include_test=query.include_test == "true",
        include_bots=query.include_bots == "true",
        compare=query.compare == "previous",
    )


def _kept(request: web.Request, body: bytes, form: str) -> web.Response:
    """A reply that its reader may keep and has to ask about again (RFC 9110 §13.1.2)."""
    tag = sha256(body).hexdigest()[:32]
    headers: dict[str, Any] = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
    known = [each.value for each in request.if_none_match or ()]
    if tag in known or "*" in known:
        response = web.Response(status=304, headers=headers)
    else:
        charset = None if form == PARQUET else "utf-8"
        response = web.Response(body=body, headers=headers, content_type=form, charset=charset)
    response.etag = tag
    return response
