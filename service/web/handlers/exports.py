"""Files for analysts: asked for, made by a worker, fetched by links; and sessions row by row."""

from contextlib import aclosing
from uuid import uuid4

from aiohttp import web

from service.domain.errors import FieldError, ValidationFailedError
from service.metrics.windows import midnight
from service.store.analytics_exports import Request
from service.store.copies import Format
from service.store.session_rows import Wanted
from service.web.bodies import read_body, validated
from service.web.callers import CALLER
from service.web.export_bodies import ExportBody
from service.web.handlers.analytics import question_of, zone_of
from service.web.keys import FETCH_FILE, FIND_EXPORT, REQUEST_EXPORT, SEARCH_SESSIONS, VISIT
from service.web.queries import AnalyticsQuery, FileQuery, SessionQuery, read_query
from service.web.ready import NO_STORE
from service.web.replies import json_reply
from service.web.streams import stream

FILE = "application/octet-stream"
PAGE = 50
ACCEPTED = 202
ASK_AGAIN_SECONDS = "2"
OUTSIDE = ("from", "to", "format")
FILTERS = (
    "client",
    "device_class",
    "browser",
    "os",
    "country",
    "method",
    "end_reason",
)


async def post_analytics_export(request: web.Request) -> web.Response:
    body = await read_body(request, ExportBody)
    if (body.table is None) == (body.query is None):
        raise ValidationFailedError([FieldError("table", "give either a table or a query")])
    asked = {"table": body.table} if body.query is None else {"query": body.query}
    caller = request[CALLER].user
    wanted = Request(str(uuid4()), caller.id, asked, Format(body.format), body.since, body.until)
    ask, origin = request.app[REQUEST_EXPORT], request[VISIT].origin
    if body.query is None:
        await ask.table(wanted, origin)
    else:
        await ask.answer(wanted, question_of(_query(body)), origin)
    reply = json_reply(await request.app[FIND_EXPORT](wanted.id, caller), status=ACCEPTED)
    reply.headers["Location"] = f"/api/analytics/exports/{wanted.id}"
    return reply


async def get_analytics_export(request: web.Request) -> web.Response:
    found = await request.app[FIND_EXPORT](request.match_info["id"], request[CALLER].user)
    reply = json_reply(found)
    if found["status"] in {"pending", "running"}:
        reply.headers["Retry-After"] = ASK_AGAIN_SECONDS
    return reply


async def get_analytics_file(request: web.Request) -> web.StreamResponse:
    """Needs no access token: the ticket in the link is one."""
    fetch = request.app[FETCH_FILE]
    linked = await fetch.find(read_query(request, FileQuery).ticket)
    name = linked.file.name.replace("/", "-")
    response = web.StreamResponse(
        headers={**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
    )
    response.content_type, response.content_length = FILE, linked.file.size
    if request.method == "HEAD":  # nothing is given out
        return response
    async with aclosing(fetch(linked, request[VISIT].origin)) as pieces:
        return await stream(request, response, pieces)


async def get_analytics_sessions(request: web.Request) -> web.Response:
    query = read_query(request, SessionQuery)
    zone = zone_of(query.tz)
    if query.until <= query.since:
        raise ValidationFailedError([FieldError("to", "give a later day than from")])
    equal = {name: getattr(query, name) for name in FILTERS}
    if query.reuse_detected is not None:
        equal["reuse_detected"] = query.reuse_detected == "true"
    wanted = Wanted(
        at=query.at or "started",
        since=midnight(query.since, zone),
        until=midnight(query.until, zone),
        equal={name: value for name, value in equal.items() if value is not None},
        include_test=query.include_test == "true",
        include_bots=query.include_bots == "true",
    )
    found = await request.app[SEARCH_SESSIONS](
        wanted,
        cursor=query.cursor,
        limit=query.limit or PAGE,
        actor_id=request[CALLER].user.id,
        origin=request[VISIT].origin,
    )
    return json_reply(found)


def _query(body: ExportBody) -> AnalyticsQuery:
    """The query of an export, as GET /api/analytics/query would read it."""
    given = body.query or {}
    if outside := [name for name in OUTSIDE if name in given]:
        message = "give it beside the query"
        raise ValidationFailedError([FieldError(f"query.{name}", message) for name in outside])
    days = {"from": body.since.isoformat(), "to": body.until.isoformat()}
    try:
        return validated(AnalyticsQuery, {**given, **days})
    except ValidationFailedError as refusal:
        inner = [FieldError(f"query.{each.field}", each.message) for each in refusal.errors]
        raise ValidationFailedError(inner) from None
